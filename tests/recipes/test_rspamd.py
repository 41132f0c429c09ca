"""Our plugin in a real rspamd, installed from its page: what it asks, what it says, what it does without an answer."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from rspamd_process import BLOCKS, ROOT, Relay, Rspamd, ndr  # noqa: E402
from service_process import Serving  # noqa: E402

pytestmark = pytest.mark.client("rspamd", "rspamc", "rspamadm")

DEMO = ROOT / "docs" / "demo"
with (DEMO / "expected.tsv").open(encoding="utf-8") as table:
    VERDICTS = {row["file"]: row["verdict"] for row in csv.DictReader(table, delimiter="\t")}
SYMBOLS = {
    "backscatter": "NDR_BACKSCATTER",
    "fake": "NDR_FAKE",
    "genuine": "NDR_GENUINE",
    "undetermined": "NDR_UNDETERMINED",
}
SCORES = {"NDR_BACKSCATTER": 8.0, "NDR_FAKE": 8.0, "NDR_GENUINE": -4.0, "NDR_UNDETERMINED": 0.0}
BOUNCE = (DEMO / "mail" / "05-postfix-parcel.eml").read_bytes()
LETTER = b"From: bob@example.com\nTo: alice@home-postfix.test\nSubject: lunch\nMessage-ID: <1@example.com>\n\nAt one?\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The demonstration's site, listening as the page says."""
    path = tmp_path_factory.mktemp("site") / "ndrfilter.yml"
    listen = BLOCKS["/etc/ndrfilter/ndrfilter.yml"].replace(":11433", ":0")
    assert ":0" in listen
    path.write_text((DEMO / "ndrfilter.yml").read_text(encoding="utf-8") + listen)
    return path


@pytest.fixture(scope="module")
def ours(site):
    with Serving(site) as serving:
        yield serving


@pytest.fixture(scope="module")
def relay(ours):
    made = Relay(ours.place["http"])
    yield made
    made.close()


@pytest.fixture(scope="module")
def rspamd(relay, tmp_path_factory):
    settings = f'servers = "127.0.0.1:{relay.port}"; timeout = 30s;\n'
    with Rspamd(tmp_path_factory.mktemp("rspamd"), settings) as running:
        yield running


@pytest.fixture(scope="module")
def impatient(relay, tmp_path_factory):
    """One that waits as long as it does unless told."""
    with Rspamd(tmp_path_factory.mktemp("impatient"), f'servers = "127.0.0.1:{relay.port}";\n') as running:
        yield running


@pytest.fixture(autouse=True)
def healthy(relay):
    relay.reply = None
    relay.asked = 0


@pytest.mark.parametrize("file", VERDICTS)
def test_each_verdict_is_a_symbol(rspamd, file):
    raw = (DEMO / "mail" / file).read_bytes()
    sender = "bob@example.com" if VERDICTS[file] in ("not-a-bounce", "fake") else ""
    reply = rspamd.check(raw, "-F", sender)
    symbol = SYMBOLS.get(VERDICTS[file])
    assert ndr(reply) == ({symbol: SCORES[symbol]} if symbol else {})


def test_the_rules_are_its_options_the_weightiest_first(rspamd):
    options = rspamd.check(BOUNCE, "-F", "")["symbols"]["NDR_BACKSCATTER"]["options"]
    assert options[0] == "NEVER_PASSED_OUR_RELAYS: not one Received line of the original names a server of ours"
    assert len(options) <= 10


@pytest.mark.parametrize(
    ("raw", "options", "asked"),
    [
        (LETTER, ["-F", "bob@example.com"], False),
        (LETTER, ["-F", ""], True),
        (b"Auto-Submitted: no\n" + LETTER, ["-F", "bob@example.com"], False),
        (b"Auto-Submitted: auto-replied (vacation)\n" + LETTER, ["-F", "bob@example.com"], True),
        (LETTER.replace(b"lunch", b"Undelivered Mail Returned to Sender"), ["-F", "bob@example.com"], True),
        (LETTER.replace(b"bob@", b"MAILER-DAEMON@"), ["-F", "bob@example.com"], True),
        (
            LETTER.replace(b"bob@example.com\nTo", b"Mail Delivery System <x@example.com>\nTo"),
            ["-F", "b@x.example"],
            True,
        ),
        (LETTER, ["-F", "postmaster@example.com"], True),
        (BOUNCE, ["-F", "bob@example.com"], True),
        (BOUNCE, ["-F", "", "-u", "alice"], False),
    ],
)
def test_only_what_may_be_a_bounce_is_asked_about(rspamd, relay, raw, options, asked):
    rspamd.check(raw, *options)
    assert (relay.asked > 0) is asked


def test_the_whole_envelope_is_told(rspamd, relay):
    client = ("-i", "198.51.100.26", "--helo", "mx.exim.test", "--hostname", "mx.exim.test", "-u", "")
    rspamd.check(BOUNCE, "-F", "", "-r", "bob@home-postfix.test", *client, "--header", "Queue-Id=4cXyz")
    head = relay.heard.decode().split("\r\n\r\n")[0].splitlines()
    assert head[0].startswith("POST /check HTTP/1.1")
    assert {
        "From: <>", "Rcpt: <alice@home-postfix.test>", "Rcpt: <bob@home-postfix.test>", "IP: 198.51.100.26",
        "Helo: mx.exim.test", "Hostname: mx.exim.test", "Queue-Id: 4cXyz",
    } <= set(head)  # fmt: skip


JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
TROUBLE = {
    "hangs": b"",
    "garbage": b"\0\xff garbage\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n{",
    "too much": b"HTTP/1.1 200 OK\r\nContent-Length: 2000000000\r\n\r\n{",
    "not now": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    "a page": JSON % (13, b"<html></html>"),
    "no object": JSON % (2, b"[]"),
    "another version": JSON % (31, b'{"v": 2, "verdict": "genuine" }'),
    "failed": JSON % (57, b'{"v": 1, "verdict": "undetermined", "unjudged":"internal"}'),
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_without_an_answer_mail_passes_with_a_symbol_that_scores_nothing(impatient, relay, trouble):
    relay.reply = TROUBLE[trouble]
    reply = impatient.check(BOUNCE, "-F", "", "-t", "50")
    assert ndr(reply) == {"NDR_FAIL": 0.0}
    assert reply["action"] == "no action"


def test_what_a_reply_says_is_not_trusted(rspamd, relay):
    body = b'{"v":1,"verdict":"genuine","hits":[1,"x",null,{"name":null},{"name":[1],"text":{}},{"name":"A\\r\\nB","text":"\\u202e"}]}'
    relay.reply = JSON % (len(body), body)
    reply = rspamd.check(BOUNCE, "-F", "")
    assert reply["symbols"]["NDR_GENUINE"]["options"] == ["A??B: ???"]


def test_another_host_is_asked_and_own_scores_count(relay, tmp_path):
    settings = BLOCKS["/etc/rspamd/local.d/ndrfilter.conf"]
    settings = settings.replace("192.0.2.10:11433", "127.0.0.1:1").replace(
        "192.0.2.11:11433", f"127.0.0.1:{relay.port}"
    )
    assert "192.0.2." not in settings
    with Rspamd(tmp_path, settings, BLOCKS["/etc/rspamd/local.d/ndrfilter_group.conf"]) as running:
        replies = [running.check(BOUNCE, "-F", "") for _ in range(3)]
    assert [ndr(reply) for reply in replies] == [{"NDR_BACKSCATTER": 15.0}] * 3


@pytest.fixture
def encrypted(site, tmp_path):
    """The service behind a certificate that nobody knows, on IPv6."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = [
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        key,
        "-out",
        certificate,
        "-days",
        "1",
        "-subj",
        "/CN=localhost",
    ]
    subprocess.run(["openssl", "req", "-x509", *made], check=True, capture_output=True)
    config = tmp_path / "ndrfilter.yml"
    entry = f'  - {{http: "[::1]:0", certificate: {certificate}, key: {key}}}\n'
    config.write_text(site.read_text(encoding="utf-8").replace("  - http: 127.0.0.1:0\n", entry))
    with Serving(config) as serving:
        yield "[{}]:{}".format(*serving.place["http"])


@pytest.mark.client("openssl")
@pytest.mark.parametrize(("verify", "symbol"), [("true", "NDR_FAIL"), ("false", "NDR_BACKSCATTER")])
def test_tls_and_whether_the_certificate_counts(encrypted, tmp_path, verify, symbol):
    settings = f'servers = "{encrypted}"; https = true; ssl_verify = {verify};'
    with Rspamd(tmp_path / "r", settings) as running:
        assert list(ndr(running.check(BOUNCE, "-F", ""))) == [symbol]


def test_a_host_with_an_ipv6_address(tmp_path, site):
    with Serving(site, "http=[::1]:0") as serving:
        settings = 'servers = "[{}]:{}";'.format(*serving.place["http"])
        with Rspamd(tmp_path, settings) as running:
            assert list(ndr(running.check(BOUNCE, "-F", ""))) == ["NDR_BACKSCATTER"]


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ("timeout = 0;", "timeout must be more than nothing"),
        ('ask = "sometimes";', 'field "ask": expected "likely", "null", or "all"'),
        ('serverz = "192.0.2.1";', 'extra fields: "serverz"'),
        ('servers = "a:b:c";', "a:b:c has no host and port"),
        ("https = 3;", 'field "https": expected type "boolean"'),
    ],
)
def test_a_setting_without_sense_is_named(tmp_path, settings, complaint):
    said = Rspamd(tmp_path, settings).configtest()
    assert complaint in said
    assert "the module is off" in said


def test_the_page_passes_the_configuration_test(tmp_path):
    assert "ndrfilter" not in Rspamd(tmp_path, "").configtest()
