"""The milter protocol's bytes: packets in, packets out. Pure; what is said in them is for `session`.

A packet is four bytes of length, one of command, and data; strings in it end with a zero byte. The letters and flags
are those of libmilter's mfdef.h.
"""

from __future__ import annotations

from struct import Struct

from ndrfilter import limits

ABORT, BODY, CONNECT, MACRO, END, HELO, QUIT_NEW = b"ABCDEHK"
HEADER, MAIL, END_OF_HEADER, NEGOTIATE, QUIT, RECIPIENT, DATA, UNKNOWN = b"LMNOQRTU"

ACCEPT_CONTINUE, SKIP, DISCARD, TEMPORARY = b"c", b"s", b"d", b"t"
_REPLY, _QUARANTINE, _INSERT, _ADD, _CHANGE, _SENDER, _OPTIONS = b"y", b"q", b"i", b"h", b"m", b"e", b"O"

_LENGTH = Struct(">I")
_THREE = Struct(">III")


class WireError(Exception):
    """The peer does not speak the protocol."""


class Reader:
    """Cuts a stream of bytes into packets; keeps no more than one unfinished packet."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0

    def feed(self, data: bytes) -> None:
        """More bytes came."""
        self._buffer += data

    def next(self) -> tuple[int, bytes] | None:
        """The next whole packet, its command and data; None until more comes. Raises WireError."""
        buffer, start = self._buffer, self._at
        if len(buffer) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(buffer, start)
            if not 1 <= length <= limits.MILTER_PACKET:
                raise WireError(f"a packet of {length} bytes")
            start += _LENGTH.size
            if len(buffer) - start >= length:
                self._at = start + length
                return buffer[start], bytes(memoryview(buffer)[start + 1 : self._at])
        if self._at:
            del buffer[: self._at]
            self._at = 0
        return None


def strings(data: bytes) -> list[bytes]:
    """The strings in a packet; one that has no end counts too."""
    return data.removesuffix(b"\0").split(b"\0") if data else []


def macros(data: bytes) -> tuple[int, dict[bytes, bytes]]:
    """The command that a packet of macros belongs to, and their values by name without braces."""
    words = strings(data[1:])
    pairs = zip(words[::2], words[1::2], strict=False)
    return (data[0] if data else 0), {name.strip(b"{}"): value for name, value in pairs}


def offer(data: bytes) -> tuple[int, int, int]:
    """What the MTA speaks and can do: version, actions, steps. Raises WireError."""
    if len(data) < _THREE.size:
        raise WireError("negotiation without flags")
    version, actions, steps = _THREE.unpack_from(data)
    return version, actions, steps


def client(data: bytes) -> tuple[str, str, int]:
    """The client's name, address and port as the MTA tells them; without an address "" and 0."""
    name, _, rest = data.partition(b"\0")
    told = name.decode("ascii", "replace")
    if rest[:1] not in (b"4", b"6") or len(rest) < 3:
        return told, "", 0
    address = rest[3:].partition(b"\0")[0].decode("ascii", "replace")
    return told, address.removeprefix("IPv6:"), int.from_bytes(rest[1:3], "big")


def packet(command: bytes, data: bytes = b"") -> bytes:
    """One packet."""
    return _LENGTH.pack(len(data) + 1) + command + data


def options(version: int, actions: int, steps: int, symbols: dict[int, str]) -> bytes:
    """Our side of the negotiation; `symbols` has the macros that we want at each stage."""
    lists = b"".join(_LENGTH.pack(stage) + names.encode() + b"\0" for stage, names in symbols.items())
    return packet(_OPTIONS, _THREE.pack(version, actions, steps) + lists)


def insert(index: int, name: str, value: str) -> bytes:
    """A new field at that place of the header, 0 the top."""
    return packet(_INSERT, _LENGTH.pack(index) + _zero(name, value))


def add(name: str, value: str) -> bytes:
    """A new field at the end of the header."""
    return packet(_ADD, _zero(name, value))


def change(index: int, name: str, value: str) -> bytes:
    """A new value for the field that is the `index`-th of its name, counted from 1; an empty one removes it."""
    return packet(_CHANGE, _LENGTH.pack(index) + _zero(name, value))


def sender(address: str) -> bytes:
    """Another envelope sender, without angle brackets."""
    return packet(_SENDER, _zero(f"<{address}>"))


def quarantine(why: str) -> bytes:
    """Keep the message back."""
    return packet(_QUARANTINE, _zero(why))


def reply(line: str) -> bytes:
    """An SMTP reply of one line; the MTA prints it by a format, in which a per cent sign stands for something."""
    return packet(_REPLY, _zero(line.replace("%", "%%")))


def _zero(*words: str) -> bytes:
    return b"".join(word.encode("ascii", "replace").replace(b"\0", b"?") + b"\0" for word in words)
