"""A real Sendmail with our milter, set up from its page."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

import pytest
from mailhost import SENDMAIL, MailHost, letter
from milter_scene import CASES, ROOT, accepted
from service_process import Serving

PAGE = ROOT / "docs" / "service" / "sendmail-milter.md"
ALICE = "alice@home.test"
SITE = "site: {domains: [home.test], relays: [192.0.2.25], receivers: [mx.sendmail.test], complete: [relays]}\n"
STATUS = re.compile(rb"^X-NDR-Status: ([a-z-]+)", re.M)

pytestmark = pytest.mark.mta


@pytest.fixture(scope="module")
def sendmail(shared):
    """Sendmail, its milter's socket, and a place for messages."""
    folder = Path(tempfile.mkdtemp(prefix="ndrfilter-sendmail-", dir="/tmp"))
    folder.chmod(0o755)
    safe = Path(tempfile.mkdtemp(prefix="ndrfilter-", dir="/run"))  # Sendmail wants no socket below /tmp
    host = MailHost(folder, shared / "mta")
    try:
        socket = safe / "milter.sock"
        found = re.search(r"^```m4 [^\n]+\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
        line = found[1].replace("/run/ndrfilter/milter.sock", str(socket))
        source = host.mta.parent / "etc" / "sendmail" / "sendmail.mc"
        source.write_text(source.read_text().replace("@PLUGGED@", line))
        host.up("sink")
        host.up("sendmail")
        yield host, socket
    finally:
        host.close()
        shutil.rmtree(folder)
        shutil.rmtree(safe)


def sent(sendmail, config, letters):
    """Sends (message, sender) pairs with the service beside; the replies, and what alice has got for it."""
    host, socket = sendmail
    before = set(host.mailbox("sendmail", "alice"))
    folder = Path(tempfile.mkdtemp(dir=host.folder))
    for number, (raw, sender) in enumerate(letters):
        letter(folder, str(number), raw, sender, ALICE)
    file = folder / "ndrfilter.yml"
    file.write_text(SITE + config)
    listen = () if "listen:" in config else (f"milter=unix:{socket}",)
    with Serving(file, *listen, env={"NDRFILTER_STATE": str(folder / "state")}):
        told = host.send(SENDMAIL, folder, connections=1)
        host.until(lambda: len(set(host.mailbox("sendmail", "alice")) - before) >= len(accepted(told)))
    return told, sorted(set(host.mailbox("sendmail", "alice")) - before)


LETTER = b"X-NDR-Status: genuine\nFrom: bob@remote.test\nSubject: hi\nMessage-ID: <1@remote.test>\n\nhello\n"


def test_mail_is_judged_and_copies_are_taken_out(sendmail):
    forged = (CASES / "forged-exim-full.eml").read_bytes().partition(b"\n\tfor ")[2].partition(b"\n")[2]
    forged = forged.replace(b"home-postfix.test", b"home.test")
    told, mails = sent(sendmail, "", [(LETTER, "bob@remote.test"), (forged, ""), (LETTER, "bob@remote.test")])
    assert accepted(told) == {"0", "1", "2"}
    found = sorted(STATUS.findall(raw.partition(b"\n\n")[0]) for raw in mails)
    assert found == [[b"backscatter"], [b"not-a-bounce"], [b"not-a-bounce"]]


def test_backscatter_is_refused_where_that_is_asked_for(sendmail):
    forged = (CASES / "forged-exim-full.eml").read_bytes().partition(b"\n\tfor ")[2].partition(b"\n")[2]
    forged = forged.replace(b"home-postfix.test", b"home.test")
    told, mails = sent(sendmail, "actions: {backscatter: reject}\n", [(forged, ""), (LETTER, "bob@remote.test")])
    assert told["0"].startswith("550 5.7.1 You did not send this: someone forged your address.")
    assert len(mails) == 1


def test_mail_of_our_networks_is_marked_before_it_goes_on(sendmail):
    config = "plugins:\n  - token: {keys: {k1: a secret for the tests only}}\n  - batv: {keys: {k1: and another secret for them}}\n"
    own = f"From: {ALICE}\nTo: bob@remote.test\nSubject: hi\n\nhello\n".encode()
    _, socket = sendmail
    listen = f"listen:\n  - milter: unix:{socket}\n    outbound: [127.0.0.0/8]\n"
    told, (mail,) = sent(sendmail, config + listen, [(own, ALICE)])
    assert accepted(told) == {"0"}
    header = mail.partition(b"\n\n")[0]
    assert header.count(b"\nX-NDR-Token: k1-") == 1
    assert header.lower().count(b"\nmessage-id:") == 1
    assert b"X-NDR-Status" not in header
    assert b"Return-Path: <prvs=1" in mail
