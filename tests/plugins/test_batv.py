"""BATV: tags as other software makes them, what binds them, and what it means that one is missing."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter import Envelope, Filter, resources
from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.errors import ConfigError, TemporaryError
from ndrfilter.message import parse
from ndrfilter.message.addresses import parse_address
from ndrfilter.message.tags import prvs_of
from ndrfilter.plugin import Key, Outgoing, SettingError
from ndrfilter.site import Site

batv = resources.plugin("batv")
DAY = 86_400
NOW = 20_779 * DAY + 43_200.0  # 2026-11-22T12:00:00Z
SECRET = "a secret for the tests only"
DEFAULTS = {setting.name: setting.default for setting in batv.settings()}
EXIM = shutil.which("exim4", path="/usr/sbin:" + os.environ.get("PATH", "")) or "exim4"
CLIENT = {"client_ip": "198.51.100.25", "client_name": "mx.receiver.example"}


def section(**values):
    return batv.configure({**DEFAULTS, "keys": (Key("k1", SECRET.encode()),), **values})


def checked(text, now=NOW, **values):
    address = parse_address(text)
    prvs = prvs_of(address.local) if address else None
    return batv.check(prvs, address.domain, section(**values), now) if prvs else None


def config(complete=("signing",), **values):
    plugin = {"keys": {"k1": SECRET}, "since": "2026-10-01", **values}
    return {"site": {"domains": ["example.com"], "complete": list(complete)}, "plugins": [{"batv": plugin}]}


def bounce(number=0, to="alice@example.com", original=""):
    return (
        f"Return-Path: <>\nReceived: from mx.receiver.example (mx.receiver.example [198.51.100.25])\n"
        f"\tby mx.example.com (Postfix) with ESMTP id {number}; Sun, 22 Nov 2026 10:00:05 +0000\n"
        f"From: MAILER-DAEMON@mx.receiver.example\nTo: {to}\nSubject: failure notice\n\n"
        "Hi. This is the qmail-send program at mx.receiver.example.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        f"<nobody{number}@receiver.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n{original}"
    ).encode("utf-8", "surrogatepass")


def names(result):
    return {hit.name for hit in result.hits if hit.name.startswith("BATV")}


def to(*recipients):
    return Envelope(sender="", recipients=recipients, **CLIENT)


TAGGED = "prvs=1784e71dd2=alice@example.com"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (TAGGED, "valid"),
        ("PRVS=1784E71DD2=alice@EXAMPLE.COM", "valid"),
        ("alice+prvs=1784e71dd2@example.com", "valid"),
        ("alice-prvs=1784e71dd2@example.com", "valid"),
        ("prvs=1784e71dd2=Alice@example.com", "valid"),
        ("prvs=17841127ea=Alice@example.com", "valid"),
        ("prvs=17841127ea=alice@example.com", "forged"),
        ("prvs=1784e71dd2=alice@example.org", "forged"),
        ("prvs=1784ae6e14=alice@example.com", "forged"),
        ("prvs=1785e71dd2=alice@example.com", "forged"),
        ("prvs=1784e71dd3=alice@example.com", "forged"),
        ("prvs=1784000000=alice@example.com", "forged"),
        ("prvs=2784e71dd2=alice@example.com", "unknown-key"),
        ("prvs=177819f246=alice@example.com", "expired"),
        ("prvs=180905b7e0=alice@example.com", "expired"),
        ("prvs=784e71dd2=alice@example.com", None),
        ("alice@example.com", None),
    ],
)
def test_what_a_tag_is_worth(text, word):
    assert checked(text) == word


def test_the_tag_that_exim_makes():
    """As Exim 4.96 answered to ${prvs{Alice+x@Example.COM}{secret}{1}} on that day."""
    exim = batv.Settings((Key("1", b"secret"),), 7, 1, None, "", (), ())
    prvs = prvs_of("prvs=17865f6c2f=Alice+x")
    assert batv.check(prvs, "Example.COM", exim, NOW) == "valid"


@given(st.integers(0, 3000), st.integers(0, 1_200), st.integers(1, 100))
def test_a_tag_is_good_for_its_days_and_no_longer(first, later, days):
    settings = section(days=float(days))
    made = batv.tagged(parse_address("alice@example.com"), settings, first * DAY)
    word = batv.check(prvs_of(made.rpartition("@")[0]), "example.com", settings, (first + later) * DAY)
    assert word == ("valid" if later % 1000 <= days or later % 1000 == 999 else "expired")


@given(st.text(max_size=60), st.sampled_from(["example.com", "example.org", ""]), st.booleans())
def test_whatever_the_recipient_says_nothing_is_valid_by_luck(local, domain, tagged):
    prvs = prvs_of(f"prvs=1784e71dd2={local}" if tagged else local)
    if prvs is not None:
        word = batv.check(prvs, domain, section(), NOW)
        assert (word == "valid") == (
            prvs.local.lower() == "alice" and domain == "example.com" and prvs.tag == "1784e71dd2"
        )


def test_the_second_key_still_verifies():
    keys = (Key("k2", b"the secret that signs now"), Key("k1", SECRET.encode()))
    assert checked(TAGGED, keys=keys) == "valid"
    assert batv.tagged(parse_address("alice@example.com"), section(keys=keys), NOW).startswith("prvs=2786")


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"keys": (Key("k12", b"0123456789abcdef"),)}, "keys"),
        ({"keys": (Key("a", b"0123456789abcdef"),)}, "keys"),
        ({"keys": (Key("k1", b"0123456789abcdef"), Key("1", b"0123456789abcdeg"))}, "keys"),
        ({"days": 0.0}, "days"),
        ({"days": 500.0}, "days"),
        ({"uses": 0.0}, "uses"),
        ({"subaddress": "="}, "subaddress"),
        ({"since": "yesterday"}, "since"),
    ],
)
def test_a_mistake_in_the_section(values, name):
    with pytest.raises(SettingError) as mistake:
        section(**values)
    assert mistake.value.name == name
    assert mistake.value.help


def test_a_tag_needs_keys(judged):
    with pytest.raises(ConfigError, match="keys is missing"):
        judged(bounce(), config={"site": {"domains": ["example.com"]}, "plugins": ["batv"]})


def stamped(sender, *recipients, **values):
    outgoing = Outgoing(parse(b"From: a@b\n\n"), Site(domains=("example.com",)), sender, recipients, NOW)
    found = batv.stamp(outgoing, section(**values))
    return found and found.sender


@pytest.mark.parametrize(
    ("sender", "made"),
    [
        ("alice@example.com", "prvs=1786[0-9a-f]{6}=alice@example.com"),
        ("Alice+news@Example.com", r"prvs=1786[0-9a-f]{6}=Alice\+news@example.com"),
        ("alice@mail.example.com", "prvs=1786[0-9a-f]{6}=alice@mail.example.com"),
    ],
)
def test_our_mail_leaves_with_a_tag(sender, made):
    tagged = stamped(sender, "bob@receiver.example")
    assert re.fullmatch(made, tagged)
    assert checked(tagged) == "valid"


def test_no_case_that_servers_make_of_an_address_breaks_our_tag():
    tagged = stamped("Alice+News@example.com", "bob@receiver.example")
    assert "=Alice+News@" in tagged
    assert {checked(tagged), checked(tagged.lower()), checked(tagged.upper())} == {"valid"}


def test_the_tag_behind_the_local_part():
    tagged = stamped("alice@example.com", "bob@receiver.example", subaddress="+")
    assert re.fullmatch(r"alice\+prvs=1786[0-9a-f]{6}@example.com", tagged)
    assert checked(tagged) == "valid"


@pytest.mark.parametrize(
    "sender",
    ["", None, "bob@receiver.example", TAGGED, "alice+prvs=1784e71dd2@example.com", "SRS0=+z+g=JJ=else.example=joe@example.com",
     '"a b"@example.com', "x" * 49 + "@example.com", "alice"],
)  # fmt: skip
def test_what_leaves_without_a_tag(sender):
    assert stamped(sender, "bob@receiver.example") is None


def test_exempt_senders_and_recipients():
    exempt = {
        "exempt_senders": ("garden-*@example.com", "Root@Example.com"),
        "exempt_recipients": ("lists.example.net",),
    }
    assert stamped("garden-owner@example.com", "bob@receiver.example", **exempt) is None
    assert stamped("ROOT@example.com", "bob@receiver.example", **exempt) is None
    assert stamped("alice@example.com", "bob@receiver.example", "a@ezmlm.lists.example.net", **exempt) is None
    assert stamped("alice@example.com", "bob@receiver.example", "a@list.example.net", **exempt)


def test_a_tagged_bounce_is_genuine_whatever_came_back(judged):
    result = judged(bounce(to=TAGGED), config=config(), envelope=to(TAGGED), now=NOW)
    assert (result.verdict, result.evidence, names(result)) == ("genuine", "proof", {"BATV_PROOF"})


def test_a_tag_in_the_header_alone_proves_nothing(judged):
    result = judged(bounce(to=TAGGED), config=config(), envelope=to("bob@example.com"), now=NOW)
    assert (result.verdict, names(result)) == ("undetermined", set())


def test_bobs_tag_in_the_return_path_does_not_speak_for_alice(judged):
    forged = (
        "\n--- Below this line is a copy of the message.\n\nReturn-Path: <prvs=1784ae6e14=bob@example.com>\n"
        "From: alice@example.com\nDate: Sun, 22 Nov 2026 10:00:00 +0000\nSubject: x\n\nx\n"
    )
    result = judged(bounce(original=forged), config=config(), envelope=to("alice@example.com"), now=NOW)
    assert (result.verdict, names(result)) == ("undetermined", set())
    result = judged(bounce(original=forged), config=config(), envelope=to("bob@example.com"), now=NOW)
    assert names(result) == {"BATV_VALID"}


def test_a_thousand_replays_of_one_tag():
    clock = FixedClock(NOW)
    filter_ = Filter.from_config(config(uses=20), clock=clock, store=SqliteStore(None, clock))

    async def replayed():
        return [(await filter_.acheck(bounce(number, TAGGED), envelope=to(TAGGED))).verdict for number in range(1000)]

    assert asyncio.run(replayed()) == ["genuine"] * 20 + ["undetermined"] * 980
    other = "prvs=1784ae6e14=bob@example.com"
    assert filter_.check(bounce(1, other), envelope=to(other)).verdict == "genuine"


def test_the_same_bounce_counts_once(judged):
    store = SqliteStore(None, FixedClock(NOW))
    for _ in range(3):
        result = judged(bounce(to=TAGGED), config=config(uses=1), envelope=to(TAGGED), now=NOW, store=store)
        assert result.verdict == "genuine"


class Broken:
    """A store that cannot be reached."""

    def count(self, *_):
        raise TemporaryError("the disk is gone")


def test_without_its_state_a_tag_is_a_trace(judged):
    result = judged(bounce(to=TAGGED), config=config(), envelope=to(TAGGED), now=NOW, store=Broken())
    assert (result.verdict, names(result)) == ("undetermined", {"BATV_VALID"})
    assert [hit.evidence for hit in result.hits if hit.name == "BATV_VALID"] == ["trace"]


@pytest.mark.parametrize(
    ("settings", "envelope", "hit"),
    [
        (config(), to("alice@example.com"), True),
        (config(since="2026-11-22"), to("alice@example.com"), False),
        (config(since=""), to("alice@example.com"), False),
        (config(), Envelope(recipients=["alice@example.com"], **CLIENT), False),
        (config(), Envelope(sender="bob@receiver.example", recipients=["alice@example.com"], **CLIENT), False),
        (config(exempt_senders=["example.com"]), to("alice@example.com"), False),
        (config(exempt_recipients=["*@receiver.example"]), to("alice@example.com"), False),
        (config(), to("x" * 49 + "@example.com"), False),
        (config(), to("bob@elsewhere.example"), False),
        (config(), to(TAGGED), False),
        (config(), to("prvs=2784e71dd2=alice@example.com"), False),
    ],
)
def test_when_a_tag_is_missing(judged, settings, envelope, hit):
    result = judged(bounce(to="alice"), config=settings, envelope=envelope, now=NOW)
    assert ("BATV_MISSING" in names(result)) == hit


BY_US = "Received: by mail.example.com (Postfix)\n\tid 5C0FFEE123; Sun, 22 Nov 2026 10:00:04 +0000\n"
FILTER = "Received: from localhost (localhost [127.0.0.1]) by mail.example.com; Sun, 22 Nov 2026 10:00:05 +0000\n"
RELAY = "Received: from mail.example.com (mail.example.com [192.0.2.10]) by mx.example.com; Sun, 22 Nov 2026 10:00:05 +0000\n"
FOREIGN = "Received: from mx.receiver.example (mx.receiver.example [198.51.100.25]) by mx.example.com; Sun, 22 Nov 2026 10:00:05 +0000\n"
INSIDE = (
    "Received: from ex01.corp.local (ex01.corp.local [10.0.0.5]) by mail.example.com; Sun, 22 Nov 2026 10:00:05 +0000\n"
)


@pytest.mark.parametrize(
    ("trace", "client", "hit"),
    [
        (BY_US, {}, False),
        (INSIDE, {}, False),
        ("", {"client_ip": "10.0.0.5", "client_name": "ex01.corp.local"}, False),
        (INSIDE + FOREIGN, {}, True),
        (FILTER + BY_US, {}, False),
        (FILTER + RELAY + BY_US, {}, False),
        (RELAY + BY_US, {}, False),
        (BY_US, {"client_ip": "192.0.2.10"}, False),
        (BY_US, {"client_ip": "127.0.0.1"}, False),
        ("", {}, False),
        (FOREIGN, {}, True),
        (FILTER + FOREIGN, {}, True),
        (FOREIGN, {"client_ip": "127.0.0.1"}, True),
        (BY_US, {"client_ip": "198.51.100.25"}, True),
        ("", {"client_ip": "198.51.100.25"}, True),
    ],
)
def test_a_server_of_our_own_may_bounce_before_it_tags(judged, trace, client, hit):
    raw = trace.encode() + b"Return-Path: <>\n" + bounce().split(b"+0000\n", 1)[1]
    settings = config()
    settings["site"]["relays"] = ["192.0.2.8/29"]
    envelope = Envelope(sender="", recipients=["alice@example.com"], **client)
    assert ("BATV_MISSING" in names(judged(raw, config=settings, envelope=envelope, now=NOW))) == hit


@pytest.mark.parametrize(("date", "hit"), [("30 Sep", False), ("1 Oct", False), ("3 Oct", True), ("22 Nov", True)])
def test_mail_from_before_the_tags(judged, date, hit):
    original = (
        "\n--- Below this line is a copy of the message.\n\nReturn-Path: <alice@example.com>\nFrom: alice@example.com\n"
        f"Date: {date} 2026 10:00:00 +0000\nSubject: x\n\nx\n"
    )
    result = judged(bounce(original=original), config=config(), envelope=to("alice@example.com"), now=NOW)
    assert ("BATV_MISSING" in names(result)) == hit


def test_a_missing_tag_decides_only_where_all_is_signed(judged):
    spam = (
        "\n--- Below this line is a copy of the message.\n\nReturn-Path: <alice@example.com>\n"
        "Received: from host66.spam.example ([203.0.113.66]) by mx.receiver.example; Sun, 22 Nov 2026 10:00:02 +0000\n"
        "From: alice@example.com\nDate: Sun, 22 Nov 2026 10:00:00 +0000\nSubject: pills\n\npills\n"
    )
    plain = to("alice@example.com")
    assert judged(bounce(original=spam), config=config(), envelope=plain, now=NOW).verdict == "backscatter"
    assert judged(bounce(original=spam), config=config(()), envelope=plain, now=NOW).verdict == "undetermined"


def run_exim(conf, *options):
    command = [EXIM, "-C", str(conf), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout.strip()


@pytest.fixture(scope="module")
def everything_on():
    """A filter with BATV on, for whatever comes."""
    return Filter.from_config(config(), clock=FixedClock(NOW), store=SqliteStore(None, FixedClock(NOW)))


HOSTILE = st.text(max_size=40) | st.from_regex(
    r"(prvs=[0-9]{4}[0-9a-f]{6}=|a\+prvs=)[^@]{0,20}@example\.com", fullmatch=True
)


@given(st.lists(HOSTILE, max_size=3), HOSTILE)
def test_whatever_the_envelope_and_the_return_path_say(everything_on, recipients, path):
    original = (
        f"\n--- Below this line is a copy of the message.\n\nReturn-Path: <{path}>\nFrom: alice@example.com\n\nx\n"
    )
    result = everything_on.check(bounce(original=original), envelope=to(*recipients))
    assert not result.errors
    assert "BATV_PROOF" not in names(result)


def exim(expression, address):
    """What Exim makes of an expression in which ADDRESS and SECRET stand for these."""
    return run_exim("/dev/null", "-be", expression.replace("ADDRESS", address).replace("SECRET", SECRET))


@pytest.mark.client("exim4")
@pytest.mark.parametrize(
    "address", ["alice@example.com", "Alice+x@example.com", "a.b-c=d@mail.example.com", '"a b"@example.com']
)
def test_what_exim_signs_we_verify(address):
    theirs = parse_address(exim("${prvs{ADDRESS}{SECRET}{1}}", address))
    assert checked(theirs.text, now=time.time()) == "valid"


@pytest.mark.client("exim4")
@pytest.mark.parametrize("address", ["alice@example.com", "alice+x@example.com", "a.b-c=d@mail.example.com"])
def test_what_we_sign_exim_verifies(address):
    ours = batv.tagged(parse_address(address), section(), time.time())
    told = exim("${prvscheck{ADDRESS}{SECRET}{$prvscheck_address $prvscheck_keynum $prvscheck_result}}", ours)
    assert told == f"{address} 1 1"


def snippets(root):
    """The Exim blocks of the page: macros, router, transport."""
    return re.findall(r"```exim\n(.*?)```", (root / "docs/evidence/batv.md").read_text(), re.S)


@pytest.fixture
def exim_conf(root, tmp_path):
    """An Exim configuration around the page's blocks."""
    macros, router, transport = snippets(root)
    file = tmp_path / "exim.conf"
    file.write_text(
        f"primary_hostname = mail.example.com\ndomainlist local_domains = example.com\nkeep_environment =\n{macros}\n"
        f"begin routers\n{router}\nlocal:\n  driver = accept\n  domains = +local_domains\n  transport = local\n"
        f"begin transports\n{transport}\nlocal:\n  driver = appendfile\n  file = /dev/null\n"
    )
    return file


@pytest.mark.client("exim4")
@pytest.mark.parametrize("address", [TAGGED, "prvs=1784000000=alice@example.com", TAGGED.replace("prvs", "PRVS")])
def test_the_router_of_the_page_takes_tags_off(exim_conf, address):
    assert run_exim(exim_conf, "-bt", address).startswith("alice@example.com\n")


@pytest.mark.client("exim4")
@pytest.mark.parametrize(
    ("sender", "tagged"),
    [
        ("alice@example.com", True),
        ("Alice@EXAMPLE.com", True),
        (TAGGED, False),
        ("alice+prvs=1784e71dd2@example.com", False),
        ("joe@else.example", False),
    ],
)
def test_the_transport_of_the_page_tags_our_senders(exim_conf, sender, tagged):
    value = run_exim(exim_conf, "-bP", "transport", "remote_smtp").partition("return_path = ")[2].splitlines()[0]
    told = run_exim(exim_conf, "-f", sender, "-be", value.removesuffix("fail}") + "{as it is}}")
    if not tagged:
        assert told == "as it is"
    else:
        key = Key("k1", b"PUT-HERE-WHAT-openssl-rand-hex-32-PRINTS")
        assert checked(told, now=time.time(), keys=(key,)) == "valid"
