"""What a mailbox has to offer to a sweep, and what can go wrong with one. `local` and `imap` implement it.

Architecture invariant: a mailbox cannot delete. It moves a message whole or not at all, and what it moves it can name.
"""

from __future__ import annotations

from ndrfilter.errors import TemporaryError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Protocol

    from ndrfilter.sweep.nouns import Folder, Head, Item, Moved

    class Mailbox(Protocol):
        """One person's mail. Raises `PlaceError` for what trying again does not mend, else `TemporaryError`."""

        @property
        def name(self) -> str:
            """What people call it, without any secret: imaps://alice@mail.example.com, /home/alice/Maildir."""

        @property
        def fetched(self) -> int:
            """Bytes that came from it so far."""

        def folders(self) -> tuple[Folder, ...]:
            """All folders that hold mail, the inbox first; `messages` may be 0 where counting would cost."""

        def open(self, name: str, *, write: bool = False) -> Folder:
            """Turn to that folder; raises GoneError, BusyError, and with `write` ReadOnlyError."""

        def items(self) -> Iterator[Item]:
            """Everything in the open folder, oldest first by its place there, however much it is."""

        def heads(self, uids: Sequence[str]) -> Iterator[Head]:
            """The headers of these messages; one that is gone meanwhile is passed over."""

        def raws(self, uids: Sequence[str], limit: int) -> Iterator[tuple[str, bytes]]:
            """These messages, each cut at `limit` bytes; one that is gone meanwhile is passed over."""

        def make(self, name: str) -> str:
            """Make and subscribe that folder unless it is there; what the mailbox calls it."""

        def move(self, uids: Sequence[str], into: str) -> Iterator[Moved]:
            """Move these messages from the open folder, flags and dates kept; one that is gone is passed over.

            What was moved is told as soon as it was: after an exception all the others are where they were.
            """

        def tag(self, uids: Sequence[str], keyword: str, *, on: bool = True) -> Iterator[str]:
            """Set or take away a keyword; the uids of which that is done. Raises PlaceError where there are none."""

        def wait(self, seconds: float) -> bool:
            """Wait until the open folder may have changed, so long at most; whether it may have.

            What counts is how it was when its items were asked for last, in whatever folder one has been since.
            """

        def close(self) -> None:
            """Let go of it; nothing is raised."""

    class Finishing(Protocol):
        """What a mailbox offers too whose moves can be cut off half way, so that a message is in both folders."""

        def finish(self, uid: str, into: str, copy: str) -> bool:
            """Finish such a move: the message under `copy` in `into` stays, and the same one in the open folder goes.

            False where it cannot be made sure that it is the same one, or not taken away alone: then both stay.
            """


class PlaceError(UsageError):
    """A mailbox that cannot be used as asked (exit code 2): the sentence says what would be right."""


class GoneError(PlaceError):
    """The folder is not there, or not any more."""


class ReadOnlyError(PlaceError):
    """The mailbox lets nobody, or not this person, change anything there."""


class QuotaError(PlaceError):
    """There is no room for what was asked; nothing was changed."""


class BusyError(TemporaryError):
    """That folder cannot be used now; others may be."""


class CutOffError(TemporaryError):
    """The connection was lost: to ask again goes on where it was."""
