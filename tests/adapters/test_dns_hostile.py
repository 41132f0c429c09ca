"""A server that lies, breaks off and floods: each time the answer is unknown, soon, and the next question works."""

import asyncio
import struct
import time
from itertools import pairwise

import dns.rdatatype
import pytest

from ndrfilter import limits
from ndrfilter.adapters.dns import DnsResolver
from ndrfilter.errors import TemporaryError


def header(question, flags=0x8180, answers=0, authorities=0, questions=1, ident=None):
    return struct.pack("!HHHHHH", question.id if ident is None else ident, flags, questions, answers, authorities, 0)


def asked(question):
    return question.question[0].name.to_wire() + struct.pack("!HH", question.question[0].rdtype, 1)


def raw(*records, **fields):
    """A reply of these raw records."""
    return lambda q: header(q, answers=len(records), **fields) + asked(q) + b"".join(records)


def record(data, rdtype=16, owner=b"\xc0\x0c", length=None):
    return owner + struct.pack("!HHIH", rdtype, 1, 60, len(data) if length is None else length) + data


A = record(b"\xc0\x00\x02\x01", 1)
CUT_OFF = raw(flags=0x8380)


def resolve(dns_server, reply, rdtype="TXT", tcp=None, timeout=0.4):
    """What a question to such a server comes to, and the server."""

    async def main():
        async with dns_server(reply, tcp) as (server, port):
            resolver = DnsResolver(("127.0.0.1",), port=port, timeout=timeout)
            try:
                return await resolver.query("x.example", rdtype), server
            except TemporaryError as error:
                return str(error), server

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        (None, "timeout"),
        (lambda q: b"", "timeout"),
        (lambda q: b"\xff" * 600, "timeout"),
        (lambda q: struct.pack("!H", q.id) + b"\xff" * 20, "timeout"),
        (raw(A, ident=0), "timeout"),
        (lambda q: header(q, flags=0x0100, answers=1) + asked(q) + A, "timeout"),
        (lambda q: header(q, flags=0xA980, answers=1) + asked(q) + A, "timeout"),
        (lambda q: header(q, answers=1, questions=0) + A, "timeout"),
        (lambda q: header(q, answers=1) + b"\5other" + asked(q)[1:] + A, "timeout"),
        (lambda q: header(q, answers=1) + asked(q)[:-4] + b"\0\1\0\1" + A, "timeout"),
        (lambda q: header(q, answers=1, questions=2) + asked(q) * 2 + A, "timeout"),
    ],
    ids=["silence", "empty", "garbage", "garbage with our id", "wrong id", "a question", "another opcode", "no question",
         "another name", "another type", "two questions"],
)  # fmt: skip
def test_what_does_not_answer_our_question_is_passed_over(dns_server, reply, cause):
    told, server = resolve(dns_server, reply)
    assert told == f"DNS TXT x.example: {cause}"
    assert len(server.asked) == 2


def test_the_true_answer_behind_forged_ones_is_taken(dns_server, dns_answer):
    def reply(question):
        forged = [raw(A, ident=ident)(question) for ident in range(200) if ident != question.id]
        return [*forged, b"\0" * 40, dns_answer(question, 'x.example. 60 TXT "true"')]

    assert resolve(dns_server, reply, timeout=5.0)[0] == ("true",)


@pytest.mark.parametrize(
    ("reply", "rdtype", "cause"),
    [
        (raw(A, record(b"\xff")), "TXT", "malformed"),
        (raw(record(b"\x05abc")), "TXT", "malformed"),
        (raw(record(b"\x03abc", length=400)), "TXT", "malformed answer"),
        (lambda q: header(q, answers=9) + asked(q) + A, "TXT", "malformed answer"),
        (lambda q: header(q, answers=1) + asked(q) + b"\xc0\x0c\0", "TXT", "malformed answer"),
        (raw(record(b"\x7f\x01", 1)), "A", "malformed"),
        (raw(record(b"\x7f" * 17, 28)), "AAAA", "malformed"),
        (raw(record(b"\0", 15)), "MX", "malformed"),
        (raw(record(b"\0\1\xc0\x0cx", 15)), "MX", "malformed"),
        (raw(record(b"\xc0\x2f", 12)), "PTR", "points forward"),
        (raw(record(b"\1a\xc0\x27", 12)), "PTR", "points forward"),
        (raw(record(b"\xff\xff", 12)), "PTR", "points forward"),
        (raw(record(b"\x80a", 12)), "PTR", "label type"),
        (raw(record(b"\x3f" + b"a" * 63 + (b"\x3f" + b"a" * 63) * 3 + b"\0", 12)), "PTR", "255 octets"),
        (raw(record(b"\x3f" + b"a" * 63 + b"\x3f" + b"a" * 63 + b"\x3f", 12)), "PTR", "malformed answer"),
        (raw(record(b"\xc0\x0c", 5)), "A", "CNAME"),
        (raw(record(b"\1a\0", 5), record(b"\xc0\x0c", 5, owner=b"\1a\0")), "A", "CNAME"),
        (raw(A, flags=0x8183), "A", "contradicts"),
        (raw(flags=0x8100), "A", "referral"),
        (lambda q: header(q, authorities=1) + asked(q) + record(b"\2ns\0", 2), "A", "referral"),
        (raw(flags=0x8182), "A", "SERVFAIL"),
        (raw(flags=0x8185), "A", "REFUSED"),
        (raw(flags=0x8181), "A", "FORMERR"),
        (raw(flags=0x8189), "A", "response code 9"),
        (lambda q: header(q, flags=0x8182, questions=0), "A", "SERVFAIL"),
        (raw(*[A] * (limits.MAX_DNS_RECORDS + 1)), "A", f"more than {limits.MAX_DNS_RECORDS} records"),
        (lambda q: header(q, answers=65535) + asked(q), "A", f"more than {limits.MAX_DNS_RECORDS} records"),
    ],
)
def test_a_broken_answer_is_unknown(dns_server, reply, rdtype, cause):
    told, _ = resolve(dns_server, reply, rdtype, timeout=5.0)
    assert cause in told


def test_a_chain_of_cnames_may_be_long_but_not_endless(dns_server, dns_answer):
    def chain(length):
        names = ["x.example.", *(f"c{n}.example." for n in range(length))]
        lines = [f"{one} 60 CNAME {other}" for one, other in pairwise(names)]
        return lambda question: dns_answer(question, *lines, f"{names[-1]} 60 A 192.0.2.1")

    assert resolve(dns_server, chain(8), "A")[0] == ("192.0.2.1",)
    assert "CNAME" in resolve(dns_server, chain(40), "A")[0]


def test_a_server_without_edns_is_asked_again_without(dns_server, dns_answer):
    def reply(question):
        return (
            header(question, flags=0x8181) if question.edns >= 0 else dns_answer(question, "x.example. 60 A 192.0.2.1")
        )

    assert resolve(dns_server, reply, "A", timeout=5.0)[0] == ("192.0.2.1",)


def test_what_was_cut_off_comes_over_tcp(dns_server, dns_answer):
    long = "".join(f' "{n:0200}"' for n in range(20))
    told, server = resolve(dns_server, CUT_OFF, tcp=lambda q: dns_answer(q, f"x.example. 60 TXT {long}"), timeout=5.0)
    assert len(told[0]) == 4_000
    assert server.connections == [("x.example", "TXT")]


@pytest.mark.parametrize(
    ("tcp", "cause"),
    [
        (None, "hung up"),
        (lambda q: b"", "something else"),
        (raw(A, ident=0), "something else"),
        (CUT_OFF, "something else"),
        (raw(record(b"\xff")), "malformed"),
        (lambda q: raw(record(b"".join(b"\xff" + b"a" * 255 for _ in range(255))))(q), f"more than {limits.MAX_DNS_ANSWER} bytes"),
    ],
    ids=["nothing", "empty", "wrong id", "cut off again", "broken", "64 KB"],
)  # fmt: skip
def test_over_tcp_nothing_is_believed_either(dns_server, tcp, cause):
    assert cause in resolve(dns_server, CUT_OFF, tcp=tcp, timeout=5.0)[0]


def test_a_server_that_sends_half_over_tcp_ends_with_our_patience(dns_server):
    async def main():
        async def half(reader, writer):
            writer.write(b"\xff\xff\0")
            await reader.read()
            writer.close()

        async with dns_server(CUT_OFF) as (server, port):
            server.connected = half
            with pytest.raises(TemporaryError, match="timeout"):
                await DnsResolver(("127.0.0.1",), port=port, timeout=0.2).query("x.example", "A")

    asyncio.run(main())


@pytest.mark.parametrize("rdtype", ["MX", "TXT", "PTR", "A"])
def test_the_most_expensive_answer_costs_little(dns_server, rdtype):
    """As many records as we read, with names as long as they get, by pointers: dnspython alone works on it for seconds."""
    data = {"MX": b"\0\1\xc0\x0c", "TXT": b"\0", "PTR": b"\xc0\x0c", "A": b"\x7f\0\0\1"}[rdtype]
    number = dns.rdatatype.from_text(rdtype)

    async def main():
        def flood(question):
            records = b"".join(record(data, number) for _ in range(limits.MAX_DNS_RECORDS))
            return header(question, answers=limits.MAX_DNS_RECORDS) + asked(question) + records

        async with dns_server(CUT_OFF, flood) as (_, port):
            resolver = DnsResolver(("127.0.0.1",), port=port, timeout=5.0)
            before = time.thread_time()
            try:
                answer = await resolver.query(".".join("a" * 126), rdtype)
            except TemporaryError as error:
                answer = str(error)
            return answer, time.thread_time() - before

    answer, _ = asyncio.run(main())
    assert "bytes" in answer or len(answer) == limits.MAX_DNS_RECORDS


def test_the_next_question_after_all_this_works(dns_server, dns_answer):
    replies = {
        "a.example": raw(A, ident=0),
        "b.example": raw(flags=0x8182),
        "c.example": lambda q: dns_answer(q, "c.example. 60 A 192.0.2.1"),
    }

    async def main():
        async with dns_server(replies) as (_, port):
            resolver = DnsResolver(("127.0.0.1",), port=port, timeout=0.3)
            return await asyncio.gather(*(resolver.query(f"{n}.example", "A") for n in "abc"), return_exceptions=True)

    *failed, good = asyncio.run(main())
    assert [type(one) for one in failed] == [TemporaryError, TemporaryError]
    assert good == ("192.0.2.1",)
