"""DNS messages (RFC 1035): our question as bytes, and of an answer what we use. Reads hostile bytes in linear time.

dnspython is not asked: parsing one legal answer of 64 KB can keep it busy for many seconds, and it is slow to import.
"""

from __future__ import annotations

import re
import socket
import struct

from ndrfilter import limits
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}
_HEADER = struct.Struct("!HHHHHH")
_FIXED = struct.Struct("!HHIH")  # of a record: type, class, TTL, length
_IN = 1
_RESPONSE, _AUTHORITATIVE, _TRUNCATED, _RECURSES, _OPCODE, _RCODE = 0x8000, 0x0400, 0x0200, 0x0080, 0x7800, 0x000F
_NXDOMAIN = 3
_RCODES = {1: "FORMERR", 2: "SERVFAIL", 4: "NOTIMP", 5: "REFUSED"}
# An OPT record (RFC 6891) that offers 1232 bytes over UDP, what passes every path unfragmented (RFC 9715).
_EDNS = b"\0" + _FIXED.pack(41, 1232, 0, 0)
_LABEL = re.compile(rb"[A-Za-z0-9_-]*")
_POINTER = 192
_MAX_POINTERS = 64
_MAX_NAME = 255
_MAX_CNAMES = 12


class WireError(Exception):
    """The answer is none, or not one that we read; the text says why, in words for people."""


class ServerError(WireError):
    """The server says that it has no answer; the text is its code ("SERVFAIL")."""


class Answer(Noun):
    """What was said: `records` in presentation format, none for no such name or type; `ttl` in seconds."""

    records: tuple[str, ...]
    ttl: int


class _Record(Noun):
    owner: str
    rdtype: int
    ttl: int
    start: int
    end: int


def question(ident: int, name: str, rdtype: str, *, edns: bool = True) -> bytes:
    """The bytes to send. Raises ValueError for a name that cannot exist, KeyError for a type that we do not read."""
    flags = 0x0100  # recursion desired
    labels = [label.encode("ascii") for label in name.rstrip(".").split(".")]
    if not all(0 < len(label) < 64 for label in labels) or "\\" in name:
        raise ValueError(f"no domain name: {name!r}")
    encoded = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    if len(encoded) > _MAX_NAME:
        raise ValueError(f"no domain name: {name!r}")
    header = _HEADER.pack(ident, flags, 1, 0, 0, edns)
    return header + encoded + struct.pack("!HH", TYPES[rdtype], _IN) + _EDNS * edns


def answers(asked: bytes, data: bytes) -> bool:
    """Whether these bytes answer that question: id, question, and that it is an answer."""
    if len(data) < _HEADER.size or data[:2] != asked[:2]:
        return False
    flags, questions = struct.unpack_from("!HH", data, 2)
    if not flags & _RESPONSE or flags & _OPCODE:
        return False
    if questions == 0 and flags & _RCODE in _RCODES:  # a server that fails need not repeat the question
        return True
    end = asked.index(b"\0", _HEADER.size) + 5
    return bool(questions == 1 and data[12 : end - 4].lower() == asked[12 : end - 4].lower()
                and data[end - 4 : end] == asked[end - 4 : end])  # fmt: skip


def truncated(data: bytes) -> bool:
    """Whether the answer was cut off, and must be asked for over TCP."""
    return bool(data[2] << 8 & _TRUNCATED)


def read(data: bytes) -> Answer:
    """What the answer says on its own question; CNAMEs within it are followed.

    Raises ServerError for a failure that the server reports, WireError for what is broken, contradicts itself or is
    beyond our bounds.
    """
    flags, _, told, authorities = struct.unpack_from("!HHHH", data, 2)
    rcode = flags & _RCODE
    if rcode not in (0, _NXDOMAIN):
        raise ServerError(_RCODES.get(rcode, f"response code {rcode}"))
    if told + authorities > limits.MAX_DNS_RECORDS:
        raise WireError(f"more than {limits.MAX_DNS_RECORDS} records")
    try:
        return _Reader(data).answer(told, authorities)
    except (struct.error, IndexError) as error:
        raise WireError("a malformed answer") from error


class _Reader:
    """One message, whose names are worked out once each."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._flags = data[2] << 8 | data[3]
        self._names: dict[int, tuple[str, int, int]] = {}

    def answer(self, told: int, authorities: int) -> Answer:
        """See `read`."""
        asked, position = self._name(_HEADER.size)
        rdtype = struct.unpack_from("!H", self._data, position)[0]
        records = self._records(position + 4, told + authorities)
        said = [next(records) for _ in range(told)]
        found, ttl = self._follow(asked.lower(), rdtype, said)
        if found and self._flags & _RCODE == _NXDOMAIN:
            raise WireError("an answer that contradicts itself")
        texts = tuple(sorted(self._text(record) for record in found))
        if sum(map(len, texts)) > limits.MAX_DNS_ANSWER:
            raise WireError(f"an answer of more than {limits.MAX_DNS_ANSWER} bytes")
        return Answer(texts, ttl if texts else min(ttl, self._negative_ttl(list(records))))

    def _records(self, position: int, count: int) -> Iterator[_Record]:
        for _ in range(count):
            owner, position = self._name(position)
            rdtype, rdclass, ttl, length = _FIXED.unpack_from(self._data, position)
            start = position + _FIXED.size
            position = start + length
            if position > len(self._data):
                raise WireError("a malformed answer")
            yield _Record(owner.lower(), rdtype if rdclass == _IN else 0, ttl if ttl < 1 << 31 else 0, start, position)

    def _follow(self, owner: str, rdtype: int, records: list[_Record]) -> tuple[list[_Record], int]:
        """The records of that type at the end of the CNAMEs that begin at `owner`, and the least TTL on the way."""
        at: dict[tuple[str, int], list[_Record]] = {}
        for record in records:
            at.setdefault((record.owner, record.rdtype), []).append(record)
        ttl = 1 << 31
        for _ in range(_MAX_CNAMES):
            found = at.get((owner, rdtype), [])
            alias = at.get((owner, TYPES["CNAME"]), [])
            ttl = min([ttl, *(record.ttl for record in found or alias)])
            if found or not alias:
                return found, ttl
            owner = self._name_within(alias[0].start, alias[0].end).lower()
        raise WireError("a loop of CNAMEs, or too many")

    def _negative_ttl(self, authority: list[_Record]) -> int:
        """How long nothing may be remembered (RFC 2308): not at all without an SOA record.

        Raises WireError for a referral: that server does not look further, so nothing is known.
        """
        for record in authority:
            if record.rdtype == TYPES["SOA"] and record.end - record.start >= 22:
                minimum = struct.unpack_from("!I", self._data, record.end - 4)[0]
                return int(min(record.ttl, minimum))
        recurses = self._flags & (_RECURSES | _AUTHORITATIVE)
        if self._flags & _RCODE != _NXDOMAIN and (
            not recurses or any(record.rdtype == TYPES["NS"] for record in authority)
        ):
            raise WireError("a referral instead of an answer")
        return 0

    def _text(self, record: _Record) -> str:
        data, start, end = self._data, record.start, record.end
        if record.rdtype == TYPES["A"] and end - start == 4:
            return socket.inet_ntop(socket.AF_INET, data[start:end])
        if record.rdtype == TYPES["AAAA"] and end - start == 16:
            return socket.inet_ntop(socket.AF_INET6, data[start:end])
        if record.rdtype == TYPES["TXT"]:
            return b"".join(self._strings(start, end)).decode("utf-8", "replace")
        if record.rdtype == TYPES["MX"] and end - start > 2:
            preference = struct.unpack_from("!H", data, start)[0]
            return f"{preference} {self._name_within(start + 2, end) or '.'}"
        if record.rdtype in (TYPES["PTR"], TYPES["CNAME"], TYPES["NS"]):
            return self._name_within(start, end) or "."
        raise WireError("a malformed record")

    def _strings(self, start: int, end: int) -> Iterator[bytes]:
        while start < end:
            after = start + 1 + self._data[start]
            if after > end:
                raise WireError("a malformed record")
            yield self._data[start + 1 : after]
            start = after

    def _name_within(self, start: int, end: int) -> str:
        """The name that fills a record's data."""
        name, after = self._name(start)
        if after != end:
            raise WireError("a malformed record")
        return name

    def _name(self, position: int, depth: int = 0) -> tuple[str, int]:
        """The name at that place, without its final dot, and the place after it."""
        if position not in self._names:
            self._names[position] = self._read_name(position, depth)
        name, _, after = self._names[position]
        return name, after

    def _read_name(self, begin: int, depth: int) -> tuple[str, int, int]:
        """Text, length and end of a name. A pointer must lead back to before the name, so that there are no loops."""
        labels: list[str] = []
        position, length = begin, 1
        while size := self._data[position]:
            if size >= _POINTER:
                target = (size & 63) << 8 | self._data[position + 1]
                if target >= begin or depth > _MAX_POINTERS:
                    raise WireError("a name that points forward, to itself or too often")
                labels.append(self._name(target, depth + 1)[0])
                length += self._names[target][1] - 1
                position += 1
                break
            if size >= 64:
                raise WireError("a label of an unknown kind")
            labels.append(_escaped(self._data[position + 1 : position + 1 + size]))
            position += 1 + size
            length += 1 + size
            if length > _MAX_NAME:
                break
        if length > _MAX_NAME:
            raise WireError("a name that is too long")
        return ".".join(filter(None, labels)), length, position + 1


def _escaped(label: bytes) -> str:
    """A label's text; bytes that no host name has are written as numbers (RFC 1035 section 5.1)."""
    if _LABEL.fullmatch(label):
        return label.decode("ascii")
    plain = b"!#%&'*+,-/:<=>?[]^_`{|}~"
    return "".join(chr(byte) if bytes((byte,)).isalnum() or byte in plain else f"\\{byte:03d}" for byte in label)
