"""The measurements: each makes its mailbox, runs the command, and says what that took and found."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from bench.speed.figures import Figure, Report
from bench.sweep.mailboxes import ALICE, files, half, many, to_alice
from bench.sweep.mailboxes import maildir as maildir_of

ROOT = Path(__file__).resolve().parents[2]


class Run(NamedTuple):
    """One sweep: seconds by the clock and of the processor, megabytes at the most, what it printed."""

    wall: float
    cpu: float
    memory: float
    rows: list[dict]
    told: str


def sweep(home: Path, place: str, *options: str) -> Run:
    """Run the command to its end; raises AssertionError if that is not a good one."""
    usual = ("--me", ALICE, "--yes", "--no-dns", "--json")
    command = [sys.executable, "-m", "ndrfilter", "sweep", place, *usual, *options]
    environ = {**os.environ, "NDRFILTER_STATE": str(home / "state")}
    began = time.perf_counter()
    with (home / "out").open("wb") as out, (home / "err").open("wb") as err:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    told = (home / "err").read_text()
    assert status == 0, told
    rows = [json.loads(line) for line in (home / "out").read_text().splitlines()]
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, rows, told)


def maildir(home: Path, messages: int) -> Report:
    """A Maildir: once from nothing, once with everything known."""
    raws, note = many(messages)
    place = maildir_of(home / "Maildir", {"": files(home / "mail", raws), "Sent": []})
    first, second = sweep(home, str(place)), sweep(home, str(place))
    return Report(f"A Maildir of {messages:,} messages", [*_cost(first, messages), *_again(second, messages)], [note])


def imap(home: Path, messages: int) -> Report:
    """A folder of a Dovecot on loopback, TLS."""
    sys.path.append(str(ROOT / "tests"))
    from dovecot_server import DovecotServer

    raws, note = many(messages)
    found = files(home / "mail", raws)
    with DovecotServer(home / "dovecot") as server:
        for file in found:
            server.deliver("alice", "INBOX", file.read_bytes())
        ways = ("--password-file", str(server.password_file("alice")), "--ca-file", str(server.ca))
        first, second = (sweep(home, server.place("alice"), *ways) for _ in range(2))
    size = sum(file.stat().st_size for file in found)
    fetched = int(re.search(r"read ([\d,]+) bytes", first.told)[1].replace(",", ""))
    figures = [
        *_cost(first, messages),
        Figure("bytes fetched a message", fetched / messages, "bytes"),
        Figure("bytes a message has", size / messages, "bytes"),
        *_again(second, messages),
    ]
    return Report(f"An IMAP folder of {messages:,} messages", figures, [note])


def verdicts(home: Path, _messages: int) -> Report:
    """Real bounces to one person, with half of the originals in Sent."""
    kept, rest, sent = half(to_alice())
    inbox = files(home / "mail", [*kept, *rest])
    place = maildir_of(home / "Maildir", {"": inbox, "Sent": files(home / "sent", sent)})
    number = {f"1790000000.M{place}.bench": place for place in range(len(inbox))}
    found = {number[row["key"]["uid"]]: row["verdict"] for row in sweep(home, str(place)).rows}
    figures = []
    for words, among in (("in Sent", range(len(kept))), ("not in Sent", range(len(kept), len(inbox)))):
        tally = Counter(found.get(one, "not-a-bounce") for one in among)
        figures += [Figure(f"original {words}: {verdict}", count, "") for verdict, count in tally.most_common()]
    lost = sum(found.get(one) not in ("genuine", "undetermined") for one in range(len(kept)))
    figures.append(Figure("original in Sent, and lost", lost, "", most=0))
    return Report(f"{len(inbox):,} bounces, half of their originals in Sent", figures, [])


def _cost(run: Run, messages: int) -> list[Figure]:
    return [
        Figure("messages a second", messages / run.wall, "/s"),
        Figure("processor time a message", run.cpu / messages * 1e6, "µs"),
        Figure("memory at the most", run.memory, "MB"),
    ]


def _again(run: Run, messages: int) -> list[Figure]:
    return [Figure("messages a second, the next time", messages / run.wall, "/s")]
