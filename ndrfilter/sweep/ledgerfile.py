"""The SQLite file behind a ledger: how it is opened, that one sweep has it at a time, and its troubles in words.

Names of folders and messages are kept as bytes, for a file's name need not be text.
"""

from __future__ import annotations

import os
from contextlib import contextmanager

from ndrfilter import limits
from ndrfilter.errors import TemporaryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

_VERSION = 2
_SCHEMA = (
    "CREATE TABLE run (fingerprint TEXT, number INTEGER, begun REAL, finished REAL, record TEXT)",
    "CREATE TABLE folder (id INTEGER PRIMARY KEY, name BLOB UNIQUE, generation INTEGER, run INTEGER)",
    "CREATE TABLE ordinary (folder INTEGER, uid BLOB, run INTEGER, PRIMARY KEY (folder, uid)) WITHOUT ROWID",
    """CREATE TABLE row (id INTEGER PRIMARY KEY, folder INTEGER, uid BLOB, run INTEGER, received REAL, verdict TEXT,
        digest BLOB, rest TEXT, UNIQUE (folder, uid))""",
    "CREATE INDEX row_newest ON row (run, received, id)",
    """CREATE TABLE done (id INTEGER PRIMARY KEY, folder BLOB, generation INTEGER, uid BLOB, what TEXT, state TEXT,
        digest BLOB, target BLOB, target_generation INTEGER, target_uid BLOB, verdict TEXT, time REAL,
        UNIQUE (folder, generation, uid, what))""",
    "CREATE INDEX done_state ON done (what, state, target, folder, id)",
    "CREATE INDEX done_target ON done (target, target_generation, target_uid)",
    """CREATE TABLE before (folder BLOB, generation INTEGER, uid BLOB, PRIMARY KEY (folder, generation, uid))
        WITHOUT ROWID""",
    "CREATE TABLE address (kind TEXT, address TEXT, number INTEGER, PRIMARY KEY (kind, address)) WITHOUT ROWID",
    f"PRAGMA user_version = {_VERSION}",
)
_SETTINGS = ("PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON", "PRAGMA journal_mode = WAL")
_BUSY, _CORRUPT, _FULL, _NO_DATABASE = (5, 6), 11, 13, 26  # SQLite's primary result codes
_KEPT = "what was filed away is recorded in it too, and --undo goes by that"


def kept(text: str) -> bytes:
    """A name as it is kept."""
    return text.encode("utf-8", "surrogatepass")


def told(data: bytes) -> str:
    """The name that is kept as `data`."""
    return data.decode("utf-8", "surrogatepass")


class LedgerFile:
    """An open ledger. All methods raise TemporaryError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._guarded():
            self._lock = _locked(path)
            try:
                self._connection = _connect(path)
            except BaseException:
                self._lock.close()
                raise

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """One transaction; a `durable` one survives the machine's death, any other this process's."""
        with self._guarded():
            connection = self._connection
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def read(self, statement: str, *asked: Any) -> list[Any]:
        """All that the statement finds."""
        with self._guarded():
            return self._connection.execute(statement, asked).fetchall()

    def close(self) -> None:
        """Let go of the file; nothing is raised."""
        self._connection.close()
        self._lock.close()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        import sqlite3

        try:
            yield
        except sqlite3.Error as error:
            raise TemporaryError(self._in_words(error)) from error
        except OSError as error:
            raise TemporaryError(f"cannot read or write {self.path}: {error.strerror}") from error

    def _in_words(self, error: Exception) -> str:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _BUSY:
            return f"{self.path} has been in use by another process for more than {limits.SWEEP_WAIT:g} s"
        if code == _FULL:
            return f"{self.path} cannot grow: the disk is full"
        if code in (_CORRUPT, _NO_DATABASE):
            return f"{self.path} is damaged ({error}): restore it, or move it away to begin anew; but {_KEPT}"
        return f"cannot read or write {self.path}: {error}"


def _locked(path: Path) -> sqlite3.Connection:
    """A lock beside the ledger that goes when this process does, on every system; with the time since it is held."""
    import sqlite3
    from time import time

    beside = path.with_suffix(".lock")
    _make_private(beside)
    _make_private(since := path.with_suffix(".since"))
    lock = sqlite3.connect(beside, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        lock.execute("BEGIN EXCLUSIVE")
        since.write_text(f"{time():.0f}", encoding="ascii")
    except sqlite3.OperationalError as error:
        lock.close()
        if error.sqlite_errorcode & 0xFF not in _BUSY:
            raise
        raise TemporaryError(f"another sweep of this mailbox is running{_since(since)}; let it end first") from None
    except BaseException:
        lock.close()
        raise
    return lock


def _since(path: Path) -> str:
    from time import localtime, strftime

    try:
        return strftime(" (since %Y-%m-%d %H:%M)", localtime(int(path.read_text(encoding="ascii"))))
    except (OSError, ValueError, OverflowError):
        return ""


def _connect(path: Path) -> sqlite3.Connection:
    import sqlite3

    _make_private(path)
    connection = sqlite3.connect(path, timeout=limits.SWEEP_WAIT, isolation_level=None, check_same_thread=False)
    try:
        for setting in _SETTINGS:
            connection.execute(setting)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.execute("BEGIN IMMEDIATE")
            for step in _SCHEMA:
                connection.execute(step)
            connection.execute("COMMIT")
        elif version != _VERSION:
            raise TemporaryError(
                f"{path} was written by another version of ndrfilter (format {version}): use that one, or move the "
                f"file away to begin anew; but {_KEPT}"
            )
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _make_private(path: Path) -> None:
    """An empty file for its owner alone, unless it is there; raises OSError."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return
