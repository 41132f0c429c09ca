"""One engine: over the corpus, every door says of a message what the library says of it."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from service_process import Serving

from bench.service import sessions
from bench.service.hostile import say
from ndrfilter import Envelope, Filter

SITE = "site: {domains: [example.com, example.org], relays: [mail.example.com, 192.0.2.0/24], complete: [relays]}\n"
RECIPIENT = "you@example.com"
EACH = 11  # of so many messages, one
ENVELOPE = Envelope("", (RECIPIENT,))
TOP = b"Return-Path: <>\r\nDelivered-To: %b\r\n" % RECIPIENT.encode()
# What the milter is told of the client, and what our MTA is going to write of it.
CLIENT = Envelope("", (RECIPIENT,), "198.51.100.29", "mx.remote.test", "mx.remote.test")
WRITTEN = (
    b"Received: from mx.remote.test (mx.remote.test [198.51.100.29])\r\n\tby mail.home-postfix.test (Postfix)"
    b" with ESMTP id 4T1;\r\n\tSun, 22 Nov 2026 10:00:00 +0000\r\n"
)
MILTER_STATUS = re.compile(rb"X-NDR-Status\0 ?([a-z-]+);")


@pytest.fixture(scope="module")
def raws(shared):
    """Messages of every kind in the corpus, with line ends as SMTP has them."""
    files = sorted(path for path in (shared / "corpus").rglob("*") if path.is_file() and path.stat().st_size < 100_000)
    mails = (re.sub(rb"\r?\n", b"\r\n", path.read_bytes()) for path in files[::EACH])
    return [TOP + mail for mail in mails if re.match(rb"[A-Za-z-]+:", mail)]


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("same") / "ndrfilter.yml"
    path.write_text(SITE)
    return path


@pytest.fixture(scope="module")
def expected(config, raws):
    judge = Filter.from_config(config)
    return [judge.check(raw, envelope=ENVELOPE) for raw in raws]


@pytest.fixture(scope="module")
def serving(config):
    with Serving(Path(config), *(f"{door}=127.0.0.1:0" for door in ("http", "spamd", "milter"))) as service:
        yield service


def answers(serving, made):
    """The reply to each session, in order."""

    async def all_of_them():
        return [await say(serving.place[session.door], [session.sent]) for session in made]

    return asyncio.run(all_of_them())


@pytest.mark.shared("corpus")
def test_http(serving, raws, expected, monkeypatch):
    monkeypatch.setattr(sessions, "RECIPIENT", RECIPIENT)
    replies = answers(serving, [sessions.http(raw, "") for raw in raws])
    said = [json.loads(reply.partition(b"\r\n\r\n")[2]) for reply in replies]
    ours = [result.to_dict() for result in expected]
    for key in ("verdict", "kind", "score", "hits", "undecided", "recipients", "dialect"):
        assert [one[key] for one in said] == [json.loads(json.dumps(one[key])) for one in ours]


@pytest.mark.shared("corpus")
def test_spamd(serving, raws, expected):
    said = [
        reply.partition(b"\r\n\r\n")[2].split(b",")[0].strip().decode()
        for reply in answers(serving, [sessions.spamd_as_it_is(raw) for raw in raws])
    ]
    words = {"not-a-bounce": ""}
    verdicts = [words.get(result.verdict, f"NDR_{result.verdict.upper()}") for result in expected]
    assert [(one, two) for one, two in zip(said, verdicts, strict=True) if two and one != two] == []
    assert not any(one in verdicts for one, two in zip(said, verdicts, strict=True) if not two and one)


@pytest.mark.shared("corpus")
def test_milter(serving, config, raws, monkeypatch):
    monkeypatch.setattr(sessions, "RECIPIENT", RECIPIENT)
    judge = Filter.from_config(config)
    replies = answers(serving, [sessions.milter(raw, b"") for raw in raws])
    said = [found[-1].decode() if (found := MILTER_STATUS.findall(reply)) else "" for reply in replies]
    ours = [judge.check(WRITTEN + raw, envelope=CLIENT).verdict for raw in raws]
    assert [(one, two) for one, two in zip(ours, said, strict=True) if one != two] == []
