"""The reply to a message that can be neither a bounce nor a fake, as the gate finds by a look at its header."""

import posix
import sys

from ndrfilter.gate.check import closed
from ndrfilter.launch.mark import header_end, marked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_RETURN_PATH = b"\nreturn-path"
_ODD = set(' "\\<>(),:;[]')


def ordinary(raw: bytes, told: "dict[str, list[str]]", kept: "dict[str, Any] | None") -> bytes | None:
    """The message marked as no bounce; None if it may be one, or the launcher was not `kept` with a gate."""
    if kept is None or "--max-seconds" in told:
        return None
    if "--sender" in told:
        sender = told["--sender"][-1]
    elif b"SENDER" in posix.environ:
        sender = environment("SENDER")
    else:
        head = b"\n" + raw[: header_end(raw, 0)].lower()
        found = head.find(_RETURN_PATH)
        if found >= 0 and (head.find(_RETURN_PATH, found + 1) >= 0 or head[found + 12 : found + 13] != b":"):
            return None
        line = head[found + 13 : head.find(b"\n", found + 1)] if found >= 0 else b""
        sender = line.decode("ascii", "replace")
        if found < 0:
            return marked(raw, kept["fields"]) if closed(raw, kept["gate"]) else None
    if not closed(raw, kept["gate"], _address(sender)):
        return None
    return marked(raw, kept["fields"])


def _address(text: str) -> str:
    """The plain address in the text of an envelope sender; empty if there is none or it is in doubt."""
    address = text.strip()
    if address[:1] == "<" and address[-1:] == ">":
        address = address[1:-1]
    return address if address.count("@") == 1 and address.isprintable() and not _ODD & set(address) else ""


def environment(name: str) -> str:
    """The environment's word for that name; empty if there is none."""
    found = posix.environ.get(name.encode())
    return found.decode(sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()) if found else ""
