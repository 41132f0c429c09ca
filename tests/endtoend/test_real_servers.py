"""Mail of ours goes through a real Postfix to real servers that bounce it; a forger hands his to the same servers.

Each source of evidence must know our own mail's DSNs alone, and none may take a forger's for genuine.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bench.endtoend import figures, judge
from bench.endtoend.flow import settings
from bench.endtoend.letters import ALICE, SERVERS
from bench.endtoend.nameserver import NameServer
from ndrfilter import Envelope, Filter

pytestmark = pytest.mark.mta


def chosen(rows, **wanted):
    """The rows with those values; there must be some."""
    found = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    assert found
    return found


def verdicts(rows):
    """What was said of which letter, for a failing test to show."""
    return {f"{row['id']} {row['shape']}": (row["verdict"], row["evidence"]) for row in rows}


def test_every_letter_came_back_in_a_dsn(letters):
    assert [letter["id"] for letter in letters if not letter["file"]] == []


def test_every_dsn_is_a_failure_and_nothing_broke(rows):
    assert {row["kind_seen"] for row in rows} == {"failure"}
    assert {error for row in rows for error in row["errors"]} == set()


@pytest.mark.parametrize("ret", ["FULL", "HDRS"])
@pytest.mark.parametrize("server", [*SERVERS, "own"])
@pytest.mark.parametrize("source", figures.ALONE)
def test_our_own_mail_is_known_by_each_source_alone(rows, source, server, ret):
    found = verdicts(chosen(rows, kind="own", source=source, server=server, ret=ret))
    assert found == dict.fromkeys(found, figures.ALONE[source])


@pytest.mark.parametrize("source", ["relays", "all"])
def test_our_own_mail_is_known_where_absence_counts(rows, source):
    assert {row["verdict"] for row in chosen(rows, kind="own", source=source)} == {"genuine"}


def test_what_we_forwarded_is_known_and_said_so(rows):
    found = chosen(rows, kind="forwarded", source="srs")
    assert set(verdicts(found).values()) == {("genuine", "proof")}
    assert all(any("we forwarded it" in text for text in row["hits"].values()) for row in found)


@pytest.mark.parametrize("source", judge.SOURCES)
@pytest.mark.parametrize("kind", figures.FORGED)
def test_nothing_forged_is_ever_genuine(rows, kind, source):
    assert "genuine" not in {row["verdict"] for row in chosen(rows, kind=kind, source=source)}


@pytest.mark.parametrize("source", ["relays", "all"])
@pytest.mark.parametrize("server", SERVERS)
def test_forged_mail_is_backscatter(rows, server, source):
    found = verdicts(chosen(rows, kind="forged", source=source, server=server))
    assert {word for word, _ in found.values()} == {"backscatter"}, found


def test_the_log_alone_says_that_a_message_was_never_sent(rows):
    named = [row for row in chosen(rows, kind="forged", source="all") if row["shape"] != "no-id"]
    assert {row["evidence"] for row in named} == {"record"}


def test_without_any_source_or_site_nothing_is_said(rows):
    assert {row["verdict"] for row in chosen(rows, source="none")} == {"undetermined"}


def test_every_promise_is_kept(rows):
    assert [line for kept, line in figures.promises(rows) if not kept] == []


def test_exim_makes_the_tag_that_we_make(flow):
    tags = json.loads((flow / "manifest.json").read_text())["tags"]
    keys = settings("batv")["keys"]
    config = {"site": {"domains": ["home-postfix.test"]}, "plugins": [{"batv": {"keys": {"0": keys["0"]}}}]}
    ours = Filter.from_config(config).stamps(f"From: {ALICE}\r\n\r\n".encode(), Envelope(sender=ALICE))
    assert tags[0] == ours[0][1].sender


def test_the_command_asks_dns_itself_and_says_the_same(flow, rows):
    files = {row["file"]: row["verdict"] for row in chosen(rows, kind="own", source="dkim", ret="HDRS", shape="plain")}
    with NameServer((judge.EVIDENCE / "keys.zone").read_text(encoding="utf-8")) as server:
        config = judge.configured(flow, "dkim", dns={"servers": [server.address]}, state=str(flow / "state-cli"))
        command = [sys.executable, "-m", "ndrfilter", "-c", config, "check", "--json", *(flow / name for name in files)]
        ran = subprocess.run(command, cwd=judge.ROOT, capture_output=True, check=True)
    said = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [one["verdict"] for one in said] == list(files.values())
    assert {one["envelope_source"] for one in said} == {"headers"}
    assert set(server.asked) == {f"{name}._domainkey.home-postfix.test." for name in ("rsa2026", "ed2026")}
