"""A whole account at a real Dovecot, and the command as a process that sweeps it; everything is counted."""

from __future__ import annotations

import hashlib
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import alices_account as mail
import pytest
from dovecot_server import DovecotServer
from sweep_process import Command

QUICK = ("-c", "docs/demo/ndrfilter.yml")


class Account:
    """Alice's account: `sweep()` is the command, all else what really lies in the files."""

    def __init__(self, server: DovecotServer, user: str, tmp_path: Path) -> None:
        self.server, self.user, self.state = server, user, tmp_path / "state"
        self.kinds: dict[str, str] = {}
        self.running: list[Command] = []

    # Its mail

    def deliver(self, kind: str, *raws: bytes, folder: str = "INBOX", flags: str = "") -> None:
        """Messages of which is known what they are."""
        for raw in raws:
            self.kinds[_digest(raw)] = kind
            self.server.deliver(self.user, folder, raw, date=mail.received_at(raw), flags=flags)

    def fill(self, every: int = 1) -> None:
        """A life: letters and answers, real bounces of her own mail and of a forger's, fakes; in several folders.

        Of the real ones every second, third … will do where many sweeps have to judge them.
        """
        sent, came = mail.lived()
        real = {kind: raws[::every] for kind, raws in mail.real_bounces().items()}
        self.deliver(mail.ORDINARY, *sent, *map(mail.as_saved, real["genuine"]), folder="Sent", flags="S")
        self.deliver(mail.ORDINARY, *came[::2], *mail.demonstration("not-a-bounce"), flags="FS")
        self.deliver(mail.ORDINARY, *came[1::2])
        self.deliver(mail.GENUINE, *real["genuine"][::2])
        self.deliver("forged", *real["forged"][::2], flags="S")
        self.deliver(mail.GENUINE, *real["genuine"][1::2], folder="Work/2026", flags="R")
        self.deliver("forged", *real["forged"][1::2], folder="Work/2026")
        self.deliver(mail.FAKE, *mail.demonstration("fake"), folder="Junk")
        self.deliver(mail.BACKSCATTER, *(mail.bounce(f"spam{number}") for number in range(12)))
        self.deliver(mail.BACKSCATTER, mail.bounce("thrown-away"), folder="Trash", flags="S")

    def everything(self) -> Counter[tuple[str, str]]:
        """Every message of the whole account with its flags, counted."""
        files = [file for path in self._folders().values() for file in _files(path)]
        found: Counter[tuple[str, str]] = Counter()
        for file in files:
            try:
                found[_digest(file.read_bytes()), file.name.partition(":2,")[2]] += 1
            except FileNotFoundError:
                continue  # it was moved at this very moment
        return found

    def where(self) -> dict[str, Counter[str]]:
        """Which messages lie in which folder; Dovecot's own words for folders, "Work.2026"."""
        found = {name: Counter(map(_digest, mails)) for name, mails in self.server.mails(self.user).items()}
        return {name: Counter(there) for name, there in found.items() if there}

    def what(self, folder: str) -> Counter[str]:
        """How many of which kind lie there."""
        return Counter(self.kinds[digest] for digest in self.where().get(folder, Counter()).elements())

    def number(self, folder: str) -> int:
        """How many lie there."""
        return len(_files(self.server.maildir(self.user, folder)))

    def _folders(self) -> dict[str, Path]:
        root = self.server.maildir(self.user)
        return {"INBOX": root} | {path.name: path for path in root.glob(".*") if path.is_dir()}

    # The command

    @property
    def how(self) -> tuple[str, ...]:
        return ("--ca-file", str(self.server.ca), "--password-file", str(self.server.password_file(self.user)))

    def start(self, *words: str, quick: bool = False, prelude: str = "", place: str = "") -> Command:
        """The command, begun. `quick`: with a configuration instead of what is found out."""
        me = ("--me", mail.ALICE, "--yes", "--no-dns", "--all-sent-is-there")
        who = () if quick or "--undo" in words or "--me" in words else me
        place = place or self.server.place(self.user)
        options = QUICK if quick else ()
        command = Command([*options, "sweep", place, *who, *self.how, *words], self.state, prelude)
        self.running.append(command)
        return command

    def sweep(self, *words: str, code: int = 0, **how: Any) -> Command:
        """The command, ended well, or with that exit code."""
        command = self.start(*words, **how)
        command.ends(code)
        return command

    def close(self) -> None:
        for command in self.running:
            if command.process.poll() is None:
                command.end(signal.SIGKILL)


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _files(maildir: Path) -> list[Path]:
    return sorted(file for part in ("new", "cur") for file in (maildir / part).glob("*"))


@pytest.fixture(scope="session")
def dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DovecotServer]:
    """A Dovecot for all tests that do not stop it."""
    with DovecotServer(tmp_path_factory.mktemp("dovecot")) as server:
        yield server


@pytest.fixture
def empty(dovecot: DovecotServer, tmp_path: Path) -> Iterator[Account]:
    """A new account with nothing in it."""
    made = Account(dovecot, dovecot.newcomer(), tmp_path)
    yield made
    made.close()


@pytest.fixture
def account(empty: Account) -> Account:
    """A new account full of mail."""
    empty.fill()
    return empty


@pytest.fixture
def smaller(empty: Account) -> Account:
    """A new account with some of that mail."""
    empty.fill(every=3)
    return empty


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[..., Account]]:
    """Starts a Dovecot of its own kind, and gives an account there, with some mail."""
    accounts: list[Account] = []

    def start(**options: Any) -> Account:
        server = DovecotServer(tmp_path / f"dovecot{len(accounts)}", **options).__enter__()
        accounts.append(Account(server, "alice", tmp_path))
        accounts[-1].fill(every=3)
        return accounts[-1]

    yield start
    for one in accounts:
        one.close()
        one.server.stop()
