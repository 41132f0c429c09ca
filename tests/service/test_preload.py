"""A worker imports nothing: what a message needs is there before the first worker is forked."""

import subprocess
import sys
from pathlib import Path

from bench.endtoend.nameserver import NameServer

ROOT = Path(__file__).resolve().parents[2]

ZONE = """
home-postfix.test. IN TXT "v=spf1 mx a:mail.home-postfix.test include:other.test -all"
home-postfix.test. IN MX 10 mail.home-postfix.test.
mail.home-postfix.test. IN A 192.0.2.25
mail.home-postfix.test. IN AAAA 2001:db8::25
other.test. IN CNAME third.test.
third.test. IN TXT "v=spf1 ptr -all"
29.100.51.198.in-addr.arpa. IN PTR mx.postfix.test.
s._domainkey.home-postfix.test. IN TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
"""

SCENE = """
import asyncio, sys
from pathlib import Path
import yaml
from ndrfilter import Envelope, Filter
from ndrfilter.doors.serve import DOORS, door
from ndrfilter.service import generation
from ndrfilter.service.board import Board
from ndrfilter.service.desk import Desk, Question
from ndrfilter.service.journal import Journal

ALICE = "alice@home-postfix.test"
SIGNED = b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=home-postfix.test; s=s; h=from; bh=YQ==; b=YQ==\\n"


class Late:
    def find_spec(self, name, path=None, target=None):
        raise SystemExit(f"{name} was imported by a worker")


def mail(charset):
    text = "Ihre Nachricht wurde nicht zugestellt".encode(charset, "replace") if charset else b""
    return b"Subject: =?%b?B?QUJD?=\\nContent-Type: text/plain; charset=%b\\n\\n" % (charset.encode(), charset.encode()) + text


async def main(address):
    site = yaml.safe_load(Path("docs/demo/ndrfilter.yml").read_text())
    plugins = {
        "spf": {}, "dkim": {}, "dnsbl": {"zones": ["bl.test"]}, "sent_log": {}, "batv": {"keys": {"k0": "x" * 40}},
        "token": {"keys": {"k": "x" * 40}}, "srs": {"keys": {"k": "x" * 40}, "domain": "home-postfix.test"},
    }
    plugins = {name: section for name, section in plugins.items() if name != "srs"}
    config = {**site, "plugins": plugins, "dns": {"servers": [address], "timeout": "1s"}}
    judge = generation.prepared(lambda: Filter.from_config(config))
    for name in DOORS:
        door(name)
    board = Board(1)
    desk = Desk(judge, (board.seat(0), Journal.open(judge.config.service)))
    sys.meta_path[:] = [Late()]
    raws = [path.read_bytes() for path in sorted(Path("docs/demo/mail").glob("*.eml"))]
    raws += [raw.replace(b"\\nFrom: ", b"\\n" + SIGNED + b"From: ") for raw in raws]
    charsets = ("cp1251", "iso-2022-jp", "gb18030", "big5", "euc-kr", "koi8-r", "utf-7", "shift_jis", "iso-8859-15", "punycode")
    raws += [mail(charset) for charset in charsets]
    envelope = Envelope("", (ALICE,), "198.51.100.29", "mx.postfix.test", "mx.postfix.test")
    verdicts = []
    for raw in raws:
        task = desk.ask(Question(raw, envelope, "http", "4T1"), lambda answer: verdicts.append(answer.result))
        if task is not None:
            await task
    from_us = judge.stamps(raws[10], Envelope(ALICE, ("someone@else.test",)))
    assert from_us, "nothing was marked"
    failed = [trouble for result in verdicts for trouble in result.errors]
    assert len(verdicts) == len(raws), (len(verdicts), len(raws))
    print(failed)

asyncio.run(main(sys.argv[1]))
"""


def test_a_worker_imports_nothing(tmp_path):
    with NameServer(ZONE) as server:
        done = subprocess.run(
            [sys.executable, "-c", SCENE, server.address],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "NDRFILTER_STATE": str(tmp_path), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-1] == "[]"
    assert any("home-postfix.test" in name for name in server.asked)
