"""DNS messages as dnspython reads them, at a bounded price (RFC 1035): of an answer the head, then what we use of it.

`dns.message.from_wire` reads no more than the head. It hashes the data of every record, which takes milliseconds for a
name of many labels: 256 pointers to one, an answer of 4 KB, keep it busy for seconds. So records are walked here, and
dnspython reads their names, and the data of those that matter.
"""

from __future__ import annotations

import struct

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.wire
from dns.rdataclass import IN
from dns.rdatatype import CNAME, NS, SOA, TXT, RdataType

from ndrfilter import limits
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_HEADER = 12
_MAX_CNAMES = 12


class WireError(Exception):
    """The answer is none, or not one that we read; the text says why, in words for people."""


class Answer(Noun):
    """What was said: `records` in presentation format, none for no such name or type; `ttl` in seconds."""

    records: tuple[str, ...]
    ttl: int


class _Record(Noun):
    owner: dns.name.Name
    rdtype: int
    ttl: int
    start: int
    length: int


def domain(text: str) -> dns.name.Name:
    """The name that is written so, without its final dot. Raises ValueError for one that cannot exist."""
    try:
        if "\\" not in text:
            return dns.name.Name([*text.encode("ascii").split(b"."), b""])
    except dns.exception.DNSException as error:
        raise ValueError(f"no domain name: {text!r}") from error
    raise ValueError(f"no domain name: {text!r}")


def answers(asked: dns.message.Message, data: bytes) -> bool:
    """Whether these bytes answer that question: id, question, and that it is an answer."""
    if len(data) < _HEADER or int.from_bytes(data[:2]) != asked.id or int.from_bytes(data[4:6]) > 1:
        return False  # before dnspython works on what a forger sends, or reads thousands of questions
    try:
        return asked.is_response(dns.message.from_wire(data, question_only=True))
    except Exception:  # whatever dnspython makes of it, it is nothing that we asked for
        return False


def truncated(data: bytes) -> bool:
    """Whether the answer was cut off, and must be asked for over TCP."""
    return bool(int.from_bytes(data[2:4]) & dns.flags.TC)


def read(data: bytes) -> Answer:
    """What an answer to our question (see `answers`) says; CNAMEs within it are followed.

    Raises WireError for a failure that the server reports, and for what is broken, contradicts itself or is beyond
    our bounds.
    """
    head = dns.message.from_wire(data, question_only=True)
    if head.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise WireError(f"{dns.rcode.to_text(head.rcode())} (response code {head.rcode()})")
    told, authorities = struct.unpack_from("!HH", data, 6)
    if told + authorities > limits.MAX_DNS_RECORDS:
        raise WireError(f"more than {limits.MAX_DNS_RECORDS} records")
    if len(data) > limits.MAX_DNS_ANSWER:
        raise WireError(f"an answer of more than {limits.MAX_DNS_ANSWER} bytes")
    try:
        return _Reader(head, data).answer(told, authorities)
    except WireError:
        raise
    except Exception as error:  # the bytes may be hostile, so whatever dnspython raises is their fault
        raise WireError(f"a malformed answer: {error}") from error


class _Reader:
    """One answer, whose head was read."""

    def __init__(self, head: dns.message.Message, data: bytes) -> None:
        self._head = head
        self._data = data

    def answer(self, told: int, authorities: int) -> Answer:
        """See `read`."""
        records = list(self._records(told + authorities))
        found, ttl = self._follow(records[:told])
        if found and self._head.rcode() == dns.rcode.NXDOMAIN:
            raise WireError("an answer that contradicts itself")
        texts = tuple(sorted(self._texts(found)))
        return Answer(texts, ttl if texts else min(ttl, self._negative_ttl(records[told:])))

    def _records(self, count: int) -> Iterator[_Record]:
        parser = dns.wire.Parser(self._data, _HEADER)
        dns.name.from_wire_parser(parser)
        parser.get_struct("!HH")
        for _ in range(count):
            owner = dns.name.from_wire_parser(parser)
            rdtype, rdclass, ttl, length = parser.get_struct("!HHIH")
            yield _Record(owner, rdtype if rdclass == IN else 0, ttl if ttl < 1 << 31 else 0, parser.current, length)
            parser.seek(parser.current + length)

    def _texts(self, records: list[_Record]) -> Iterator[str]:
        room = limits.MAX_DNS_ANSWER  # pointers make much of few bytes
        for record in records:
            text = _presentation(self._rdata(record))
            room -= len(text)
            if room < 0:
                raise WireError(f"an answer of more than {limits.MAX_DNS_ANSWER} bytes")
            yield text

    def _rdata(self, record: _Record) -> Any:  # its attributes are those of its type
        parser = dns.wire.Parser(self._data, record.start)
        with parser.restrict_to(record.length):
            return dns.rdata.from_wire_parser(IN, RdataType(record.rdtype), parser)

    def _follow(self, records: list[_Record]) -> tuple[list[_Record], int]:
        """The records that were asked for, at the end of all CNAMEs, and the least TTL on the way."""
        at: dict[tuple[dns.name.Name, int], list[_Record]] = {}
        for record in records:
            at.setdefault((record.owner, record.rdtype), []).append(record)
        asked = self._head.question[0]
        owner, ttl = asked.name, 1 << 31
        for _ in range(_MAX_CNAMES):
            found = at.get((owner, asked.rdtype), [])
            alias = at.get((owner, CNAME), [])
            ttl = min([ttl, *(record.ttl for record in found or alias)])
            if found or not alias:
                return found, ttl
            owner = self._rdata(alias[0]).target
        raise WireError("a loop of CNAMEs, or too many")

    def _negative_ttl(self, authority: list[_Record]) -> int:
        """How long nothing may be remembered (RFC 2308): not at all without an SOA record.

        Raises WireError for a referral: that server does not look further, so nothing is known.
        """
        for record in authority:
            if record.rdtype == SOA:
                return int(min(record.ttl, self._rdata(record).minimum))
        looked_further = self._head.flags & (dns.flags.RA | dns.flags.AA)
        if self._head.rcode() != dns.rcode.NXDOMAIN and (
            not looked_further or any(record.rdtype == NS for record in authority)
        ):
            raise WireError("a referral instead of an answer")
        return 0


def _presentation(rdata: Any) -> str:
    """A record's text as `ports.Resolver` has it: the strings of TXT joined, names without their final dot."""
    if rdata.rdtype == TXT:
        return b"".join(rdata.strings).decode("utf-8", "replace")
    text = str(rdata.to_text())
    return text if text == "." or text.endswith(" .") else text.removesuffix(".")
