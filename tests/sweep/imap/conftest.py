"""What tests of IMAP share: a Dovecot that runs as long as they do, with a mailbox of its own for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dovecot_server import DovecotServer

from ndrfilter.sweep.places import Access, open_place


class Account:
    """A mailbox at a Dovecot: `open()` is what a sweep sees, all else what really is there."""

    def __init__(self, server: DovecotServer, user: str) -> None:
        self.server, self.user = server, user
        self._opened: list[Any] = []

    @property
    def access(self) -> Access:
        return Access(ca_file=self.server.ca, password_file=self.server.password_file(self.user))

    def open(self, **kwargs: Any) -> Any:
        """Logged in; closed with the test."""
        self._opened.append(open_place(self.server.place(self.user, **kwargs), self.access))
        return self._opened[-1]

    def deliver(self, *subjects: str, folder: str = "INBOX", **kwargs: Any) -> None:
        for subject in subjects:
            self.server.deliver(self.user, folder, letter(subject), **kwargs)

    def subjects(self) -> dict[str, list[str]]:
        """What lies where."""
        return {
            folder: sorted(raw.split(b"\n", 1)[0].removeprefix(b"Subject: ").decode().strip() for raw in mails)
            for folder, mails in self.server.mails(self.user).items()
        }

    def close(self) -> None:
        for one in self._opened:
            one.close()


def letter(subject: str) -> bytes:
    return f"Subject: {subject}\r\nFrom: a@example.com\r\n\r\nText of {subject}.\r\n".encode()


@pytest.fixture(scope="session")
def dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DovecotServer]:
    """A Dovecot for all tests; who stops it or wants another kind takes `server`."""
    with DovecotServer(tmp_path_factory.mktemp("dovecot")) as server:
        yield server


@pytest.fixture
def account(dovecot: DovecotServer) -> Iterator[Account]:
    """A new mailbox."""
    made = Account(dovecot, dovecot.newcomer())
    yield made
    made.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[..., Account]]:
    """Starts a Dovecot of its own kind, and gives a mailbox there."""
    running: list[DovecotServer] = []
    accounts: list[Account] = []

    def start(**options: Any) -> Account:
        running.append(DovecotServer(tmp_path / f"dovecot{len(running)}", **options).__enter__())
        accounts.append(Account(running[-1], "alice"))
        return accounts[-1]

    yield start
    for one in (*(account.close for account in accounts), *(server.stop for server in running)):
        one()
