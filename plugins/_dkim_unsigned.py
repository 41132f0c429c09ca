"""The opposite of a proof: the whole header of a message in our name came back, and nothing in it was signed by us.

A relay may take a signature away, and a server may return what it likes of a header. So this is said only of a header
that looks untouched, and of one in which nobody mentions that a signature of ours was there.
"""

from __future__ import annotations

import re

from ndrfilter import limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ndrfilter.message.model import Headers
    from ndrfilter.message.original import Original

_BLANKS = re.compile(rb"\s+")
_NEEDED = ("Received", "From", "Date", "Message-ID", "Subject")
# Signers put their field above all these. So a header that was cut somewhere, yet still has them, has it too if it
# ever had it.
_SIGNS = (b"dkim-signature", b"arc-message-signature", b"domainkey-signature")
_RESULTS = (b"authentication-results", b"arc-authentication-results")


def whole(original: Original) -> bool:
    """Whether the header came back as a part of its own, with all that a header has, and within our bounds."""
    headers = original.headers
    if original.source not in ("rfc822", "headers") or not all(name in headers for name in _NEEDED):
        return False
    sizes = [len(raw) for _, raw in headers.pairs]
    return (
        len(sizes) < limits.MAX_HEADER_FIELDS
        and max(sizes) < limits.MAX_FIELD_BYTES
        and sum(sizes) < limits.MAX_HEADER_BYTES // 2
    )


def speaks_of(headers: Headers, domains: Iterable[str]) -> bool:
    """Whether any field says that one of the domains had signed, however it is called now and whatever it is worth."""
    names = [domain.removeprefix("*.").encode("ascii", "replace") for domain in domains]
    for name, raw in headers.pairs:
        lower = name.lower()
        text = b""
        if lower.endswith(_SIGNS):
            text = _BLANKS.sub(b"", raw).lower()
            if b"d=" not in text:
                return True
        elif lower in _RESULTS and b"dkim" in raw.lower():
            text = raw.lower()
        if text and any(domain in text for domain in names):
            return True
    return False
