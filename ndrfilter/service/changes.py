"""Whether anything has changed that the service has read: configuration, rules, rulesets, lists, keys, certificates."""

from __future__ import annotations

import os
from pathlib import Path

from ndrfilter import resources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndrfilter.config import Config

    Stamp = tuple[int, int, int]

_ENDINGS = {"rules": ".ndr", "rulesets": ".yml"}


def sources(config: Config) -> Iterator[Path]:
    """Every file that this configuration is made of; a TLS key may be among them that only root can read."""
    folders = [(resources.root(kind), ending) for kind, ending in _ENDINGS.items()]
    if config.path is not None:
        yield config.path
        folders += [(config.path.absolute().parent / kind, ending) for kind, ending in _ENDINGS.items()]
    for folder, ending in folders:
        for place, _, names in os.walk(folder):
            yield from (Path(place, name) for name in names if name.endswith(ending))
    yield from config.files
    yield from certificates(config)


def certificates(config: Config) -> Iterator[Path]:
    """The certificates and their keys."""
    for one in config.listen:
        yield from (path for path in (one.certificate, one.key) if path is not None)


class Watch:
    """Looks at the files again and again; a change counts when it has stood still from one look to the next."""

    def __init__(self, config: Config, before: Watch | None = None) -> None:
        """`before` has looked at the files just before this configuration was read from them."""
        self._config = config
        looked = self._look()
        known = {} if before is None else before._known
        self._known: dict[Path, Stamp] = {path: known.get(path, stamp) for path, stamp in looked.items()}
        self._seen = self._known

    @property
    def restless(self) -> bool:
        """Whether something has changed that did not count yet: then the next look should come soon."""
        return self._seen != self._known

    def changed(self) -> bool:
        """Look; whether something else stands there than before. It is told once."""
        now = self._look()
        still = now == self._seen
        self._seen = now
        if not still or now == self._known:
            return False
        self._known = now
        return True

    def settle(self) -> None:
        """What stands there now is what is read now."""
        self._known = self._seen = self._look()

    def _look(self) -> dict[Path, Stamp]:
        return {path: _stamp(path) for path in sources(self._config)}


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return 0, 0, -1
    return found.st_ino, found.st_mtime_ns, found.st_size
