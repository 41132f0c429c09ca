"""The resolver against a real server on loopback: what it makes of answers, how long it keeps them, how often it asks."""

import asyncio
import gc
import threading
import weakref

import pytest

from ndrfilter import limits
from ndrfilter.adapters.dns import Budgeted, DnsResolver
from ndrfilter.adapters.zone import ZoneResolver
from ndrfilter.errors import TemporaryError

SOA = "example. 60 SOA ns.example. root.example. 1 2 3 4 30"


@pytest.fixture
def ask(dns_server, dns_answer):
    """Asks a server with that zone (lines by name) the questions, one after the other: the answers, what was asked."""

    def run(zone, *questions, authority=(), rcode="NOERROR"):
        def reply(lines):
            return lambda question: dns_answer(question, *lines, authority=authority, rcode=rcode)

        async def main():
            async with dns_server({name: reply(lines) for name, lines in zone.items()}) as (server, port):
                resolver = DnsResolver(("127.0.0.1",), port=port, timeout=5.0)
                return [await resolver.query(*question) for question in questions], server.asked

        return asyncio.run(main())

    return run


@pytest.mark.parametrize(
    ("lines", "rdtype", "expected"),
    [
        (['x.example. 60 TXT "v=spf1 " "-all"'], "TXT", ("v=spf1 -all",)),
        (["x.example. 60 MX 20 b.example.", "x.example. 60 MX 10 a.example."], "MX", ("10 a.example", "20 b.example")),
        (["x.example. 60 MX 0 ."], "MX", ("0 .",)),
        (["x.example. 60 A 192.0.2.1"], "A", ("192.0.2.1",)),
        (["x.example. 60 AAAA 2001:db8::1"], "AAAA", ("2001:db8::1",)),
        (["x.example. 60 PTR host.example."], "PTR", ("host.example",)),
        (["x.example. 60 CNAME Y.example.", "y.example. 60 A 192.0.2.1"], "A", ("192.0.2.1",)),
        (["X.EXAMPLE. 60 A 192.0.2.1", "z.example. 60 A 192.0.2.2"], "A", ("192.0.2.1",)),
        ([], "TXT", ()),
    ],
)
def test_answers(ask, lines, rdtype, expected):
    assert ask({"x.example": lines}, ("x.example", rdtype), authority=[SOA])[0] == [expected]


def test_no_such_name_is_an_answer(ask):
    assert ask({"no.example": []}, ("no.example", "A"), rcode="NXDOMAIN")[0] == [()]


@pytest.mark.parametrize("name", ["", "a..b", ".a", "x" * 64 + ".example", "a." * 127 + "b", "bücher.example", "a\\.b"])
def test_a_name_that_cannot_exist_is_not_asked(ask, name):
    assert ask({}, (name, "A")) == ([()], [])


@pytest.mark.parametrize(
    ("lines", "authority", "times"),
    [
        (["x.example. 60 A 192.0.2.1"], (), 1),
        (["x.example. 0 A 192.0.2.1"], (), 2),
        (["x.example. 0 CNAME y.example.", "y.example. 60 A 192.0.2.1"], (), 2),
        ([], [SOA], 1),
        ([], ["example. 60 SOA ns.example. root.example. 1 2 3 4 0"], 2),
        ([], (), 2),
    ],
    ids=["TTL", "no TTL", "alias without TTL", "nothing", "nothing for no time", "nothing, and nobody says how long"],
)
def test_an_answer_is_kept_as_long_as_it_says(ask, lines, authority, times):
    answers, asked = ask({"x.example": lines}, ("x.example", "A"), ("X.example.", "a"), authority=authority)
    assert answers[0] == answers[1]
    assert len(asked) == times


def test_no_answer_is_kept_longer_than_we_want(ask, monkeypatch):
    monkeypatch.setattr(limits, "MAX_DNS_TTL", 0)
    assert len(ask({"x.example": ["x.example. 60 A 192.0.2.1"]}, *[("x.example", "A")] * 2)[1]) == 2
    monkeypatch.setattr(limits, "MAX_DNS_NEGATIVE_TTL", 0)
    assert len(ask({"x.example": []}, *[("x.example", "A")] * 2, authority=[SOA])[1]) == 2


@pytest.mark.parametrize(("bound", "value"), [("MAX_DNS_CACHE", 2), ("MAX_DNS_CACHE_CHARS", 40)])
def test_the_longest_unused_answer_goes_when_there_are_too_many(ask, monkeypatch, bound, value):
    monkeypatch.setattr(limits, bound, value)
    zone = {f"{n}.example": [f"{n}.example. 60 A 192.0.2.1"] for n in "abc"}
    _, asked = ask(zone, *((f"{n}.example", "A") for n in "abacab"))
    assert [name[0] for name, _ in asked] == ["a", "b", "c", "b"]


def test_those_who_ask_together_are_answered_by_one_question(dns_server, dns_answer):
    async def main():
        waiting, go = asyncio.Event(), asyncio.Event()

        def reply(question):
            waiting.set()
            return None if not go.is_set() else dns_answer(question, "x.example. 60 A 192.0.2.1")

        async with dns_server({"x.example": reply}) as (server, port):
            resolver = DnsResolver(("127.0.0.1",), port=port, timeout=0.4)
            tasks = [asyncio.ensure_future(resolver.query("x.example", "A")) for _ in range(50)]
            await waiting.wait()
            go.set()  # the second attempt is answered
            for task in tasks[:25]:
                task.cancel()
            await asyncio.wait(tasks)
            return [task.cancelled() for task in tasks], {task.result() for task in tasks[25:]}, server.asked

    cancelled, results, asked = asyncio.run(main())
    assert cancelled == [True] * 25 + [False] * 25
    assert results == {("192.0.2.1",)}
    assert len(asked) == 2


def test_different_questions_are_asked_at_the_same_time(dns_server, dns_answer):
    async def main():
        held = []

        def reply(question):
            held.append(dns_answer(question, f"{question.question[0].name} 60 A 192.0.2.1"))
            return

        async with dns_server(reply) as (server, port):
            resolver = DnsResolver(("127.0.0.1",), port=port, timeout=0.4)
            await asyncio.gather(*(resolver.query(f"{n}.example", "A") for n in range(9)), return_exceptions=True)
            return [name for name, _ in server.asked]

    asked = asyncio.run(main())
    assert len(set(asked[:9])) == 9  # all were out before the first was given up


def test_nothing_of_an_event_loop_outlives_it(dns_server):
    async def abandoned(resolver):
        task = asyncio.ensure_future(resolver.query("x.example", "A"))
        await asyncio.sleep(0)
        task.cancel()
        return weakref.ref(asyncio.get_running_loop())

    async def main():
        async with dns_server({}) as (_, port):
            resolver = DnsResolver(("127.0.0.1",), port=port, timeout=0.2)
            loop = await asyncio.to_thread(asyncio.run, abandoned(resolver))
            with pytest.raises(TemporaryError, match="timeout"):  # in this loop, it is asked anew
                await resolver.query("x.example", "A")
            gc.collect()
            return loop()

    assert asyncio.run(main()) is None


def test_one_resolver_serves_many_threads(dns_server, dns_answer):
    results = []

    async def several(resolver):
        return await asyncio.gather(*(resolver.query(f"{n % 7}.example", "A") for n in range(30)))

    async def main():
        async with dns_server(lambda q: dns_answer(q, f"{q.question[0].name} 60 A 192.0.2.1")) as (_, port):
            resolver = DnsResolver(("127.0.0.1",), port=port, timeout=5.0)
            threads = [
                threading.Thread(target=lambda: results.extend(asyncio.run(several(resolver)))) for _ in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                await asyncio.to_thread(thread.join)

    asyncio.run(main())
    assert results == [("192.0.2.1",)] * 120


def test_a_server_that_is_not_there_is_passed_over(dns_server, dns_answer):
    async def main():
        async with (
            dns_server({}) as (_, silent),
            dns_server(lambda q: dns_answer(q, "x.example. 1 A 192.0.2.1")) as (
                _,
                port,
            ),
        ):
            servers = ("127.0.0.1:9", f"127.0.0.1:{silent}", f"127.0.0.1:{port}")
            return await DnsResolver(servers, timeout=1.2).query("x.example", "A")

    assert asyncio.run(main()) == ("192.0.2.1",)


class Counted(ZoneResolver):
    """Remembers its questions."""

    def __init__(self, text):
        super().__init__(text)
        self.asked = []

    async def query(self, name, rdtype):
        self.asked.append((name, rdtype))
        return await super().query(name, rdtype)


def test_a_message_has_a_budget_of_questions_and_asks_none_twice():
    zone = Counted("a.example A 192.0.2.1\nb.example A SERVFAIL")
    budget = Budgeted(zone, 2)

    async def spend():
        found = await asyncio.gather(*(budget.query("A.example.", "a") for _ in range(3)))
        for _ in range(2):
            with pytest.raises(TemporaryError, match="servfail"):
                await budget.query("b.example", "A")
        with pytest.raises(TemporaryError, match="budget"):
            await budget.query("c.example", "A")
        return found

    assert asyncio.run(spend()) == [("192.0.2.1",)] * 3
    assert zone.asked == [("a.example", "A"), ("b.example", "A")]
