"""One spelling for every Message-ID and address, whoever wrote it down: a header, a mail log, a report."""

from __future__ import annotations

import re

from ndrfilter import limits
from ndrfilter.message.addresses import parse_address
from ndrfilter.message.tags import strip_tag

_BRACKETS = re.compile(r"<([^<>]*)>")
_WORD = re.compile(r"([^\s<>]+)")
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f]+")


def canonical_id(text: str) -> str:
    """The Message-ID in `text` without brackets, comments and blanks, its domain in lower case; empty if there is none.

    RFC 5322 section 3.6.4. What stands before the @ keeps its case, by which the programs that make ids tell them
    apart. The domain is a host's name, and gateways change its case.
    """
    found = _BRACKETS.search(text) or _WORD.search(text)
    left, at, right = _BLANKS.sub("", found[1] if found else "").rpartition("@")
    return (left + at + right.lower())[: limits.MAX_SENT_ID]


def ids_in(text: str) -> tuple[str, ...]:
    """The canonical ids in a field that lists them (References, In-Reply-To), the last ones first: they are nearest."""
    found = _BRACKETS.findall(text[: limits.MAX_FIELD_BYTES])[::-1]
    return tuple(filter(None, (canonical_id(f"<{item}>") for item in found[: limits.MAX_SENT_REFERENCES])))


def canonical_address(text: str) -> str:
    """The address in lower case, without BATV's tag, its domain as A-labels; empty for none.

    Two mailboxes that differ in case alone exist on paper only, and MTAs change the case.
    """
    address = parse_address(text)
    if address is None:
        return ""
    local = strip_tag(address.local)
    return f"{local}@{address.domain}".lower() if address.domain else local.lower()


def mailbox_of(text: str) -> str:
    """The address as `canonical_address` has it, without its sub-address: whose mailbox it is."""
    local, at, domain = canonical_address(text).rpartition("@")
    return local.partition("+")[0] + at + domain
