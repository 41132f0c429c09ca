"""The SQLite file behind the store: how it is opened, and how we know that it is ours."""

from __future__ import annotations

import os
from time import monotonic, sleep

from ndrfilter import limits
from ndrfilter.adapters.state import Folder
from ndrfilter.errors import TemporaryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

NAME = "state.db"
BUSY = (5, 6)
"""SQLite's primary result codes for "somebody else is at it"."""
_VERSION = 1
_SCHEMA = (
    "CREATE TABLE item (tab TEXT, key BLOB, value BLOB, expires REAL, PRIMARY KEY (tab, key, value)) WITHOUT ROWID",
    "CREATE INDEX item_expires ON item (expires)",
    "CREATE TABLE mark (name TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID",
    f"PRAGMA user_version = {_VERSION}",
)
_SETTINGS = ("PRAGMA synchronous = FULL", "PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON")
_KEY_MARK = ":key"


def digest(secret: bytes, parts: tuple[str, ...]) -> bytes:
    """16 bytes that stand for these texts."""
    from hashlib import blake2b

    told = blake2b(key=secret, digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        told.update(len(data).to_bytes(8, "big") + data)
    return told.digest()


def in_memory() -> tuple[sqlite3.Connection, bytes]:
    """A database that nobody else sees, and its secret."""
    secret = os.urandom(32)
    return _connect(":memory:", secret), secret


def on_disk(path: Path) -> tuple[sqlite3.Connection, bytes]:
    """The database in that state folder, made if need be, and its secret; raises TemporaryError, sqlite3.Error."""
    folder = Folder(path)
    there = folder.file(NAME) is not None
    secret = folder.secret(make=not there)
    if not there:
        folder.touch(NAME)
    for beside in ("-wal", "-shm"):
        folder.file(NAME + beside)
    return _connect(str(path / NAME), secret), secret


def _connect(path: str, secret: bytes) -> sqlite3.Connection:
    import sqlite3

    connection = sqlite3.connect(path, timeout=limits.STORE_TIMEOUT, isolation_level=None, check_same_thread=False)
    try:
        for setting in _SETTINGS:
            connection.execute(setting)
        _write_ahead(connection)
        _prepare(connection, secret, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to WAL. SQLite does not wait for others who do so at the same moment, so we do."""
    import sqlite3

    deadline = monotonic() + limits.STORE_TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in BUSY or monotonic() > deadline:
                raise
            sleep(0.01)


def _prepare(connection: sqlite3.Connection, secret: bytes, path: str) -> None:
    """Make the tables if there are none; raises TemporaryError if they are not for us."""
    fingerprint = digest(secret, ("key",)).hex()
    if not _version(connection):
        connection.execute("BEGIN IMMEDIATE")
        if not _version(connection):
            for step in _SCHEMA:
                connection.execute(step)
            connection.execute("INSERT INTO mark VALUES (?, ?)", (_KEY_MARK, fingerprint))
        connection.execute("COMMIT")
    if _version(connection) != _VERSION:
        raise TemporaryError(f"{path} was written by another version of ndrfilter (format {_version(connection)})")
    if connection.execute("SELECT text FROM mark WHERE name = ?", (_KEY_MARK,)).fetchone() != (fingerprint,):
        raise TemporaryError(f"{path} was written with another state.key: restore the two together")


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version
