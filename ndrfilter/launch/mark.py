"""A message with the two fields of ordinary mail in front, as `doors.reply` writes it, where that is plain."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME = bytes(range(33, 58)) + bytes(range(59, 127))
_OURS = b"x-ndr"


def marked(raw: bytes, fields: "Sequence[bytes]") -> bytes | None:
    """The message with `fields` directly after a leading `From ` line, else first; None for whatever is unusual.

    Unusual is what needs more than to be put in front of: a field of ours that is there already, a message without a
    header or without line feeds, stray CRs in a `From ` line.
    """
    feed = raw.find(b"\n")
    if feed < 0:
        return None
    end_of_line = b"\r\n" if raw[feed - 1 : feed] == b"\r" else b"\n"
    start = 0
    if raw.startswith(b"From "):
        line = raw[5:feed].removesuffix(b"\r")
        if b"\r" in line or line.lstrip(b" \t").startswith(b":"):
            return None
        start = feed + 1
    header = raw[start : header_end(raw, start)]
    name = header[: header.find(b":") + 1][:-1].rstrip(b" \t")
    if not name or name.translate(None, _NAME) or _OURS in header.lower():
        return None
    front = raw[:start] + end_of_line.join(fields) + end_of_line
    return front + raw[start:] if start else front + raw


def header_end(raw: bytes, start: int) -> int:
    """Where the header ends, or the message; later than for `message.places` where that is in doubt."""
    end = raw.find(b"\n\n", start)
    crlf = raw.find(b"\n\r\n", start, end if end >= 0 else len(raw))
    if crlf >= 0:
        end = crlf
    return end if end >= 0 else len(raw)
