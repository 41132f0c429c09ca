"""What does not depend on the site: plugins loaded, rule files compiled; kept by the process while nothing changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from ndrfilter import limits, resources
from ndrfilter.config import Config, RulesetChoice, load_ruleset
from ndrfilter.engine.ruleset import RuleSet, Thresholds, choose
from ndrfilter.errors import ConfigError, Diagnostic
from ndrfilter.facts import BUILT_IN
from ndrfilter.facts.world import Knowledge
from ndrfilter.lang import Program, Source, load
from ndrfilter.noun import Noun
from ndrfilter.plugin.host import Host
from ndrfilter.plugin.host import Loaded as Plugins
from ndrfilter.schema import Schema

Stamp = tuple[str, int, int]


class Loaded(Noun):
    """Compiled rules with the schema they were checked against."""

    schema: Schema
    program: Program
    bounces: Knowledge
    lists: Mapping[str, Any]
    troubles: tuple[tuple[str, str], ...]

    def ruleset(self, config: Config, now: float) -> RuleSet:
        """The rule set that the configuration chooses; raises ConfigError for names that do not exist."""
        choice = _choice(config.ruleset, config.local_rulesets, _stamps(_ruleset_files(config)))
        choice.check_against(self.program)
        return choose(
            choice.name,
            self.program.rules,
            required=Thresholds(choice.required["origin"], choice.required["fake"]),
            caps={**self.program.groups, **choice.caps},
            scores=choice.scores,
            mode=lambda rule: choice.mode(rule.name, rule.place.rpartition(":")[0], rule.tags, rule.mode),
            now=now,
        )


def of(config: Config, drafts: Iterable[Path] = ()) -> Loaded:
    """The rules and plugins of this configuration, and rule files not in force yet; raises ConfigError."""
    files = (*rule_files(config), *drafts)
    lists = tuple(sorted((name, str(path)) for name, path in config.lists.items()))
    return _loaded(
        _stamps(files), lists, _stamps(Path(path) for _, path in lists), config.plugins, _frozen(config.settings)
    )


def rule_files(config: Config) -> Iterable[Path]:
    """Every rule file in force: ours, then the local ones; sorted, so that a run is like the last."""
    yield from sorted(resources.root("rules").rglob("*.ndr"))
    if config.local_rules is not None and config.local_rules.is_dir():
        yield from sorted(config.local_rules.rglob("*.ndr"))


def load_plugins(names: Sequence[str] = (), settings: Mapping[str, Mapping[str, Any]] | None = None) -> Plugins:
    """The built-in facts, the bundled plugins of these names, and what is installed by entry point."""
    chosen = settings or {}
    host = Host()
    for module in BUILT_IN:
        host.add(module.__name__.rpartition(".")[2], module, {})
    for name in names:
        host.add(name, resources.plugin(name), chosen.get(name, {}))
    host.add_entry_points(chosen)
    return host.loaded()


@lru_cache(maxsize=8)
def _loaded(
    files: tuple[Stamp, ...],
    lists: tuple[tuple[str, str], ...],
    _list_stamps: tuple[Stamp, ...],
    plugins: tuple[str, ...],
    settings: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...],
) -> Loaded:
    loaded = load_plugins(plugins, {name: dict(pairs) for name, pairs in settings})
    more = [path for folder in loaded.rule_folders for path in sorted(folder.rglob("*.ndr"))]
    sources = [_source(Path(name)) for name, _, _ in files] + [_source(path) for path in more]
    program = load(sources, loaded.schema, {name: _lines(Path(path)) for name, path in lists})
    return Loaded(
        loaded.schema,
        program,
        Knowledge(program.recognisers, program.reasons),
        program.lists,
        tuple((f"plugin {name}", what) for name, what in loaded.troubles),
    )


@lru_cache(maxsize=32)
def _choice(name: str, local: Path | None, _files: tuple[Stamp, ...]) -> RulesetChoice:
    return load_ruleset(name, local)


def _ruleset_files(config: Config) -> Iterable[Path]:
    folders = (resources.root("rulesets"), config.local_rulesets)
    return (path for folder in folders if folder is not None for path in sorted(folder.glob("*.yml")))


def _source(path: Path) -> Source:
    root = resources.root("rules")
    name = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
    return Source(name, _read(path, limits.MAX_RULE_FILE), path.parent)


def _lines(path: Path) -> list[str]:
    return _read(path, limits.MAX_LIST_FILE).splitlines()


def _read(path: Path, bound: int) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(bound + 1)
        if len(data) > bound:
            raise ConfigError([Diagnostic("E902", f"larger than {bound:,} bytes", str(path), help="split it")])
        return data.decode("utf-8")
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise ConfigError([Diagnostic("E903", message, str(path), help="check its place and permissions")]) from error
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 (byte {error.start + 1})"
        raise ConfigError([Diagnostic("E904", message, str(path), help="save it as UTF-8")]) from error


def _stamps(paths: Iterable[Path]) -> tuple[Stamp, ...]:
    """The files with what tells that they changed; one that is not there is stamped too, and read with an error."""
    stamps = []
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            stamps.append((str(path), 0, -1))
        else:
            stamps.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(stamps)


def _frozen(settings: Mapping[str, Mapping[str, Any]]) -> tuple[tuple[str, tuple[tuple[str, Any], ...]], ...]:
    return tuple(sorted((name, tuple(sorted(values.items()))) for name, values in settings.items()))
