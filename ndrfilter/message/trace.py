"""`Received:` fields as hops (RFC 5321 section 4.4), each read the way the software that wrote it means it."""

from __future__ import annotations

import re

from ndrfilter import limits
from ndrfilter.message.model import Hop
from ndrfilter.message.received.clauses import split
from ndrfilter.message.received.dialects import dialect_of
from ndrfilter.message.received.notes import is_by_hand, is_local, noted_sender
from ndrfilter.message.received.peer import DOUBTFUL, name_of, read_peer
from ndrfilter.message.received.usual import read_usual

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndrfilter.message.model import Headers

# Over the recorder's notes in lower case, one a line. A greeting or an ident answer may say the word, but neither
# begins a comment and goes on after a blank.
_AUTHENTICATED = re.compile(r"(?m)^authenticated[ :]+\S|^auth: \S|^account \S|^a=\w")
_LOGIN = re.compile(
    r"(?mi)^(?:authenticated[ -]sender: ?|smtp-auth user ?[=:]? ?|authenticated as |account )"
    r"([^\s()<>;,]{1,320})(?: HELO \S+)?$"
)
_MAX_CHARS = 2_000


class Hops:
    """The hops of a header, top first, at most `limits.MAX_HOPS`: each is read when somebody looks at it, and kept."""

    __slots__ = ("_read", "_texts")

    def __init__(self, headers: Headers) -> None:
        self._texts = headers.plains("received")[: limits.MAX_HOPS]
        self._read: list[Hop] = []

    def __len__(self) -> int:
        return len(self._texts)

    def __iter__(self) -> Iterator[Hop]:
        read = self._read
        for place, text in enumerate(self._texts):
            if place == len(read):
                read.append(parse_received(text))
            yield read[place]

    def __getitem__(self, place: int) -> Hop:
        """The hop at that place, which is not negative; raises IndexError behind the last."""
        read = self._read
        while len(read) <= place:
            read.append(parse_received(self._texts[len(read)]))
        return read[place]


def parse_received(text: str) -> Hop:
    """One unfolded `Received:` field; what cannot be read stays None."""
    text = text[:_MAX_CHARS]
    return read_usual(text) or read_any(text)


def read_any(text: str) -> Hop:
    """The same, clause by clause: the measure of what `read_usual` does in one stroke."""
    clauses = split(text)
    dialect = dialect_of(clauses)
    peer = DOUBTFUL if clauses.doubtful else read_peer(clauses.get("from"), dialect.habits)
    comments = clauses.comments()
    protocol = clauses.get("with").phrase
    lower = comments.lower()
    notes = clauses.notes()
    login = _LOGIN.search(notes)
    from_within = peer.ip is None and peer is not DOUBTFUL
    picked_up = clauses.get("from").phrase == "mail pickup service"
    return Hop(
        helo=peer.helo,
        rdns=peer.rdns,
        ip=peer.ip,
        by=name_of(clauses.get("by").word),
        with_=protocol or None,
        id=clauses.get("id").word.strip("<>") or None,
        date=clauses.date,
        for_=clauses.get("for").word.strip("<>;") or None,
        sender=noted_sender(comments),
        authenticated=peer is not DOUBTFUL and _is_authenticated(protocol, notes.lower()),
        submitted=from_within and is_by_hand(lower),
        login=login[1] if login and peer is not DOUBTFUL else None,
        local=from_within and (picked_up or is_local(protocol, lower)),
        forged=peer.forged,
        dialect=dialect.name,
        text=text,
    )


def _is_authenticated(protocol: str, comments: str) -> bool:
    return protocol.endswith(("smtpa", "smtpsa")) or _AUTHENTICATED.search(comments) is not None
