"""What we remember from one message to the next: SQLite, one file, as many processes as like at once.

Values stand under keys in named tables, each with the time at which it is forgotten; marks are single texts. Keys are
digests made with the folder's secret, so a stolen file tells nobody's address. What a method has returned from
survives the process's death at any moment, and the machine's.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from itertools import islice

from ndrfilter import limits
from ndrfilter.adapters.database import BUSY, NAME, digest, in_memory, on_disk
from ndrfilter.errors import TemporaryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from typing import Any, TypeVar

    from ndrfilter.ports import Clock

    T = TypeVar("T")
    Row = tuple[bytes, bytes, float]

_SWEEP = "DELETE FROM item WHERE (tab, key, value) IN (SELECT tab, key, value FROM item WHERE expires <= ? LIMIT ?)"
_VALUES = "SELECT value FROM item WHERE tab = ? AND key = ? AND expires > ? LIMIT ?"
_COUNT = "SELECT count(*) FROM (SELECT 1 FROM item WHERE tab = ? AND key = ? AND expires > ? LIMIT ?)"
_KEEP = "UPDATE item SET expires = max(expires, :expires) WHERE tab = :tab AND key = :key AND value = :value"
_ADD = "INSERT INTO item VALUES (:tab, :key, :value, :expires) ON CONFLICT DO NOTHING"
_ITEMS = """SELECT key, value, expires FROM item
    WHERE tab = ? AND (key, value) > (?, ?) AND expires > ? ORDER BY key, value LIMIT ?"""
_MARK = "SELECT text FROM mark WHERE name = ?"
_REMOVE = "DELETE FROM item WHERE tab = ? AND key = ? AND value = ?"

_CORRUPT, _FULL, _NO_DATABASE = 11, 13, 26  # SQLite's primary result codes
_INHERITED: list[object] = []
"""Connections of the process that forked us. Closing one here would drop the locks and the WAL of that process."""


def _all(statement: str, *asked: Any) -> Callable[[sqlite3.Connection], list[Any]]:
    return lambda connection: connection.execute(statement, asked).fetchall()


def _each(statement: str, batch: list[Any]) -> Callable[[sqlite3.Connection], int]:
    return lambda connection: connection.executemany(statement, batch).rowcount


class SqliteStore:
    """See `ports.Store`. `folder` is the state folder, None for a store in memory. Opened at first use."""

    def __init__(self, folder: Path | None, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._secret = b""
        self._identity: tuple[int, ...] = ()
        self._lock = allocate_lock()

    def digest(self, *parts: str) -> bytes:
        """16 bytes that stand for these texts, and mean nothing without the folder's secret."""
        if not self._secret:
            self._guarded(lambda _connection: None)
        return digest(self._secret, parts)

    def add(self, table: str, rows: Iterable[Row]) -> None:
        """Keep rows of key, value and the time when it is forgotten, all or none; durable when this returns.

        What was there already is kept for the longer of both times; a key that has too many values gets no more.
        """
        whole = list(rows)
        self._write(lambda connection: [self._put(connection, table, *row) for row in whole])

    def values(self, table: str, key: bytes) -> tuple[bytes, ...]:
        """What is kept under that key, in no order."""
        asked = _all(_VALUES, table, key, self._clock.now(), limits.STORE_VALUES)
        return tuple([value for (value,) in self._guarded(asked)])

    def count(self, table: str, key: bytes, value: bytes, expires: float, most: int = limits.STORE_VALUES) -> int:
        """Keep that value too, unless the key has `most`; how many it has with it, beyond `most` one more."""
        bound = min(most, limits.STORE_VALUES)
        return self._write(lambda connection: self._put(connection, table, key, value, expires, bound))

    def mark(self, name: str) -> str | None:
        """The text of that mark, None if it was never set."""
        rows = self._guarded(_all(_MARK, name))
        return rows[0][0] if rows else None

    def set_mark(self, name: str, text: str) -> None:
        """Set that mark."""
        self._write(lambda connection: connection.execute("REPLACE INTO mark VALUES (?, ?)", (name, text)))

    def items(self, table: str) -> Iterator[Row]:
        """Everything in that table, in order of key. What is written meanwhile may be missing."""
        last = (b"", b"")
        while True:
            rows = self._guarded(_all(_ITEMS, table, *last, self._clock.now(), limits.STORE_BATCH))
            yield from rows
            if len(rows) < limits.STORE_BATCH:
                return
            last = rows[-1][:2]

    def remove(self, table: str, pairs: Iterable[tuple[bytes, bytes]]) -> int:
        """Forget these values of these keys, in several steps if they are many; how many there were."""
        stream, removed = ((table, *pair) for pair in pairs), 0
        while batch := list(islice(stream, limits.STORE_BATCH)):
            removed += self._write(_each(_REMOVE, batch))
        return removed

    def close(self) -> None:
        """Let go of the file; the next call opens it again."""
        if self._connection is not None and self._identity[0] in (0, os.getpid()):
            self._connection.close()
        elif self._connection is not None:
            _INHERITED.append(self._connection)
            self._lock = allocate_lock()
        self._connection = None

    def _put(
        self,
        connection: sqlite3.Connection,
        table: str,
        key: bytes,
        value: bytes,
        expires: float,
        most: int = limits.STORE_VALUES,
    ) -> int:
        """Add one value; how many the key has then."""
        row = {"tab": table, "key": key, "value": value, "expires": expires}
        known = connection.execute(_KEEP, row).rowcount
        there: int = connection.execute(_COUNT, (table, key, self._clock.now(), most)).fetchone()[0]
        if not known and there < most:
            connection.execute(_ADD, row)
        return there + (not known)

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work` in one transaction, and forget a few of those whose time has come."""

        def whole(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.execute(_SWEEP, (self._clock.now(), limits.STORE_SWEEP))
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return result

        return self._guarded(whole)

    def _guarded(self, work: Callable[[sqlite3.Connection], T]) -> T:
        import sqlite3

        try:
            connection = self._opened()
            with self._lock:
                return work(connection)
        except sqlite3.Error as error:
            raise TemporaryError(self._in_words(error)) from error
        except OSError as error:
            raise TemporaryError(f"cannot read or write {self._path}: {error.strerror}") from error

    @property
    def _path(self) -> str:
        return str(self._folder / NAME) if self._folder else "the store in memory"

    def _in_words(self, error: Exception) -> str:
        """What went wrong, and what to do about it."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in BUSY:
            return f"{self._path} has been in use by another process for more than {limits.STORE_TIMEOUT:g} s"
        if code == _FULL:
            return f"{self._path} cannot grow: the disk is full"
        if code in (_CORRUPT, _NO_DATABASE):
            return (
                f"{self._path} is damaged ({error}); nothing in it was changed: restore it from a backup, "
                f"or move {NAME}* away to begin anew"
            )
        return f"cannot read or write {self._path}: {error}"

    def _opened(self) -> sqlite3.Connection:
        """The connection; a new one after a fork, or when the file is not the one that was opened."""
        identity = self._seen()
        if self._connection is not None and identity == self._identity:
            return self._connection
        self.close()
        self._connection, self._secret = in_memory() if self._folder is None else on_disk(self._folder)
        self._identity = self._seen()
        return self._connection

    def _seen(self) -> tuple[int, ...]:
        """The process and the file, 0 for a store in memory or a file that is not there."""
        if self._folder is None:
            return (0,)
        try:
            found = os.stat(f"{self._folder}/{NAME}", follow_symlinks=False)  # noqa: PTH116 - asked for every call
        except OSError:
            return (os.getpid(), 0)
        return (os.getpid(), found.st_dev, found.st_ino)
