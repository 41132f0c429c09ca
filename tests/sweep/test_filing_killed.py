"""Filing away and taking back in processes that are killed, over every kind of mailbox that is files."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ndrfilter.sweep.mailbox import Mailbox

import pytest
from directory_mailbox import DirectoryMailbox, Quiet

from ndrfilter import limits
from ndrfilter.sweep.filing import FOLDER, file_away, undo
from ndrfilter.sweep.ledger import Ledger
from ndrfilter.sweep.local.maildir import Maildir
from ndrfilter.sweep.local.mbox import Mbox
from ndrfilter.sweep.nouns import Key, Row
from ndrfilter.sweep.state import digest_of

VERDICTS = ("backscatter", "genuine", "fake", "undetermined")
FILLING = {
    "INBOX": [*range(24), *range(0, 12, 4), *range(0, 12, 4)],
    "Work": [*range(0, 20, 2)],
    "Sent": [4],
}
ROUNDS = 8


def mail(number: int) -> bytes:
    return b"From: m%d@example.net\nSubject: no %d\n\nbody %d\n" % (number, number, number)


def number_of(raw: bytes) -> int:
    return int(raw.split(b"Subject: no ")[1].split()[0])


def contents(box: Mailbox) -> dict[str, list[bytes]]:
    """Everything in every folder that holds something."""
    found = {}
    for folder in box.folders():
        box.open(folder.name)
        found[folder.name] = sorted(raw for _, raw in box.raws([item.uid for item in box.items()], 10_000))
    return {name: mails for name, mails in found.items() if mails}


def judged(box: Mailbox, ledger: Ledger) -> None:
    """Rows for all that is there; a message's number, modulo four, is its verdict."""
    nothing = ("", "", "", "", "", False, False, (), "", (), "", None, "")
    for folder in box.folders():
        if folder.name.lower() == "sent":
            continue
        opened = box.open(folder.name)
        rows = []
        for head in box.heads([item.uid for item in box.items()]):
            key = Key(folder.name, opened.generation, head.uid)
            verdict = VERDICTS[number_of(head.header) % 4]
            rows.append(Row(key, verdict, "failure", 1.0, *nothing, "why", digest_of(head.header)))
        ledger.add(opened, (), rows)


def split(before: dict[str, list[bytes]]) -> dict[str, list[bytes]]:
    """What should be where after filing."""
    found = {name: [raw for raw in mails if number_of(raw) % 2 or name == "Sent"] for name, mails in before.items()}
    moved = (raw for name, mails in before.items() for raw in mails if name != "Sent" and number_of(raw) % 2 == 0)
    return {name: mails for name, mails in {**found, FOLDER: sorted(moved)}.items() if mails}


def killed_at(last: int, root: Path, path: Path, what: str, open_: Callable[[Path], Mailbox], told: Any) -> None:
    """File away or take back, and kill yourself at the `last` look at a file; else tell how many there were."""
    left = last

    def count(event: str, given: tuple[Any, ...]) -> None:
        nonlocal left
        if event in ("os.rename", "os.link", "os.remove") or (event == "open" and str(root) in str(given[0])):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    ledger = Ledger(path)
    if what == "file":
        file_away(open_(root), ledger, FOLDER, 2.0, Quiet())
    else:
        undo(open_(root), ledger, 3.0, Quiet())
    told.send(last - left)


def in_a_process(*given: Any) -> tuple[int, int]:
    """The exit code, and how many looks at files there were if it came to its end."""
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe(duplex=False)
    process = fork.Process(target=killed_at, args=(*given, theirs))
    process.start()
    theirs.close()
    process.join(60)
    return process.exitcode, ours.recv() if ours.poll() and not process.exitcode else 0


def renaming(root: Path) -> Mailbox:
    return DirectoryMailbox(root)


def copying(root: Path) -> Mailbox:
    return DirectoryMailbox(root, copying=True)


def maildir(root: Path) -> Mailbox:
    return Maildir(str(root))


def mbox(root: Path) -> Mailbox:
    return Mbox(str(root))


def fill(root: Path, open_: Callable[[Path], Mailbox]) -> None:
    """The same messages, as that kind of mailbox has them."""
    for name, numbers in FILLING.items():
        if open_ is maildir:
            place = root if name == "INBOX" else root / f".{name}"
            for part in ("tmp", "new", "cur"):
                (place / part).mkdir(parents=True)
            for at, number in enumerate(numbers):
                (place / "cur" / f"{name}{at}:2,S").write_bytes(mail(number))
        elif open_ is mbox:
            root.mkdir(exist_ok=True)
            line = b"From m@example.net Sun Nov 22 10:00:00 2026\n"
            (root / name).write_bytes(b"".join(line + mail(number) + b"\n" for number in numbers))
        else:
            DirectoryMailbox(root).fill(name, [mail(number) for number in numbers])


def prepared(root: Path, open_: Callable[[Path], Mailbox]) -> Path:
    """The path of a ledger with rows for a new mailbox."""
    fill(root, open_)
    path = root.with_suffix(".db")
    ledger = Ledger(path)
    ledger.begin("print", 1.0)
    judged(open_(root), ledger)
    ledger.close()
    return path


@pytest.mark.parametrize("open_", [renaming, copying, maildir, mbox])
@pytest.mark.parametrize("what", ["file", "undo"])
def test_killed_at_any_moment_nothing_is_lost_and_nothing_doubled(tmp_path, monkeypatch, open_, what):
    monkeypatch.setattr(limits, "SWEEP_MOVES", 7)
    root = tmp_path / "measured"
    path = prepared(root, open_)
    if what == "undo":
        assert in_a_process(-1, root, path, "file", open_)[0] == 0
    _, moments = in_a_process(-1, root, path, what, open_)
    chance = random.Random(f"{what} {open_.__name__}")
    for number in range(ROUNDS):
        root = tmp_path / f"box{number}"
        path = prepared(root, open_)
        before = contents(open_(root))
        assert sum(map(len, before.values())) == sum(map(len, FILLING.values()))
        if what == "undo":
            in_a_process(-1, root, path, "file", open_)
        moment, soon = chance.randrange(1, moments), chance.randrange(1, 60)
        assert in_a_process(moment, root, path, what, open_)[0] == -signal.SIGKILL
        in_a_process(soon, root, path, what, open_)  # once more, while it puts things right
        ledger = Ledger(path)
        box = open_(root)
        if what == "file":
            file_away(box, ledger, FOLDER, 2.5, Quiet())
            assert contents(box) == split(before)
        done = undo(box, ledger, 4.0, Quiet())
        assert (done.gone, done.left, done.trouble) == (0, 0, "")
        assert contents(box) == before
        assert undo(box, ledger, 5.0, Quiet()).back == 0
        ledger.close()
