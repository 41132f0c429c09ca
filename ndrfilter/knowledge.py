"""What does not depend on the site: plugins loaded, rule files compiled; kept by the process while nothing changes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from time import time
from typing import Any

from ndrfilter import extensions, limits, resources
from ndrfilter.adapters import cache
from ndrfilter.config import Config, RulesetChoice, load_ruleset
from ndrfilter.config.files import opened
from ndrfilter.config.tree import Place
from ndrfilter.engine.ruleset import RuleSet, Thresholds, choose
from ndrfilter.engine.step import STANDING
from ndrfilter.errors import ConfigError, Diagnostic
from ndrfilter.facts import BUILT_IN
from ndrfilter.facts.world import Knowledge
from ndrfilter.lang import Program, Rule, Source, compiled, image
from ndrfilter.noun import Noun
from ndrfilter.plan.asking import Recognising, Ruling
from ndrfilter.plan.triggers import Prices
from ndrfilter.plugin.host import Loaded as Plugins
from ndrfilter.schema import Schema
from ndrfilter.site import Site

Stamp = tuple[str, int, int]


class Inputs(Noun):
    """Everything but the plugins that compiled rules depend on, hashable: files with their stamps."""

    files: tuple[Stamp, ...]
    lists: tuple[tuple[str, str], ...]
    list_stamps: tuple[Stamp, ...]


class Loaded(Noun):
    """Compiled rules with the schema they were checked against."""

    schema: Schema
    program: Program
    bounces: Knowledge
    lists: Mapping[str, Any]
    troubles: tuple[tuple[str, str], ...]
    image: image.Image | None = None  # the program as it was checked, for who reads conditions instead of asking them
    key: str = ""  # of what was compiled

    def world(self, config: Config, site: Site) -> tuple[Schema, Mapping[str, Any]]:
        """The schema and the settings of the plugins that are on for this site, or always."""
        plugins = {**extensions.standing(), **config.settings_for(site)}
        return extensions.active(frozenset(plugins)), plugins

    def plan(self, ruleset: RuleSet) -> Any:
        """The gate's plan for these rules, None where there is none: the one that was kept, else made now."""
        from ndrfilter.gate.plans import plan_for

        def kept() -> dict[str, Any] | None:
            return cache.read(self._plan_key(ruleset), kind="plan") if self.key else None

        return None if self.image is None else plan_for(self.image, self.schema, ruleset, kept)

    def keep_plan(self, ruleset: RuleSet, folder: Path) -> None:
        """Keep the gate's plan for these rules on disk, if it is not there. Raises OSError."""
        key = self._plan_key(ruleset)
        if cache.read(key, kind="plan") is None:
            cache.write(key, {"plan": self.plan(ruleset)}, folder, kind="plan")

    def _plan_key(self, ruleset: RuleSet) -> str:
        from ndrfilter.gate import plans

        makers = stamps(_files_below(".py", Path(plans.__file__).parent))
        read = stamps(map(Path, self.image["inputs"])) if self.image else ()
        return cache.key_of(self.key, read, makers, plans.word_for(ruleset))

    def ruleset(self, config: Config, now: float) -> RuleSet:
        """The rule set that the configuration chooses; raises ConfigError for one that is not there or is wrong."""
        files = stamps(_files_below(".yml", resources.root("rulesets"), config.local_rulesets))
        expired = tuple(rule.name for rule in self.program.rules if rule.expires is not None and rule.expires <= now)
        choice = _choice(config.ruleset, config.local_rulesets, files, config.origin("ruleset"))
        return _chosen(self.program.rules, tuple(self.program.groups.items()), choice, expired)


def of(config: Config, drafts: Iterable[Path] = (), *, with_tests: bool = False) -> Loaded:
    """The rules and plugins of this configuration, and rule files not in force yet; raises ConfigError.

    The rules' tests are there only `with_tests`: then the sources are compiled, and no cache is asked.
    """
    return _loaded(_inputs(config, drafts), with_tests)


def keep(config: Config) -> tuple[Path, Loaded]:
    """Keep the compiled rules of this configuration on disk; raises ConfigError, and OSError from the disk."""
    loaded, folder = of(config), cache.folders()[0]
    made = loaded.image
    assert made is not None  # only rules that somebody compiled by himself have none
    path = cache.write(loaded.key, {**made, "stamps": stamps(map(Path, made["inputs"]))}, folder)
    loaded.keep_plan(loaded.ruleset(config, time()), folder)
    return path, loaded


def keep_once(config: Config) -> None:
    """Keep on disk what is not there of it, for who will come again; no matter if that fails."""
    loaded, folders = of(config), cache.folders()
    if not folders:
        return
    with suppress(OSError):
        if cache.read(loaded.key) is None:
            keep(config)
        else:
            loaded.keep_plan(loaded.ruleset(config, time()), folders[0])


def word_of(config: Config) -> str:
    """What stands for rules, lists, rulesets and plugins as they are now: with another, verdicts may be others."""
    files = _files_below(".yml", resources.root("rulesets"), config.local_rulesets)
    read = (config.path, *config.files) if config.path else config.files
    return cache.key_of(_key(_inputs(config), extensions.loaded()), config.ruleset, stamps(files), stamps(read))


def _inputs(config: Config, drafts: Iterable[Path] = ()) -> Inputs:
    lists = tuple(sorted((name, str(path)) for name, path in config.lists.items()))
    files = stamps((*rule_files(config), *drafts))
    return Inputs(files, lists, stamps(Path(path) for _, path in lists))


def rule_files(config: Config) -> Iterator[Path]:
    """Every rule file in force: ours, then the local ones; sorted, so that a run is like the last."""
    return _files_below(".ndr", resources.root("rules"), config.local_rules)


def _files_below(ending: str, *folders: Path | None) -> Iterator[Path]:
    # A configuration in the checkout itself has the shipped folder beside it: nothing is read twice.
    for folder in dict.fromkeys(folder.resolve() for folder in folders if folder is not None):
        if folder.is_dir():
            for place, inner, names in os.walk(folder):
                inner.sort()
                yield from (Path(place, name) for name in sorted(names) if name.endswith(ending))


@lru_cache(maxsize=8)
def _loaded(inputs: Inputs, with_tests: bool) -> Loaded:
    plugins = extensions.loaded()
    key = "" if with_tests else _key(inputs, plugins)
    kept = cache.read(key) if key else None
    if kept is not None and kept["stamps"] == stamps(map(Path, kept["inputs"])):
        return _finished(plugins, kept, image.link(kept), key)
    return _finished(plugins, *compiled(*_sources(inputs, plugins)), key)


def _sources(inputs: Inputs, plugins: Plugins) -> tuple[list[Source], Schema, dict[str, Path]]:
    paths = [*(Path(name) for name, _, _ in inputs.files), *_files_below(".ndr", *plugins.rule_folders)]
    lists = {name: Path(path) for name, path in inputs.lists}
    return [_source(path) for path in paths], plugins.schema, lists


def _finished(plugins: Plugins, made: image.Image, program: Program, key: str) -> Loaded:
    troubles = tuple((f"plugin {name}", what) for name, what in plugins.troubles)
    recognising = Recognising(program.recognisers, prices(plugins))
    bounces = Knowledge(program.recognisers, program.reasons, recognising)
    return Loaded(plugins.schema, program, bounces, program.lists, troubles, made, key)


def prices(plugins: Plugins) -> Prices:
    """Our own facts by what it costs to ask them. Some are worked out for every message."""
    own = {module.__name__.rpartition(".")[2] for module in BUILT_IN}
    stages = {fact.name: fact.stage for fact in plugins.schema.facts.values() if fact.plugin in own}
    dearest = ("body.text", "trace", "body.links", "body.attachments")
    cheap = STANDING.union(name for name, stage in stages.items() if stage == "message").difference(dearest)
    return Prices(cheap, (*(name for name in stages if name not in cheap and name not in dearest), *dearest))


def _key(inputs: Inputs, plugins: Plugins) -> str:
    bounds = tuple(sorted((name, value) for name, value in vars(limits).items() if name.isupper()))
    facts = tuple(spec._replace(fetch=None, afetch=None) for _, spec in sorted(plugins.schema.facts.items()))
    folders = stamps(_files_below(".ndr", *plugins.rule_folders))
    compiler = stamps(_files_below(".py", Path(image.__file__).parent))
    return cache.key_of(compiler, inputs, folders, bounds, facts, tuple(sorted(plugins.schema.records.items())))


@lru_cache(maxsize=32)
def _choice(name: str, local: Path | None, _files: tuple[Stamp, ...], place: Place) -> _Choice:
    return _Choice(load_ruleset(name, local, place))


class _Choice:
    """A ruleset's choice as a key: it is the same one as long as its files are."""

    __slots__ = ("said",)

    def __init__(self, said: RulesetChoice) -> None:
        self.said = said


@lru_cache(maxsize=32)
def _chosen(
    rules: tuple[Rule, ...], groups: tuple[tuple[str, float], ...], choice: _Choice, expired: tuple[str, ...]
) -> RuleSet:
    said = choice.said
    chosen = choose(
        said.name,
        (rule for rule in rules if rule.name not in expired),
        required=Thresholds(said.required["origin"], said.required["fake"]),
        caps={**dict(groups), **said.caps},
        scores=said.scores,
        mode=lambda rule: said.mode(rule.name, rule.place.rpartition(":")[0], rule.tags, rule.mode),
    )
    return chosen._replace(ruling=Ruling(chosen.rules, prices(extensions.loaded())))


def _source(path: Path) -> Source:
    root = resources.root("rules")
    name = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
    return Source(name, read_text(path, limits.MAX_RULE_FILE), path.parent)


def read_text(path: Path, bound: int) -> str:
    """The text of a rule or list file of at most `bound` bytes; raises ConfigError."""
    try:
        with opened(path) as file:
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


def stamps(paths: Iterable[Path]) -> tuple[Stamp, ...]:
    """The files with what tells that they changed; one that is not there is stamped too, and read with an error."""
    found = []
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            found.append((str(path), 0, -1))
        else:
            found.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(found)
