"""What one message is: by its header where that settles it, else by the whole of it.

The verdict is the one that `ndrfilter check` gives: the same filter, the same envelope out of the same header.
"""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.envelope import Envelope
from ndrfilter.message import parse
from ndrfilter.message.addresses import parse_addresses
from ndrfilter.message.delivery import delivered, path_of
from ndrfilter.sweep.found import row_of, row_of_trouble
from ndrfilter.sweep.ledger import ORDINARY
from ndrfilter.sweep.nouns import Key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.api import Filter
    from ndrfilter.message.model import Headers
    from ndrfilter.sweep.nouns import Folder, Head, Item, Row

_UNKNOWN = b"unknown"
_LEAVES = 2
"""So many parts a multipart has at least; a server that has found fewer has read it otherwise than we do."""


class Needed:
    """The header alone does not settle what a message is."""


NEEDED = Needed()


class Judge:
    """Judges messages by one filter. `me` is the recipient of those whose header names none."""

    def __init__(self, judge: Filter, me: str = "") -> None:
        judge.prepare()
        self._filter = judge
        self._me = (me,) if me else ()

    def by_head(self, folder: Folder, item: Item, head: Head) -> Row | Needed | None:
        """What was found out, None for ordinary mail, NEEDED where the whole message has to be looked at.

        A header closes the gate together with the types of all parts, which is what the gate looks at of a body.
        """
        if head.whole is not None:
            return self.by_raw(folder, item, head.whole, head.header)
        try:
            skeleton = _skeleton(head)
            told, source = self._envelope(head.header, skeleton)
            closed = self._filter.ordinary(skeleton, told, source) if _is_plain(head) else None
        except Exception as error:
            return row_of_trouble(_key(folder, item), item, head.header, error)
        return NEEDED if closed is None else None

    def by_raw(self, folder: Folder, item: Item, raw: bytes, header: bytes) -> Row | None:
        """What was found out from the whole message, None for ordinary mail; `header` as the mailbox told it."""
        key = _key(folder, item)
        try:
            told, source = self._envelope(header, raw)
            result = self._filter.check(raw, envelope=told, envelope_source=source)
            return None if result.verdict == ORDINARY else row_of(result, key, item, _headers(header, raw), header)
        except Exception as error:
            return row_of_trouble(key, item, header, error)

    def _envelope(self, header: bytes, raw: bytes) -> tuple[Envelope, str]:
        """As `ndrfilter check` makes it for a file."""
        sender, recipients = delivered(_headers(header, raw))
        source = "headers" if sender is not None or recipients else "none"
        sender = None if sender is None else path_of(sender)
        return Envelope(sender=sender, recipients=tuple(map(path_of, recipients)) or self._me), source


def authors(header: bytes) -> tuple[str, ...]:
    """Who wrote the message of that header, by its own word."""
    return tuple(one.text for one in parse_addresses(_headers(header).text("From"))[:1] if one.domain)


def _headers(header: bytes, raw: bytes = b"") -> Headers:
    """The fields of a header; of the whole message where it is no clean one, and may go on."""
    whole = header.strip() and header.endswith((b"\n\n", b"\n\r\n"))
    return parse(header if whole or not raw else raw).headers


def _key(folder: Folder, item: Item) -> Key:
    return Key(folder.name, folder.generation, item.uid)


def _skeleton(head: Head) -> bytes:
    """The header, and for a body the types of the parts."""
    return head.header + b"".join(b"Content-Type: %b\n" % kind for kind in head.types)


def _is_plain(head: Head) -> bool:
    """Whether the types are those that we should find: a server may read a broken message otherwise."""
    if _UNKNOWN in head.types or len(head.types) > limits.MAX_MIME_PARTS:
        return False
    own = [value.lower() for value in _headers(head.header).raws("Content-Type")]
    if len(own) > 1:
        return False
    leaves = [kind for kind in head.types if not kind.startswith(b"multipart/")]
    return b"multipart" not in b"".join(own) or len(leaves) >= _LEAVES
