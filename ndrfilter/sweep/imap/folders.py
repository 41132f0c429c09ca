"""The folders: which there are and what each is for, opening and making one."""

from __future__ import annotations

import contextlib

from imapclient import imap_utf7

from ndrfilter import limits
from ndrfilter.noun import Noun
from ndrfilter.sweep.imap import words
from ndrfilter.sweep.imap.session import Refused, parsed, quoted
from ndrfilter.sweep.mailbox import GoneError, PlaceError, QuotaError, ReadOnlyError
from ndrfilter.sweep.nouns import ALL, ARCHIVE, DRAFTS, INBOX, JUNK, SENT, TRASH, Folder
from ndrfilter.sweep.roles import role_of
from ndrfilter.terminal import clip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndrfilter.errors import NdrError
    from ndrfilter.sweep.imap.session import Answer, Session

_USES = {
    rb"\sent": SENT,
    rb"\junk": JUNK,
    rb"\trash": TRASH,
    rb"\drafts": DRAFTS,
    rb"\all": ALL,
    rb"\archive": ARCHIVE,
    rb"\inbox": INBOX,
}
NO_MAIL = frozenset((rb"\noselect", rb"\nonexistent"))
_SHOWN = 200  # characters
_ITEM = 3  # a folder in an answer: its attributes, the delimiter, its name
_DELETE = (frozenset("te"), frozenset("d"))  # RFC 4314, RFC 2086: flag as deleted, and expunge


class Listed(Noun):
    """A folder as LIST has it; `wire` is its name as the server spells it."""

    name: str
    wire: bytes
    uses: frozenset[bytes]
    delimiter: str


class Opened(Noun):
    """A folder that is open, and the keywords that it keeps; `any_keyword` is whether it makes new ones.

    `next_uid` is what the next message that comes will be called (UIDNEXT), 0 where the server does not tell.
    """

    folder: Folder
    keywords: frozenset[str]
    any_keyword: bool
    next_uid: int = 0


def listed(session: Session) -> tuple[Listed, ...]:
    """All folders there are, those without mail too."""
    extended = session.has("SPECIAL-USE", "LIST-EXTENDED")
    words = ('""', '"*"', "RETURN (SPECIAL-USE)") if extended else ('""', '"*"')
    try:
        answer = session.run("LIST", *words)
    except Refused as error:
        raise PlaceError(f"{session.name}: the server lists no folders ({error.text})") from None
    return tuple(_listed(answer))[: limits.MAX_FOLDERS]


def _listed(answer: Answer) -> Iterator[Listed]:
    pieces: list[bytes | tuple[bytes, bytes]] = []
    for piece in answer.lines.get("LIST", ()):
        pieces.append(piece)
        if isinstance(piece, bytes):  # a literal comes before the end of its line
            item = parsed(pieces)
            pieces = []
            if len(item) == _ITEM and isinstance(item[0], tuple) and isinstance(item[2], bytes | int):
                yield _folder(item[0], item[1], item[2] if isinstance(item[2], bytes) else str(item[2]).encode())


def _folder(uses: tuple[object, ...], delimiter: object, wire: bytes) -> Listed:
    lowered = frozenset(use.lower() for use in uses if isinstance(use, bytes))
    mark = delimiter.decode("ascii", "replace") if isinstance(delimiter, bytes) else ""
    wire = wire.replace(b'\\"', b'"').replace(b"\\\\", b"\\") if b"\\" in wire else wire
    return Listed("INBOX" if wire.upper() == b"INBOX" else _decoded(wire), wire, lowered, mark)


def _decoded(wire: bytes) -> str:
    try:
        return str(imap_utf7.decode(wire)) if wire.isascii() else wire.decode("utf-8")
    except (ValueError, LookupError):
        return wire.decode("latin-1")


def folders_of(found: tuple[Listed, ...]) -> tuple[Folder, ...]:
    """Those that hold mail, the inbox first; SPECIAL-USE (RFC 6154) says what each is for, else its name."""
    named = {use for one in found for use in one.uses if use in _USES}
    told = {_USES[use] for use in named}
    made = [Folder(one.name, _role(one, told)) for one in found if not one.uses & NO_MAIL]
    return tuple(sorted(made, key=lambda folder: folder.role != INBOX))


def _role(one: Listed, told: set[str]) -> str:
    """Where the server names another folder for it, a name counts for nothing."""
    if one.name == "INBOX":
        return INBOX
    uses = [_USES[use] for use in sorted(one.uses) if use in _USES and _USES[use] != INBOX]
    guessed = role_of(one.name.replace(one.delimiter, "/") if one.delimiter else one.name)
    return uses[0] if uses else ("" if guessed in told or guessed == INBOX else guessed)


def wire_name(name: str) -> bytes:
    """A folder's name in modified UTF-7 (RFC 3501 section 5.1.3)."""
    return bytes(imap_utf7.encode(name))


def open_folder(session: Session, name: str, wire: bytes, role: str, write: bool) -> Opened:
    """Turns to that folder; raises GoneError, with `write` also ReadOnlyError. EXAMINE changes nothing at all."""
    try:
        answer = session.run("SELECT" if write else "EXAMINE", quoted(wire))
    except Refused as error:
        session.turned(False)
        if error.code == "NOPERM":
            raise ReadOnlyError(f"{clip(name, _SHOWN)}: the server does not let you open it") from None
        if error.code in words.LATER:
            raise words.later(session.name, name, error.text) from None
        raise GoneError(f"there is no folder {clip(name, _SHOWN)} ({error.text})") from None
    session.turned(True)
    writable = "READ-ONLY" not in answer.lines and not answer.text.upper().startswith("[READ-ONLY]")
    if write and not (writable and _may_delete(session, wire)):
        raise ReadOnlyError(f"{clip(name, _SHOWN)} may only be read: nothing can be moved out of it or marked there")
    kept = answer.last("PERMANENTFLAGS") or b""
    keywords = kept.strip(b"()").decode("ascii", "replace").split()
    folder = Folder(name, role, answer.number("EXISTS"), answer.number("UIDVALIDITY"), writable or not write)
    return Opened(folder, frozenset(word.lower() for word in keywords), r"\*" in keywords, answer.number("UIDNEXT"))


def _may_delete(session: Session, wire: bytes) -> bool:
    """Whether our rights there (RFC 4314) let us take mail out; where there are no rights, they do."""
    if not session.has("ACL"):
        return True
    try:
        line = session.run("MYRIGHTS", quoted(wire)).last("MYRIGHTS")
    except Refused:
        return True
    words = parsed([line]) if line else ()
    rights = words[-1] if words else b""
    return (
        any(need.issubset(rights.decode("ascii", "replace")) for need in _DELETE) if isinstance(rights, bytes) else True
    )


def full_name(session: Session, name: str, found: tuple[Listed, ...]) -> str:
    """What the server calls a folder of ours: "/" becomes its delimiter, its prefix (RFC 2342) comes first."""
    prefix, delimiter = _namespace(session)
    delimiter = delimiter or next((one.delimiter for one in found if one.name == "INBOX"), "")
    inner = name.replace("/", delimiter) if delimiter else name
    return inner if inner.upper() == "INBOX" or inner.startswith(prefix) else prefix + inner


def _namespace(session: Session) -> tuple[str, str]:
    if not session.has("NAMESPACE"):
        return "", ""
    try:
        line = session.run("NAMESPACE").last("NAMESPACE")
    except Refused:
        return "", ""
    match parsed([line]) if line else ():
        case ((bytes(prefix), *rest),), *_:
            mark = rest[0] if rest and isinstance(rest[0], bytes) else b""
            return _decoded(prefix), mark.decode("ascii", "replace")
        case _:
            return "", ""


def make_folder(session: Session, name: str) -> None:
    """CREATE and SUBSCRIBE; raises QuotaError, ReadOnlyError, PlaceError."""
    wire = quoted(wire_name(name))
    try:
        session.run("CREATE", wire)
    except Refused as error:
        if error.code != "ALREADYEXISTS":
            raise unwritable(session.name, name, error) from None
    with contextlib.suppress(Refused):  # it is there, and takes mail
        session.run("SUBSCRIBE", wire)


def unwritable(server: str, name: str, error: Refused) -> NdrError:
    """Why nothing can be put there: a PlaceError or one of its kinds, a TemporaryError where that may pass."""
    shown = clip(name, _SHOWN)
    if error.code == "OVERQUOTA":
        return QuotaError(f"there is no room for {shown}: your mailbox is full ({error.text})")
    if error.code in ("TRYCREATE", "NONEXISTENT"):
        return GoneError(f"there is no folder {shown} ({error.text})")
    if error.code == "NOPERM":
        return ReadOnlyError(f"you may not write into {shown} ({error.text})")
    if error.code in words.LATER:
        return words.later(server, name, error.text)
    return PlaceError(f"the server does not do it for {shown} ({error.text})")
