"""`Received:` fields as hops (RFC 5321 section 4.4), each read the way the software that wrote it means it."""

from __future__ import annotations

import re

from ndrfilter import limits
from ndrfilter.message.charset import plain_text
from ndrfilter.message.dates import parse_date
from ndrfilter.message.model import Hop
from ndrfilter.message.received.clauses import Clauses, split
from ndrfilter.message.received.dialects import dialect_of
from ndrfilter.message.received.peer import DOUBTFUL, name_of, read_peer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.message.model import Headers

# Over the recorder's notes in lower case, one a line. A greeting or an ident answer may say the word, but neither
# begins a comment and goes on after a blank.
_AUTHENTICATED = re.compile(r"(?m)^authenticated[ :]+\S|^auth: \S|^account \S|^a=\w")
_LOCAL = re.compile(
    r"(?m)invoked (?:by (?:uid|alias)|for bounce|from command)|, from userid \d|^uid \d|\[local\]|\[unix socket\]"
    r"|^from \S+@\S+$|^localhost$"
)
# A user or program of the recorder's host gave it the message. A filter that hands mail back looks the same.
_BY_HAND = re.compile(r"(?m), from userid \d|^uid \d|^from \S+@\S+$|invoked (?:by uid|from command)")
_LOGIN = re.compile(
    r"(?mi)^(?:authenticated[ -]sender: ?|smtp-auth user ?[=:]? ?|authenticated as |account )"
    r"([^\s()<>;,]{1,320})(?: HELO \S+)?$"
)
_LOCAL_WITH = frozenset({"local", "bsmtp", "rules", "store", "internal"})
_SENDER = re.compile(r"envelope-(?:from|sender):? <?([^\s<>()]*+)>?", re.I)
_MAX_CHARS = 2_000


def trace_of(headers: Headers) -> tuple[Hop, ...]:
    """The hops of a header, top first, at most `limits.MAX_HOPS`."""
    return tuple(parse_received(plain_text(field.raw)) for field in headers.all("received")[: limits.MAX_HOPS])


def parse_received(text: str) -> Hop:
    """One unfolded `Received:` field; what cannot be read stays None."""
    text = text[:_MAX_CHARS]
    clauses = split(text)
    dialect = dialect_of(clauses)
    peer = DOUBTFUL if clauses.doubtful else read_peer(clauses.get("from"), dialect.habits)
    comments = clauses.comments()
    protocol = clauses.get("with").phrase
    lower = comments.lower()
    notes = clauses.notes()
    login = _LOGIN.search(notes)
    sender = _SENDER.search(comments) if "envelope-" in lower else None
    return Hop(
        helo=peer.helo,
        rdns=peer.rdns,
        ip=peer.ip,
        by=name_of(clauses.get("by").word),
        with_=protocol or None,
        id=clauses.get("id").word.strip("<>") or None,
        time=parse_date(clauses.date),
        for_=_bare(clauses.get("for").word),
        sender=sender[1] if sender else None,
        authenticated=peer is not DOUBTFUL and _is_authenticated(protocol, notes.lower()),
        submitted=peer.ip is None and peer is not DOUBTFUL and _BY_HAND.search(lower) is not None,
        login=login[1] if login and peer is not DOUBTFUL else None,
        local=peer.ip is None and peer is not DOUBTFUL and _is_local(clauses, protocol, lower),
        forged=peer.forged,
        dialect=dialect.name,
        text=text,
    )


def _bare(word: str) -> str | None:
    return word.strip("<>;") or None


def _is_authenticated(protocol: str, comments: str) -> bool:
    return protocol.endswith(("smtpa", "smtpsa")) or _AUTHENTICATED.search(comments) is not None


def _is_local(clauses: Clauses, protocol: str, comments: str) -> bool:
    if protocol in _LOCAL_WITH or clauses.get("from").phrase == "mail pickup service":
        return True
    return _LOCAL.search(comments) is not None
