"""The journal of a move between two mbox files, `.NAME.ndrfilter-move` beside the source: what was to go where."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

from ndrfilter import limits
from ndrfilter.noun import Noun
from ndrfilter.sweep.local.files import create, read, sync_folder, trouble
from ndrfilter.sweep.local.mboxindex import digest_in
from ndrfilter.sweep.mailbox import PlaceError
from ndrfilter.terminal import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.sweep.local.mboxindex import Index


class Journal(Noun):
    """The target as seen from the source's folder and its size before; uids; how often digests were in both files."""

    into: str
    size: int
    moving: tuple[str, ...]
    in_source: Counter[str]
    in_target: Counter[str]

    @classmethod
    def of(cls, target: Path, source: Path, here: Index, there: Index, uids: tuple[str, ...]) -> Journal:
        """The journal of that move from `here` to `there`."""
        digests = set(map(digest_in, uids))
        counts = [Counter({digest: found[digest] for digest in digests}) for found in (here.counts(), there.counts())]
        return cls(os.path.relpath(target, source.parent), there.signature[1], uids, *counts)

    def write(self, source: Path) -> None:
        """Have it on the disk; raises OSError."""
        draft = path_of(source).with_suffix(".ndrfilter-journal")
        draft.unlink(missing_ok=True)
        with create(draft, source.stat()) as stream:
            stream.write(json.dumps(self._asdict()).encode())
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path_of(source))
        sync_folder(source.parent)

    @classmethod
    def read(cls, source: Path) -> Journal | None:
        """What was left of a move that was cut short; raises PlaceError for a journal that nobody can read."""
        path = path_of(source)
        try:
            told = json.loads(read(path, limits.MAX_LIST_FILE))
            counts = [Counter({str(key): int(value) for key, value in told[name].items()}) for name in _COUNTS]
            return cls(str(told["into"]), int(told["size"]), tuple(map(str, told["moving"])), *counts)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise trouble(error, path) from error
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise PlaceError(
                f"{escape(str(path))} is damaged: it tells of a move that was cut short. Messages may be in two"
                " folders; remove it when you have looked"
            ) from error

    @staticmethod
    def remove(source: Path) -> None:
        """The move is done; raises OSError."""
        path_of(source).unlink(missing_ok=True)
        sync_folder(source.parent)


_COUNTS = ("in_source", "in_target")


def path_of(source: Path) -> Path:
    """Where the journal is."""
    return source.with_name(f".{source.name}.ndrfilter-move")
