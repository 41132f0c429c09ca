"""Which kind of mailbox a path is, and what to say of one that is none."""

from __future__ import annotations

from pathlib import Path

from ndrfilter.sweep.local.files import read, trouble
from ndrfilter.sweep.local.layout import demand_maildir, folders_of
from ndrfilter.sweep.local.maildir import Maildir
from ndrfilter.sweep.local.mbox import Mbox
from ndrfilter.sweep.local.mbox import folders_of as mboxes_of
from ndrfilter.sweep.mailbox import GoneError, PlaceError
from ndrfilter.terminal import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.sweep.mailbox import Mailbox

_OLE2 = b"\xd0\xcf\x11\xe0"
_PST = b"!BDN"
_ONE = (
    "is a single message; to see what it is: ndrfilter check --me YOUR@ADDRESS FILE. A sweep wants a Maildir, an mbox"
    " or imaps://USER@HOST"
)
_ADVICE = {
    ".msg": "is a message that Outlook saved; save such messages as .eml, or sweep the mailbox itself: imaps://USER@HOST",
    ".pst": "is Outlook's own store, which only Outlook reads; sweep the mailbox itself (imaps://USER@HOST), or export"
    " the folder as an mbox",
    ".eml": _ONE,
}


def opened(path: str) -> Mailbox:
    """The Maildir, mbox or directory of either that is there.

    Raises PlaceError, with what would be right, for whatever is none, GoneError where nothing is.
    """
    try:
        place = Path(path).expanduser().resolve()
        if place.is_dir():
            return _directory(place)
        start = read(place, 5)
    except (OSError, ValueError, RuntimeError) as error:
        if isinstance(error, FileNotFoundError):
            raise GoneError(f"{escape(path)}: there is no such file or folder") from error
        raise (
            trouble(error, path) if isinstance(error, OSError) else PlaceError(f"{escape(path)} is no path")
        ) from error
    kind = ".msg" if start.startswith(_OLE2) else ".pst" if start.startswith(_PST) else place.suffix.lower()
    if start == b"From " or (not start and kind not in _ADVICE):
        return Mbox(str(place))
    raise PlaceError(f"{escape(path)} {_ADVICE.get(kind, _no_mbox(start))}")


def _no_mbox(start: bytes) -> str:
    if start[:1].isalpha():
        return f"is no mbox: its first line does not begin with 'From '. If it {_ONE}"
    return "is neither a Maildir nor an mbox; name one of these, or imaps://USER@HOST"


def _directory(place: Path) -> Mailbox:
    demand_maildir(place)
    if folders_of(place):
        return Maildir(str(place))
    if mboxes_of(place):
        return Mbox(str(place))
    raise PlaceError(
        f"{escape(str(place))} holds no mail: neither a Maildir (a folder with cur/, new/ and tmp/) nor an mbox file"
        " is in it. Name the mailbox itself, or imaps://USER@HOST; for a folder of single messages (.eml):"
        " ndrfilter check --me YOUR@ADDRESS FOLDER"
    )
