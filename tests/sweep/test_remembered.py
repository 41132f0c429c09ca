"""What a sweep found out about a person serves a single message too: `check --me`, `explain --me`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ndrfilter.adapters.clock import SystemClock
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.sentlog import Entry, record
from ndrfilter.sweep import evidence, state

ROOT = Path(__file__).resolve().parents[2]
BOUNCE = ROOT / "docs" / "demo" / "mail" / "01-exim-unknown-user.eml"
ALICE = "alice@home-postfix.test"
ORIGINAL = Entry("<20261122061429.543d692d@home-postfix.test>", ("nosuch@remote-exim.test",), ALICE, 0.0)


@pytest.fixture
def known(tmp_path):
    """Alice's mailbox, swept before, with a record of what came back."""
    folder = state.account_folder("imaps://alice@mail.home-postfix.test", tmp_path)
    evidence.save(folder, evidence.Profile((ALICE,), sent=("Sent",), confirmed=1.0))
    clock = SystemClock()
    store = SqliteStore(folder, clock)
    record(store, [ORIGINAL._replace(time=clock.now() - 60)], clock.now())
    store.close()
    return folder


def ndrfilter(tmp_path, *words):
    command = [sys.executable, "-m", "ndrfilter", *words]
    environ = os.environ | {"NDRFILTER_STATE": str(tmp_path)}
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)


def check(tmp_path, me):
    done = ndrfilter(tmp_path, "check", "--json", "--no-dns", "--me", me, "--recipient", me, str(BOUNCE))
    return json.loads(done.stdout), done.stderr


def test_the_record_of_the_sent_folder_counts_for_one_message_and_is_named(tmp_path, known):
    result, told = check(tmp_path, ALICE.upper())
    assert (result["verdict"], result["evidence"]) == ("genuine", "record")
    assert str(known / "profile.yml") in told


def test_somebody_else_s_sweep_counts_for_nothing(tmp_path, known):
    result, told = check(tmp_path, "bob@home-postfix.test")
    assert (result["verdict"], told) == ("undetermined", "")


@pytest.mark.parametrize("kept", ["addresses: [", "addresses:\n  - alice@home-postfix.test\nconfirmed:\n"])
def test_a_profile_that_is_damaged_or_was_not_agreed_to_counts_for_nothing(tmp_path, known, kept):
    (known / "profile.yml").write_text(kept)
    assert check(tmp_path, ALICE)[0]["verdict"] == "undetermined"


def test_explain_knows_it_too(tmp_path, known):
    done = ndrfilter(tmp_path, "explain", "--no-dns", "--me", ALICE, "--recipient", ALICE, str(BOUNCE))
    assert done.stdout.startswith("GENUINE")
