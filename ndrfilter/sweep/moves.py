"""What was done with messages, and what was meant to be: written before and after, so that a crash leaves no riddle."""

from __future__ import annotations

import json

from ndrfilter import limits
from ndrfilter.noun import Noun
from ndrfilter.sweep.ledgerfile import kept, told
from ndrfilter.sweep.nouns import Done, Key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from ndrfilter.sweep.ledgerfile import LedgerFile
    from ndrfilter.sweep.nouns import Folder, Row

MOVED, TAGGED = "moved", "tagged"
MEANT, DONE, RETURNING, UNDONE, DOUBLED = "meant", "done", "returning", "undone", "doubled"
MOVABLE = ("backscatter", "fake")
"""The verdicts that may be filed away; a genuine message, and one that is not certain, never is."""
_COLUMNS = "id, folder, generation, uid, what, state, digest, target, target_generation, target_uid, verdict, time"
_ALL = f"SELECT {_COLUMNS} FROM done WHERE id > ? AND state IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT ?"  # noqa: S608
_BATCH = f"""SELECT {_COLUMNS} FROM done WHERE what = ? AND state = ? AND target = ? AND folder = ? AND id > ?
    ORDER BY id LIMIT ?"""  # noqa: S608
_WAYS = "SELECT DISTINCT target, folder FROM done WHERE what = ? AND state = ?"
_WRITE = """INSERT INTO done VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (folder, generation, uid, what) DO UPDATE SET state = excluded.state, digest = excluded.digest,
    target = excluded.target, target_generation = excluded.target_generation, target_uid = excluded.target_uid,
    verdict = excluded.verdict, time = excluded.time"""
_CLAIMED = """SELECT 1 FROM done WHERE target = ? AND target_generation = ? AND target_uid = ? AND what = 'moved'
    AND state = 'done'"""
_SEEN = "INSERT OR IGNORE INTO before VALUES (?, ?, ?)"
_STATES = (MEANT, DONE, RETURNING, UNDONE, DOUBLED)


class Way(Noun):
    """From one folder to another; a keyword stands in `target` where messages were tagged."""

    folder: str
    target: str


class Moves:
    """A ledger's record of what was done. All methods raise TemporaryError, and are durable when they return."""

    def __init__(self, file: LedgerFile) -> None:
        self._file = file

    def mean(self, rows: Iterable[Row], what: str, target: str, now: float) -> tuple[Done, ...]:
        """Write down what is going to be done, before it is; raises ValueError for what must not be moved."""
        intents = tuple(
            Done(row.key, what, MEANT, row.digest, target, 0, "", row.verdict, now) for row in rows if _may(row, what)
        )
        self.write(intents)
        return intents

    def write(self, records: Iterable[Done], arrived: Iterable[Key] = ()) -> None:
        """Write these down, each instead of what was there of the same message; and where they have arrived."""
        with self._file.writing(durable=True) as connection:
            connection.executemany(_WRITE, map(_values, records))
            connection.executemany(_SEEN, map(_kept_key, arrived))

    def forget(self, records: Iterable[Done]) -> None:
        """Nothing came of these."""
        keys = [(kept(key.folder), key.generation, kept(key.uid), what) for key, what, *_ in records]
        with self._file.writing(durable=True) as connection:
            asked = "DELETE FROM done WHERE folder = ? AND generation = ? AND uid = ? AND what = ?"
            connection.executemany(asked, keys)

    def all(self, *states: str) -> Iterator[Done]:
        """Everything of these states, or of all, oldest first."""
        last, asked = 0, json.dumps(states or _STATES)
        while page := self._file.read(_ALL, last, asked, limits.SWEEP_PAGE):
            yield from map(_done, page)
            last = page[-1][0]

    def ways(self, what: str, state: str) -> tuple[Way, ...]:
        """The ways that messages of which this was done have gone."""
        found = self._file.read(_WAYS, what, state)
        return tuple(Way(told(folder), told(target)) for target, folder in found)

    def batches(self, what: str, state: str, way: Way) -> Iterator[tuple[Done, ...]]:
        """What went that way, some at a time; whoever gets it may write something else of it."""
        last, asked = 0, (what, state, kept(way.target), kept(way.folder))
        while page := self._file.read(_BATCH, *asked, last, limits.SWEEP_MOVES):
            yield tuple(map(_done, page))
            last = page[-1][0]

    def state(self, key: Key, what: str) -> str:
        """The state of what was done with that message, "" for nothing."""
        asked = "SELECT state FROM done WHERE folder = ? AND generation = ? AND uid = ? AND what = ?"
        found = self._file.read(asked, kept(key.folder), key.generation, kept(key.uid), what)
        return str(found[0][0]) if found else ""

    def claimed(self, key: Key) -> bool:
        """Whether that message is one that was moved there, as a record says."""
        return bool(self._file.read(_CLAIMED, *_kept_key(key)))

    def targets(self) -> frozenset[str]:
        """All folders that messages were moved into, and not all of them taken back."""
        found = self._file.read("SELECT DISTINCT target FROM done WHERE what = ? AND state != ?", MOVED, UNDONE)
        return frozenset(told(target) for (target,) in found)

    def number(self, what: str, state: str) -> int:
        """How many messages this was done with."""
        return int(self._file.read("SELECT count(*) FROM done WHERE what = ? AND state = ?", what, state)[0][0])

    def look(self, folder: Folder, uids: Iterable[str]) -> None:
        """Remember what is in a folder before anything is put there."""
        with self._file.writing(durable=True) as connection:
            connection.execute("DELETE FROM before WHERE folder = ?", (kept(folder.name),))
            connection.executemany(_SEEN, ((kept(folder.name), folder.generation, kept(uid)) for uid in uids))

    def was_there(self, folder: Folder, uid: str) -> bool:
        """Whether that message was in the folder when we looked, or is known to have arrived since."""
        asked = "SELECT 1 FROM before WHERE folder = ? AND generation = ? AND uid = ?"
        return bool(self._file.read(asked, kept(folder.name), folder.generation, kept(uid)))

    def rename(self, pairs: Sequence[tuple[Key, Key]]) -> None:
        """Messages that were tagged are elsewhere now."""
        with self._file.writing(durable=True) as connection:
            for old, new in pairs:
                asked = """UPDATE OR REPLACE done SET folder = ?, generation = ?, uid = ?
                    WHERE folder = ? AND generation = ? AND uid = ? AND what = 'tagged'"""
                connection.execute(asked, (*_kept_key(new), *_kept_key(old)))


def _may(row: Row, what: str) -> bool:
    if what == MOVED and row.verdict not in MOVABLE:
        raise ValueError(f"a message that is {row.verdict} is not moved")
    return True


def _kept_key(key: Key) -> tuple[bytes, int, bytes]:
    return kept(key.folder), key.generation, kept(key.uid)


def _values(one: Done) -> tuple[Any, ...]:
    where = (kept(one.into), one.into_generation, kept(one.into_uid))
    return (*_kept_key(one.key), one.what, one.state, one.digest, *where, one.verdict, one.time)


def _done(page: tuple[Any, ...]) -> Done:
    _, folder, generation, uid, what, state, digest, into, into_generation, into_uid, verdict, time = page
    key = Key(told(folder), generation, told(uid))
    return Done(key, what, state, bytes(digest), told(into), into_generation, told(into_uid), verdict, time)
