"""What a sweep remembers: the messages it has looked at, what it found, what was done, and who writes to whom.

A run is one look at the mailbox, with one fingerprint. An interrupted run goes on; a new one with the same fingerprint
looks at what was returned again, and takes for known what was ordinary mail.
"""

from __future__ import annotations

import json

from ndrfilter import limits
from ndrfilter.sweep.book import Book
from ndrfilter.sweep.ledgerfile import LedgerFile, kept, told
from ndrfilter.sweep.moves import Moves
from ndrfilter.sweep.nouns import Failed, Folder, Key, Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from ndrfilter.sweep.nouns import Done

ORDINARY = "not-a-bounce"
_FOLDER = "SELECT id, generation FROM folder WHERE name = ?"
_NEWEST = """SELECT row.id, folder.name, folder.generation, row.uid, row.received, row.verdict, row.digest, row.rest
    FROM row JOIN folder ON folder.id = row.folder WHERE row.run = ?1 AND (row.received, row.id) < (?2, ?3)
    ORDER BY row.received DESC, row.id DESC LIMIT ?4"""
_OF_FOLDER = """SELECT row.id, folder.name, folder.generation, row.uid, row.received, row.verdict, row.digest, row.rest
    FROM row JOIN folder ON folder.id = row.folder WHERE row.run = ?1 AND folder.name = ?2
    AND (?3 IS NULL OR row.uid < ?3) AND row.verdict IN (SELECT value FROM json_each(?4))
    ORDER BY row.uid DESC LIMIT ?5"""
_FOLDERS = """SELECT name FROM folder WHERE id IN
    (SELECT folder FROM row WHERE run = ? AND verdict IN (SELECT value FROM json_each(?))) ORDER BY id"""


class Ledger:
    """The ledger in that file, which one process has at a time. Every method raises TemporaryError."""

    def __init__(self, path: Path) -> None:
        self._file = LedgerFile(path)
        self.book = Book(self._file)
        self.moves = Moves(self._file)
        found = self._file.read("SELECT number FROM run")
        self._run = found[0][0] if found else 0

    def begin(self, fingerprint: str, now: float, record: str = "") -> bool:
        """Begin a run. True: an unfinished run with the same fingerprint goes on, with all it has found.

        With another `record`, of what was sent, what was returned is looked at again: it may be somebody's after all.
        """
        found = self._file.read("SELECT fingerprint, finished, record FROM run")
        same = bool(found) and found[0][0] == fingerprint
        if same and found[0][1] is None and found[0][2] == record:
            return True
        if not same:
            self.book.forget(sent=False)
        with self._file.writing() as connection:
            if not same:
                for statement in ("DELETE FROM row", "DELETE FROM ordinary"):
                    connection.execute(statement)
            connection.execute("DELETE FROM run")
            connection.execute("INSERT INTO run VALUES (?, ?, ?, NULL, ?)", (fingerprint, self._run + 1, now, record))
        self._run += 1
        return False

    def finish(self, now: float) -> None:
        """The run has looked at everything: what it did not find any more is forgotten."""
        with self._file.writing() as connection:
            connection.execute("DELETE FROM row WHERE run < ?", (self._run,))
            looked_into = "SELECT id FROM folder WHERE run = ?1"
            connection.execute(f"DELETE FROM ordinary WHERE run < ?1 AND folder IN ({looked_into})", (self._run,))  # noqa: S608
            connection.execute("UPDATE run SET finished = ?", (now,))

    def known(self, folder: Folder, uids: Sequence[str]) -> frozenset[str]:
        """Those that need not be looked at: ordinary mail of any run, which counts for this one now, and this run's."""
        with self._file.writing() as connection:
            number = self._folder(connection, folder)
            return frozenset(uid for uid in uids if self._knows(connection, number, kept(uid)))

    def _knows(self, connection: sqlite3.Connection, folder: int, uid: bytes) -> bool:
        found = connection.execute("SELECT run FROM ordinary WHERE folder = ? AND uid = ?", (folder, uid)).fetchone()
        if found and found[0] != self._run:
            connection.execute("UPDATE ordinary SET run = ? WHERE folder = ? AND uid = ?", (self._run, folder, uid))
        if found:
            return True
        asked = "SELECT 1 FROM row WHERE folder = ? AND uid = ? AND run = ?"
        return connection.execute(asked, (folder, uid, self._run)).fetchone() is not None

    def add(self, folder: Folder, ordinary: Iterable[str], rows: Iterable[Row]) -> None:
        """Remember what was found out about messages of that folder, all of it or nothing."""
        with self._file.writing() as connection:
            number = self._folder(connection, folder)
            known = [(number, kept(uid), self._run) for uid in ordinary]
            connection.executemany("INSERT OR REPLACE INTO ordinary VALUES (?, ?, ?)", known)
            values = [(number, kept(row.key.uid), self._run, *_values(row)) for row in rows]
            connection.executemany("INSERT OR REPLACE INTO row VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)", values)

    def _folder(self, connection: sqlite3.Connection, folder: Folder) -> int:
        """The folder's number. With another generation its keys mean nothing any more, and what they named goes."""
        name = kept(folder.name)
        connection.execute("INSERT OR IGNORE INTO folder VALUES (NULL, ?, ?, 0)", (name, folder.generation))
        number, generation = connection.execute(_FOLDER, (name,)).fetchone()
        if generation != folder.generation:
            connection.execute("DELETE FROM row WHERE folder = ?", (number,))
            connection.execute("DELETE FROM ordinary WHERE folder = ?", (number,))
        update = "UPDATE folder SET generation = ?, run = ? WHERE id = ?"
        connection.execute(update, (folder.generation, self._run, number))
        return int(number)

    def rows(self) -> Iterator[Row]:
        """What this run found of returned mail and fakes, newest first."""
        received, number = float("inf"), 0
        while page := self._file.read(_NEWEST, self._run, received, number, limits.SWEEP_PAGE):
            yield from map(_row, page)
            number, received = page[-1][0], page[-1][4]

    def folders(self, verdicts: Iterable[str]) -> tuple[str, ...]:
        """The folders in which this run found messages of these verdicts."""
        return tuple(told(name) for (name,) in self._file.read(_FOLDERS, self._run, json.dumps([*verdicts])))

    def batches(self, folder: str, verdicts: Iterable[str]) -> Iterator[tuple[Row, ...]]:
        """The rows of these verdicts in that folder, some at a time, by uid.

        From the last to the first, because the second of two same messages may be called the first when that is gone.
        """
        asked, last = json.dumps([*verdicts]), None
        while page := self._file.read(_OF_FOLDER, self._run, kept(folder), last, asked, limits.SWEEP_MOVES):
            yield tuple(map(_row, page))
            last = page[-1][3]

    def counts(self) -> Mapping[str, int]:
        """How many messages of this run have each verdict, ordinary mail included."""
        found = self._file.read("SELECT verdict, count(*) FROM row WHERE run = ? GROUP BY verdict", self._run)
        ordinary = self._file.read("SELECT count(*) FROM ordinary WHERE run = ?", self._run)[0][0]
        return {**dict(found), **({ORDINARY: ordinary} if ordinary else {})}

    def done(self, *states: str) -> Iterator[Done]:
        """What was done in any run, of these states or of all, oldest first."""
        return self.moves.all(*states)

    def close(self) -> None:
        """Let go of the file; nothing is raised."""
        self._file.close()


def _values(row: Row) -> tuple[Any, ...]:
    """A row's columns behind those of its key; what nobody asks for alone is one text."""
    rest = {name: value for name, value in row._asdict().items() if name not in _COLUMNS}
    rest["failed"] = [list(one) for one in row.failed]
    return row.received, row.verdict, row.digest, json.dumps(rest)


_COLUMNS = frozenset(("key", "received", "verdict", "digest"))


def _row(page: tuple[Any, ...]) -> Row:
    _, folder, generation, uid, received, verdict, digest, rest = page
    more = json.loads(rest)
    more["failed"] = tuple(Failed(*one) for one in more["failed"])
    more["to"] = tuple(more["to"])
    key = Key(told(folder), generation, told(uid))
    return Row(key=key, received=received, verdict=verdict, digest=bytes(digest), **more)
