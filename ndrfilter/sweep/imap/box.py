"""The mailbox as a sweep sees it: `Mailbox` over a session, which comes anew when the connection was lost."""

from __future__ import annotations

import time
from contextlib import suppress

from ndrfilter import limits
from ndrfilter.errors import TemporaryError
from ndrfilter.sweep.imap import fetch, moves
from ndrfilter.sweep.imap import folders as listing
from ndrfilter.sweep.imap.connect import connect
from ndrfilter.sweep.imap.session import Refused
from ndrfilter.sweep.mailbox import GoneError, PlaceError
from ndrfilter.sweep.nouns import Folder
from ndrfilter.terminal import clip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ndrfilter.sweep.imap.secrets import Secret
    from ndrfilter.sweep.imap.server import Server
    from ndrfilter.sweep.imap.session import Session
    from ndrfilter.sweep.nouns import Head, Item, Moved
    from ndrfilter.sweep.places import Access

_SHOWN = 200  # characters


class ImapMailbox:
    """Somebody's mail at an IMAP server; what each method does and raises stands at `sweep.mailbox.Mailbox`."""

    def __init__(self, server: Server, secret: Secret, access: Access) -> None:
        """Logs in; raises PlaceError, TemporaryError."""
        self._server, self._secret, self._access = server, secret, access
        self._session: Session = connect(server, secret, access)
        self._fetched_before = 0
        self._listed: tuple[listing.Listed, ...] | None = None
        self._opened: listing.Opened | None = None
        self._write, self._idles = False, True
        self._read: dict[str, tuple[int, int]] = {}  # by folder, the mark when its items were asked for

    @property
    def name(self) -> str:
        """imaps://user@host"""
        return self._server.name

    @property
    def fetched(self) -> int:
        """Bytes that came from the server, over all connections, TLS taken off."""
        return self._fetched_before + self._session.fetched

    def folders(self) -> tuple[Folder, ...]:
        """As they are now; `messages` is 0, counting would cost."""
        self._listed = listing.listed(self._session)
        return listing.folders_of(self._listed)

    def _known(self) -> tuple[listing.Listed, ...]:
        if self._listed is None:
            self._listed = listing.listed(self._session)
        return self._listed

    def _wire(self, name: str) -> bytes:
        """The folder's name as the server spells it."""
        spelled = next((one.wire for one in self._known() if one.name == name), None)
        return listing.wire_name(name) if spelled is None else spelled

    def open(self, name: str, *, write: bool = False) -> Folder:
        """EXAMINE, or with `write` SELECT."""
        self._opened = None
        role = next((folder.role for folder in listing.folders_of(self._known()) if folder.name == name), "")
        self._opened = listing.open_folder(self._session, name, self._wire(name), role, write)
        self._write = write
        return self._opened.folder

    def again(self) -> Folder | None:
        """Connects anew and opens the folder that was open; GoneError if it is another one now (UIDVALIDITY)."""
        before, fetched = self._opened, self.fetched
        self._session.close()
        self._session = connect(self._server, self._secret, self._access)
        self._fetched_before, self._listed = fetched, None
        if before is None:
            return None
        try:
            now = self.open(before.folder.name, write=self._write)
        except TemporaryError:
            self._opened = before  # for the next try
            raise
        if now.generation != before.folder.generation:
            self._opened = None
            raise GoneError(f"the folder {clip(now.name, _SHOWN)} was made anew meanwhile: begin again")
        return now

    def items(self) -> Iterator[Item]:
        """By sequence numbers, some hundred at a time."""
        opened = self._current()
        self._read[opened.folder.name] = _mark(opened)
        return fetch.items(self._session, opened.folder.messages)

    def heads(self, uids: Sequence[str]) -> Iterator[Head]:
        """The header and BODYSTRUCTURE; `types` is (b"unknown",) where only the whole message tells them."""
        return fetch.heads(self._session, uids)

    def raws(self, uids: Sequence[str], limit: int) -> Iterator[tuple[str, bytes]]:
        """BODY.PEEK[], up to 16 MiB at once."""
        return fetch.raws(self._session, uids, limit)

    def make(self, name: str) -> str:
        """CREATE and SUBSCRIBE, in the person's own namespace; "/" stands for the server's delimiter."""
        found = listing.listed(self._session)
        full = listing.full_name(self._session, name, found)
        if not any(one.name == full and not one.uses & listing.NO_MAIL for one in found):
            listing.make_folder(self._session, full)
            found = listing.listed(self._session)
        self._listed = found
        return full

    def move(self, uids: Sequence[str], into: str) -> Iterator[Moved]:
        """UID MOVE; without it UID COPY, and UID EXPUNGE of what the server says it copied."""
        if self._current().folder.name == into:
            raise PlaceError(f"{clip(into, _SHOWN)}: that is where they are")
        return moves.move(self._session, uids, into, self._wire(into))

    def finish(self, uid: str, into: str, copy: str) -> bool:
        """Byte for byte the same message, or both stay; there has to be UIDPLUS."""
        before, write = self._current().folder, self._write
        here = dict(self.raws([uid], limits.MAX_MESSAGE)).get(uid)
        self.open(into)
        there = dict(self.raws([copy], limits.MAX_MESSAGE)).get(copy)
        now = self.open(before.name, write=write)
        same = here is not None and here == there and len(here) < limits.MAX_MESSAGE
        if not same or now.generation != before.generation or not self._session.has("UIDPLUS"):
            return False
        moves.take_out(self._session, [uid])
        return True

    def tag(self, uids: Sequence[str], keyword: str, *, on: bool = True) -> Iterator[str]:
        """UID STORE."""
        opened = self._current()
        if on and not opened.any_keyword and keyword.lower() not in opened.keywords:
            raise PlaceError(f"{self.name}: {clip(opened.folder.name, _SHOWN)} keeps no keywords; use --move")
        return moves.tag(self._session, uids, keyword, on)

    def wait(self, seconds: float) -> bool:
        """IDLE, asked anew in time; where there is none, NOOP every half minute."""
        opened = self._current()
        until = time.monotonic() + seconds
        came = self._read.get(opened.folder.name, _mark(opened)) != _mark(opened)
        news = self._session.take_news() or came
        while not news and (left := until - time.monotonic()) > 0:
            news = self._listen(left)
        return news

    def _listen(self, seconds: float) -> bool:
        if self._idles and self._session.has("IDLE"):
            try:
                return self._session.idle(min(seconds, limits.IMAP_IDLE))
            except Refused:
                self._idles = False
        time.sleep(min(seconds, limits.IMAP_POLL))
        with suppress(Refused):  # it is asked again soon
            self._session.run("NOOP")
        return self._session.take_news()

    def _current(self) -> listing.Opened:
        if self._opened is None:
            raise GoneError("no folder is open")
        return self._opened

    def close(self) -> None:
        """Logs out."""
        self._session.goodbye()


def _mark(opened: listing.Opened) -> tuple[int, int]:
    """What is another as soon as mail has come into that folder, or it was made anew."""
    return opened.folder.generation, opened.next_uid or opened.folder.messages
