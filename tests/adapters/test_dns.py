"""The resolver against a real server on loopback."""

import asyncio
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from ndrfilter.adapters.clock import FixedClock, SystemClock
from ndrfilter.adapters.dns import Budgeted, DnsResolver
from ndrfilter.adapters.zone import ZoneResolver
from ndrfilter.errors import TemporaryError

RECORDS = {
    ("txt.example.", "TXT"): ['txt.example. 60 IN TXT "v=spf1 " "-all"'],
    ("mx.example.", "MX"): ["mx.example. 60 IN MX 20 b.example.", "mx.example. 60 IN MX 10 a.example."],
    ("brief.example.", "A"): ["brief.example. 0 IN A 192.0.2.1"],
    ("empty.example.", "TXT"): [],
}


class Server(asyncio.DatagramProtocol):
    def __init__(self):
        self.asked = []

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        question = dns.message.from_wire(data)
        asked = question.question[0]
        key = (asked.name.to_text(), dns.rdatatype.to_text(asked.rdtype))
        self.asked.append(key)
        reply = dns.message.make_response(question)
        reply.flags |= dns.flags.RA
        if key[0] == "fails.example.":
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif key[0] == "garbage.example.":
            self.transport.sendto(data[:2] + b"\xff" * 20, address)
            return
        elif key not in RECORDS:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif RECORDS[key]:
            rdatas = [line.split(None, 4)[4] for line in RECORDS[key]]
            reply.answer.append(
                dns.rrset.from_text_list(asked.name, int(RECORDS[key][0].split()[1]), "IN", key[1], rdatas)
            )
        self.transport.sendto(reply.to_wire(), address)


@asynccontextmanager
async def served():
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(Server, ("127.0.0.1", 0))
    try:
        yield server, DnsResolver(("127.0.0.1",), port=transport.get_extra_info("sockname")[1], timeout=0.3)
    finally:
        transport.close()


async def answers(*questions):
    async with served() as (server, resolver):
        return [await resolver.query(*question) for question in questions], server.asked


@pytest.mark.parametrize(
    ("name", "rdtype", "answer"),
    [
        ("txt.example", "TXT", ("v=spf1 -all",)),
        ("mx.example", "MX", ("10 a.example", "20 b.example")),
        ("empty.example", "TXT", ()),
        ("nowhere.example", "A", ()),
        ("a..b", "A", ()),
        ("x" * 64 + ".example", "A", ()),
    ],
)
def test_answers(name, rdtype, answer):
    assert asyncio.run(answers((name, rdtype)))[0] == [answer]


@pytest.mark.parametrize("name", ["fails.example", "garbage.example"])
def test_trouble_is_temporary(name):
    with pytest.raises(TemporaryError):
        asyncio.run(answers((name, "TXT")))


def test_answers_are_kept_for_their_ttl():
    _, asked = asyncio.run(
        answers(("txt.example", "TXT"), ("TXT.example.", "txt"), ("no.example", "A"), ("no.example", "A"))
    )
    assert asked == [("txt.example.", "TXT"), ("no.example.", "A")]


def test_a_ttl_of_nothing_is_not_kept():
    _, asked = asyncio.run(answers(("brief.example", "A"), ("brief.example", "A")))
    assert len(asked) == 2


def test_a_message_has_a_budget_of_questions():
    async def spend():
        resolver = Budgeted(ZoneResolver("a.example A 192.0.2.1"), 2)
        first = [await resolver.query("a.example", "A") for _ in range(2)]
        with pytest.raises(TemporaryError, match="budget"):
            await resolver.query("a.example", "A")
        return first

    assert asyncio.run(spend()) == [("192.0.2.1",)] * 2


def test_clocks():
    assert FixedClock(5.0).now() == 5.0
    assert SystemClock().now() > 1.7e9
