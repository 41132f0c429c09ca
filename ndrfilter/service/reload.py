"""When to read everything again, and what may come of it: a filter for new workers, or diagnostics."""

from __future__ import annotations

from ndrfilter.errors import NdrError
from ndrfilter.noun import Noun
from ndrfilter.service import generation
from ndrfilter.service.changes import Watch
from ndrfilter.service.journal import Journal
from ndrfilter.terminal import in_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ndrfilter.api import Filter
    from ndrfilter.config import Config
    from ndrfilter.config.model import Listener
    from ndrfilter.service.sockets import Bound, Sockets

_FIXED = ("user", "group", "workers")


class Fresh(Noun):
    """What was read; `restart` are the settings that changed and stay as they were until a restart."""

    judge: Filter
    bound: tuple[Bound, ...]
    journal: Journal
    restart: tuple[str, ...]


class ReloadError(NdrError):
    """Why what was read is not taken, in the words of `ndrfilter config check`."""


class Reloads:
    """Remembers that a reload was asked for, looks for changed files, and reads."""

    def __init__(self, load: Callable[[], Filter], sockets: Sockets, config: Config, interval: float) -> None:
        """`interval` is the time between looks at the files, in seconds."""
        self._load = load
        self._sockets = sockets
        self._first = config
        self._interval = interval
        self._watch = Watch(config)
        self._next = 0.0
        self.watching = config.service.watch
        self.wanted = False

    def due(self, now: float) -> bool:
        """Whether somebody asked, or a file has changed and stood still since."""
        if self.watching and now >= self._next:
            self.wanted |= self._watch.changed()
            self._next = now + (self._interval / 4 if self._watch.restless else self._interval)
        return self.wanted

    def read(self) -> Fresh:
        """Read everything; raises ReloadError, and nothing else whatever stands in the files."""
        self.wanted = False
        self._watch.settle()
        try:
            judge = generation.prepared(self._load)
            same = _places(judge.config) == _places(self._first)
            bound = self._sockets.adopt(judge.config) if same else tuple(self._sockets.bound)
            journal = Journal.open(judge.config.service)
        except NdrError as error:
            raise ReloadError(in_words(error)) from None
        except Exception as error:  # a plugin, or a limit of Python: the old rules are better than none
            raise ReloadError(f"{type(error).__name__}: {error}") from None
        self._watch = Watch(judge.config, self._watch)
        self.watching = judge.config.service.watch
        return Fresh(judge, bound, journal, tuple(self._unchanged(judge.config, same)))

    def _unchanged(self, config: Config, same: bool) -> list[str]:
        now, first = config.service, self._first.service
        keys = [f"service.{key}" for key in _FIXED if getattr(now, key) != getattr(first, key)]
        return keys if same else ["listen", *keys]


def _places(config: Config) -> tuple[Listener, ...]:
    """Where it listens, without what can change while it does."""
    return tuple(one._replace(certificate=None, key=None, outbound=()) for one in config.listen)
