"""`freeze`: from a configuration to plain data. It runs when something is compiled, so it may take its time."""

from __future__ import annotations

import os
import sys
from hashlib import blake2b
from pathlib import Path
from time import time

from ndrfilter import __version__, extensions, knowledge, resources
from ndrfilter.config.reading import places
from ndrfilter.config.rulesets import load_ruleset
from ndrfilter.facts import BUILT_IN
from ndrfilter.frozen import VERSION, NotFrozenError
from ndrfilter.frozen.parts import CONDITION, DESCRIBE, TRACE, packed_part
from ndrfilter.frozen.values import packed
from ndrfilter.lang.atoms import atoms_of
from ndrfilter.lang.image import link
from ndrfilter.lang.patterns import FLAGS
from ndrfilter.lang.rule import Rule
from ndrfilter.lang.short import short_of
from ndrfilter.plan.asking import Recognising, Ruling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from ndrfilter.config import Config, RulesetChoice
    from ndrfilter.frozen import Frozen
    from ndrfilter.lang.image import Image
    from ndrfilter.plugin.host import Loaded
    from ndrfilter.schema import FactSpec, Schema


def freeze(config: Config) -> Frozen:
    """See `ndrfilter.frozen.freeze`."""
    plugins = extensions.loaded()
    foreign = resources.installed_plugins()
    if foreign:
        raise NotFrozenError(f"plugins of other packages are installed ({', '.join(foreign)})")
    choice = load_ruleset(config.ruleset, config.local_rulesets, config.origin("ruleset"))
    image = knowledge.of(config).image
    assert image is not None  # only rules that somebody compiled by himself have none
    return {
        "version": VERSION,
        "release": __version__,
        "path": "" if config.path is None else str(config.path.absolute()),
        "stamps": knowledge.stamps(sorted({path.absolute() for path in _inputs(config, choice, image)})),
        "config": _config(config, choice),
        "ruleset": _ruleset(choice, image),
        **_program(choice, image, plugins),
        **_schema(plugins.schema),
        "troubles": tuple((f"plugin {name}", what) for name, what in plugins.troubles),
        "plan": _plan(config),
    }


def _plan(config: Config) -> tuple[float, Any]:
    """The gate's plan, and until when it holds."""
    loaded = knowledge.of(config)
    rules = loaded.ruleset(config, time())
    return rules.until, loaded.plan(rules)


def _config(config: Config, choice: RulesetChoice) -> dict[str, Any]:
    """What judging asks of a configuration; sites by their numbers where domains name them."""
    numbers = {id(site): number for number, site in enumerate(config.sites)}
    return {
        "sites": _plain(config.sites, "site"),
        "owners": {domain: numbers[id(site)] for domain, site in config.owners.items()},
        "ruleset": config.ruleset,
        "actions": dict(choice.actions(config)),
        "settings": {name: _plain(made, f"plugin {name}") for name, made in config.settings.items()},
        "dns": packed(config.dns),
        "state": None if config.state is None else str(config.state),
        "opt_out": packed(config.opt_out),
    }


def _plain(value: object, what: str) -> Any:
    try:
        return packed(value)
    except TypeError as error:
        raise NotFrozenError(f"the settings of {what} are more than plain data: {error}") from error


def _ruleset(choice: RulesetChoice, image: Image) -> dict[str, Any]:
    return {
        "name": choice.name,
        "required": (choice.required["origin"], choice.required["fake"]),
        "groups": dict(image["groups"]),
        "caps": {**dict(image["groups"]), **choice.caps},
    }


def _rules(choice: RulesetChoice, image: Image) -> Iterator[tuple[Any, ...]]:
    """The rules that are not off, as the ruleset has them."""
    for data in image["rules"]:
        rule = Rule(*data)
        mode = choice.mode(rule.name, rule.place.rpartition(":")[0], rule.tags, rule.mode)
        if mode != "off":
            yield tuple(rule._replace(mode=mode, score=choice.scores.get(rule.name, rule.score)))


def _program(choice: RulesetChoice, image: Image, plugins: Loaded) -> dict[str, Any]:
    """The rules in parts, and the tables of their indexes."""
    rules, prices, packer = tuple(_rules(choice, image)), knowledge.prices(plugins), _Packer()
    linked = link({**image, "rules": rules})
    return {
        "rules": tuple(map(packer.rule, rules)),
        "recognisers": tuple(packer.recogniser(*data) for data in image["recognisers"]),
        "reasons": packer.part(image["reasons"]),
        "lists": image["lists"],
        "ruling": packer.part(Ruling({rule.name: rule for rule in linked.rules}, prices).table()),
        "recognising": packer.part(Recognising(linked.recognisers, prices).table()),
        "shared": packer.shared,
    }


class _Packer:
    """Makes parts; what several of them share is kept once, under a name that its content has."""

    def __init__(self) -> None:
        self.shared: dict[str, bytes] = {}
        self._known: dict[Any, Any] = {}

    def rule(self, data: tuple[Any, ...]) -> tuple[Any, ...]:
        """The row of a rule."""
        late = (CONDITION, DESCRIBE, TRACE)
        return tuple(self.part(value) if place in late else value for place, value in enumerate(data))

    def recogniser(self, name: str, software: str, priority: int, when: Any, *more: Any) -> tuple[str, bytes, bytes]:
        """The row of a recogniser: its condition, and all else."""
        return name, self.part(when), self.part((name, software, priority, None, *more))

    def part(self, value: Any) -> bytes:
        """The part of this value."""
        return self._packed(self._parted(value))

    def _packed(self, value: Any) -> bytes:
        short = {pair: short_of(*pair) for pair in set(_tests(value))}
        return packed_part(
            value,
            {pattern: atoms_of(pattern) for pattern in set(_patterns(value))},
            {pair: made for pair, made in short.items() if made is not None},
        )

    def _parted(self, value: Any) -> Any:
        """The value with references to what is shared."""
        if isinstance(value, dict):
            return {self._parted(key): item for key, item in value.items()}
        if not isinstance(value, tuple):
            return value
        if value[:1] != ("shared",):
            return tuple(map(self._parted, value))
        if value not in self._known:
            data = self._packed(self._parted(value[2]))
            name = blake2b(data, digest_size=12).hexdigest()
            self.shared[name] = data
            self._known[value] = ("shared", value[1], ("kept", name))
        return self._known[value]


def _patterns(value: Any) -> Iterator[str]:
    """Every regular expression in a part of the image, or in the table of an index; and some texts that are none."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting += part.items()
        elif isinstance(part, tuple):
            waiting += part
            if part and part[0] in ("matches", "capture"):
                yield from (text for text in part[1:3] if isinstance(text, str))
            elif (
                len(part) == 2 and isinstance(part[0], str) and isinstance(part[1], str) and set(part[1]) <= set(FLAGS)
            ):
                yield part[0]


def _tests(value: Any) -> Iterator[tuple[str, str]]:
    """Every test for a pattern in a part of the image."""
    if isinstance(value, tuple):
        if value[:1] == ("matches",) and len(value) == 5:
            yield value[2], value[3]
        for part in value:
            yield from _tests(part)


def _schema(schema: Schema) -> dict[str, Any]:
    """The facts, each with the module that knows its function, and the records' fields; without their words."""
    modules = {module.__name__.rpartition(".")[2]: module.__name__ for module in BUILT_IN}
    records = (record._replace(doc="", fields=tuple(one._replace(doc="") for one in record.fields))
               for record in schema.records.values())  # fmt: skip
    return {
        "facts": tuple(_fact(spec, modules) for spec in schema.facts.values()),
        "records": tuple(map(packed, records)),
    }


def _fact(spec: FactSpec, modules: dict[str, str]) -> tuple[Any, ...]:
    """A fact's row: its fields in the order of `FactSpec` and its module, "" for a bundled plugin's own."""
    plain = spec._replace(doc="", fetch=None, afetch=None, evidence=int(spec.evidence))  # type: ignore[arg-type]
    return (*plain._replace(type=packed(spec.type)), modules.get(spec.plugin, ""))


def _inputs(config: Config, choice: RulesetChoice, image: Image) -> Iterator[Path]:
    """Every file and folder that the data was made of, also those that are not there but would count if they were."""
    package = Path(resources.__file__).parent
    yield from (package / "__init__.py", package / "limits.py", resources.plugin_folder())
    if config.path is not None:
        yield config.path
        beside = config.path.absolute().parent
        yield from _trees(beside / "rules", beside / "rulesets")
        yield from _earlier(config.path)
    folders = (resources.root("rules"), config.local_rules, *extensions.loaded().rule_folders)
    yield from _trees(*filter(None, folders))
    yield from (*config.files, *config.lists.values(), *choice.paths, *map(Path, image["inputs"]))
    yield from filter(None, (config.local_rulesets, resources.root("rulesets")))
    yield from _installed(sys.path)


def _trees(*folders: Path) -> Iterator[Path]:
    """The folders, or where they would be, with all folders and rule files in them."""
    for folder in folders:
        yield folder
        for place, _, names in os.walk(folder):
            yield Path(place)
            yield from (Path(place, name) for name in names if name.endswith((".ndr", ".yml")))


def _earlier(path: Path) -> Iterator[Path]:
    """Where a configuration would have been found before that one, had it been there."""
    known = places(os.environ)
    if path in known:
        yield from known[: known.index(path)]


def _installed(path: Iterable[str]) -> Iterator[Path]:
    """The folders where packages are installed: another plugin would come into one of them."""
    for folder in map(Path, filter(None, path)):
        if folder.is_dir() and any(name.suffix in (".dist-info", ".egg-info") for name in folder.iterdir()):
            yield folder
