"""SRS: addresses as other forwarders make them, what binds them, and what they prove."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter import Envelope, Filter, resources
from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.errors import ConfigError, TemporaryError
from ndrfilter.message.addresses import parse_address
from ndrfilter.message.tags import srs_of
from ndrfilter.plugin import SettingError

srs = resources.plugin("srs")
DAY = 86_400
NOW = 20_779 * DAY + 43_200.0  # 2026-11-22T12:00:00Z
SECRET = "a secret for the tests only"
DEFAULTS = {setting.name: setting.default for setting in srs.settings()}
GOOD = "SRS0=+z+g=JJ=else.example=joe@example.com"
TWICE = "SRS1=CpbK=forward.example==AbCd=JJ=else.example=joe@example.com"
UNDATED = "SRS1=jbsz=forward.example==opaque@example.com"
PATH = "/usr/sbin:" + os.environ.get("PATH", "")


def section(**values):
    return srs.configure({**DEFAULTS, "secrets": (SECRET,), **values})


def checked(text, now=NOW, **values):
    found = srs_of(parse_address(text).local)
    return srs.check(found, section(**values), now) if found else None


def config(**values):
    return {"site": {"domains": ["example.com"]}, "plugins": [{"srs": {"secrets": [SECRET], **values}}]}


def bounce(number=0, path=GOOD):
    return (
        f"Return-Path: <>\nFrom: MAILER-DAEMON@mx.receiver.example\nSubject: failure notice\n\n"
        "Hi. This is the qmail-send program at mx.receiver.example.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        f"<nobody{number}@receiver.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        f"--- Below this line is a copy of the message.\n\nReturn-Path: <{path}>\nFrom: joe@else.example\n"
        "To: alice@example.com\nSubject: lunch\n\nlunch?\n"
    ).encode("utf-8", "surrogatepass")


def to(*recipients):
    return Envelope(sender="", recipients=recipients)


def names(result):
    return {hit.name for hit in result.hits if hit.name.startswith("SRS")}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (GOOD, "valid"),
        (GOOD.lower(), "valid"),
        (GOOD.upper(), "valid"),
        (GOOD.replace("SRS0=", "SRS0+"), "valid"),
        (GOOD.replace("SRS0=", "SRS0-"), "valid"),
        (TWICE, "valid"),
        (TWICE.lower(), "valid"),
        (UNDATED, "undated"),
        (GOOD.replace("JJ", "JK"), "forged"),
        (GOOD.replace("joe", "jane"), "forged"),
        (GOOD.replace("else.", "other."), "forged"),
        (GOOD.replace("+z+g", "+z+"), "forged"),
        (GOOD.replace("+z+g", "+z+g" + "A" * 23), "forged"),
        (GOOD.replace("+z+g", "+z+g" + "A" * 400), "forged"),
        (GOOD.replace("+z+g", "ÄÖÜß"), "forged"),
        (TWICE.replace("CpbK", "AbCd"), "forged"),
        (TWICE.replace("joe", "jane"), "forged"),
        ("SRS0=FYfj=ID=else.example=joe@example.com", "expired"),
        ("SRS0=2rh4=LH=else.example=joe@example.com", "expired"),
        ("SRS0=+z+g=JJ=else.example@example.com", None),
        ("joe@example.com", None),
    ],
)
def test_what_a_rewritten_address_is_worth(text, word):
    assert checked(text) == word


def test_what_postsrsd_and_mail_srs_made():
    """As postsrsd 1.10 and Mail::SRS 0.31 answered on that day, with hashes of four and of twelve characters."""
    secrets = ("first-secret-0123456789",)
    for local in (
        "SRS0=MVMd=JL=Else.Example=Joe",
        "SRS0=It61=JL=else.example=joe+x=y",
        "SRS1=kV+N=fwd.example==abcd=JL=a.example=joe",
        "SRS1+gia/=fwd.example=+abcd=JL=a.example=joe",
        "SRS0=MVMdSaewN2T1=JL=Else.Example=Joe",
    ):
        assert checked(f"{local}@example.com", secrets=secrets) == "valid"


def test_a_longer_hash_can_be_asked_for():
    assert checked(GOOD, hash_length=8.0) == "forged"
    whole = srs.hash_of(SECRET.encode(), ("JJ", "else.example", "joe"))
    assert len(whole) == 27
    assert checked(GOOD.replace("+z+g", whole[:8]), hash_length=8.0) == "valid"
    assert checked(GOOD.replace("+z+g", whole), hash_length=8.0) == "valid"


@given(st.integers(0, 1_200), st.integers(1, 511))
def test_an_address_is_good_for_its_time_and_no_longer(later, days):
    word = checked(GOOD, now=NOW - 2 * DAY + later * DAY, max_age=float(days * DAY))
    assert word == ("valid" if later % 1024 <= days or later % 1024 == 1023 else "expired")


@given(st.text(max_size=30), st.text(max_size=6), st.text(max_size=60), st.sampled_from("01"))
def test_nothing_is_valid_by_luck(hash_, day, rest, version):
    found = srs_of(f"SRS{version}={hash_}={day}={rest}")
    assert found is None or srs.check(found, section(), NOW) == "forged"


def test_every_secret_verifies():
    assert checked(GOOD, secrets=("another one, that signs now", SECRET)) == "valid"


def test_secrets_as_postsrsd_keeps_them(tmp_path):
    file = tmp_path / "postsrsd.secret"
    file.write_text(f"another one, that signs now\n{SECRET}\n\n")
    file.chmod(0o640)
    assert checked(GOOD, secrets=(), secrets_file=file) == "valid"
    file.chmod(0o644)
    with pytest.raises(SettingError, match="everybody can read"):
        section(secrets=(), secrets_file=file)
    with pytest.raises(SettingError, match="cannot read"):
        section(secrets=(), secrets_file=tmp_path / "missing")


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"secrets": ()}, "secrets_file"),
        ({"secrets": ("short",)}, "secrets_file"),
        ({"max_age": 0.0}, "max_age"),
        ({"max_age": 900.0 * DAY}, "max_age"),
        ({"hash_length": 3.0}, "hash_length"),
        ({"hash_length": 28.0}, "hash_length"),
        ({"uses": 0.0}, "uses"),
    ],
)
def test_a_mistake_in_the_section(values, name):
    with pytest.raises(SettingError) as mistake:
        section(**values)
    assert mistake.value.name == name
    assert mistake.value.help


def test_it_needs_secrets(judged):
    with pytest.raises(ConfigError, match="no secrets"):
        judged(bounce(), config={"site": {"domains": ["example.com"]}, "plugins": ["srs"]})


@pytest.mark.parametrize("recipient", [GOOD, TWICE, GOOD.lower()])
def test_what_we_forwarded_is_genuine_and_said_so(judged, recipient):
    result = judged(bounce(), config=config(), envelope=to(recipient), now=NOW)
    assert (result.verdict, result.evidence, names(result)) == ("genuine", "proof", {"SRS_FORWARDED"})
    assert any(hit.text.startswith("we forwarded it") for hit in result.hits)
    advice = result.advice
    assert advice.sent == "No, but we forwarded it: your own mail servers sent it on for somebody else."
    assert advice.why.startswith("That mail to ")
    assert advice.do == "Let it pass: your forwarder sends it back to the first sender."
    assert advice.reason.startswith("We forwarded this, and it came back: ")


@pytest.mark.parametrize(
    ("recipients", "rules"),
    [
        ((UNDATED,), {"SRS_PROBABLE", "SRS_ADDRESS"}),
        (("SRS0=FYfj=ID=else.example=joe@example.com",), {"SRS_ADDRESS"}),
        ((GOOD.replace("+z+g", "abcd"),), {"SRS_FORGED", "SRS_ADDRESS"}),
        ((TWICE.replace("CpbK", "AbCd"),), {"SRS_FORGED", "SRS_ADDRESS"}),
        ((GOOD.replace("@example.com", "@forward.example"),), {"SRS_ADDRESS"}),
        ((GOOD, "bob@example.com"), {"SRS_ADDRESS"}),
        ((GOOD, GOOD.replace("+z+g", "abcd")), {"SRS_FORGED", "SRS_ADDRESS"}),
        (("bob@example.com",), set()),
    ],
)
def test_what_proves_nothing_passes_unjudged(judged, recipients, rules):
    result = judged(bounce(), config=config(), envelope=to(*recipients), now=NOW)
    assert (result.verdict, names(result)) == ("undetermined", rules)


def test_a_domain_of_the_forwarder_alone(judged):
    forwarded = GOOD.replace("@example.com", "@srs.forward.example")
    result = judged(bounce(), config=config(domains=["srs.forward.example"]), envelope=to(forwarded), now=NOW)
    assert names(result) == {"SRS_FORWARDED"}
    assert "SRS_FORWARDED" not in names(judged(bounce(), config=config(), envelope=to(forwarded), now=NOW))


def test_after_the_forwarder_the_return_path_is_a_trace(judged):
    result = judged(bounce(), config=config(), envelope=to("joe@else.example"), now=NOW)
    assert names(result) == {"SRS_PROBABLE"}
    assert [hit.evidence for hit in result.hits if hit.name == "SRS_PROBABLE"] == ["trace"]
    assert not names(judged(bounce(), config=config(), envelope=to("jane@else.example"), now=NOW))


def test_a_hundred_replays():
    clock = FixedClock(NOW)
    filter_ = Filter.from_config(config(uses=20), clock=clock, store=SqliteStore(None, clock))

    async def replayed():
        return [(await filter_.acheck(bounce(number), envelope=to(GOOD))).verdict for number in range(100)]

    assert asyncio.run(replayed()) == ["genuine"] * 20 + ["undetermined"] * 80


class Broken:
    """A store that cannot be reached."""

    def count(self, *_):
        raise TemporaryError("the disk is gone")


def test_without_its_state_it_is_a_trace(judged):
    result = judged(bounce(), config=config(), envelope=to(GOOD), now=NOW, store=Broken())
    assert (result.verdict, names(result)) == ("undetermined", {"SRS_PROBABLE", "SRS_ADDRESS"})


@pytest.fixture(scope="module")
def switched_on():
    """A filter with SRS on, for whatever comes."""
    return Filter.from_config(config(), clock=FixedClock(NOW), store=SqliteStore(None, FixedClock(NOW)))


HOSTILE = st.text(max_size=40) | st.from_regex(r"SRS[01][=+-][^@]{0,40}@example\.com", fullmatch=True)


@given(st.lists(HOSTILE, max_size=3), HOSTILE)
def test_whatever_the_envelope_and_the_return_path_say(switched_on, recipients, path):
    result = switched_on.check(bounce(path=path), envelope=to(*recipients))
    assert not result.errors
    assert "SRS_FORWARDED" not in names(result)


def ask(port, address):
    """What postsrsd's TCP table says."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"get {address}\n".encode())
        return connection.makefile().readline().split()[1]


def free_ports():
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]


@pytest.fixture
def postsrsd(tmp_path):
    """A running postsrsd with our secret; gives the port of its forward table."""
    secrets, pidfile = tmp_path / "secrets", tmp_path / "pid"
    secrets.write_text(f"{SECRET}\n")
    forward, reverse = free_ports()
    program = shutil.which("postsrsd", path=PATH)
    # With -D it goes into the background when its ports are open.
    options = ["-4", "-D", f"-s{secrets}", "-dexample.com", f"-f{forward}", f"-r{reverse}", f"-p{pidfile}"]
    subprocess.run([program, *options], check=True, timeout=30)
    yield forward
    os.kill(int(pidfile.read_text()), signal.SIGTERM)


@pytest.mark.client("postsrsd")
def test_what_postsrsd_makes(postsrsd):
    for sender in (
        "Joe@Else.Example",
        "joe+x=y@else.example",
        "prvs=1786aabbcc=joe@else.example",
        "SRS0=abcd=JL=a.example=joe@forward.example",
        "SRS0+abcd=JL=a.example=joe@forward.example",
        "SRS1=abcd=forward.example==abcd=JL=a.example=joe@x.example",
    ):
        made = ask(postsrsd, sender)
        now = NOW if "JL" in sender else time.time()  # the first forwarder's day is in the address
        assert checked(made, now=now) == "valid"
        assert checked(made.lower(), now=now) == "valid"
        assert checked(made, now=now, secrets=("another secret",)) == "forged"


@pytest.mark.client("srs")
@pytest.mark.parametrize("separator", ["=", "+", "-"])
@pytest.mark.parametrize("length", [4, 20])
def test_what_mail_srs_makes(separator, length):
    command = [
        "srs", f"--secret={SECRET}", "--forward", "--alias=example.com", f"--separator={separator}",
        f"--hashlength={length}", "--address=Joe@Else.Example",
    ]  # fmt: skip
    made = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout.strip()
    assert checked(made, now=time.time()) == "valid"
    assert srs_of(parse_address(made).local).sender == parse_address("Joe@else.example")
