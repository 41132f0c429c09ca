"""Rulesets: which rules run, at what thresholds, caps, scores and modes. No conditions live here.

A name is looked up in the rulesets/ folder beside the configuration, then among the shipped ones; a local file may
extend the shipped one of its own name, so that an upgrade reaches what it does not override.
"""

from __future__ import annotations

from ndrfilter import resources
from ndrfilter.config.choice import AXES, RulesetChoice
from ndrfilter.config.files import read_text
from ndrfilter.config.tree import Place, Reader, advise
from ndrfilter.errors import ConfigError
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from ndrfilter.config.tree import Node

MODES = ("live", "shadow", "off")
_KEYS = ("description", "extends", "required", "act", "rules", "disable", "groups", "scores", "modes")


class _File(Noun):
    path: Path
    entries: Mapping[str, Node]
    reader: Reader


def load_ruleset(name: str, local: Path | None = None, place: Place | None = None) -> RulesetChoice:
    """The ruleset `name`, looked up in `local` and then among the shipped ones, with all that it extends.

    Raises ConfigError; `place` is where the name was written.
    """
    reader = Reader()
    folders = [folder for folder in (local, resources.root("rulesets")) if folder is not None]
    chain = _chain(name, folders, place or Place(), reader)
    choice = RulesetChoice(name=name, paths=tuple(file.path for file in chain))
    for file in reversed(chain):
        choice = _override(choice, file)
        reader.mistakes += file.reader.mistakes
    reader.finish()
    return choice


def ruleset_names(local: Path | None = None) -> tuple[str, ...]:
    """The rulesets that can be chosen, sorted."""
    folders = [folder for folder in (local, resources.root("rulesets")) if folder is not None]
    return tuple(sorted({path.stem for folder in folders for path in folder.glob("*.yml")}))


def _chain(name: str, folders: list[Path], place: Place, reader: Reader) -> list[_File]:
    """The ruleset's file and those it extends, in that order."""
    chain: list[_File] = []
    while name:
        path = _find(name, folders, chain[-1].path if chain else None)
        if path is None:
            _not_found(name, folders, place, reader)
            break
        if any(file.path == path for file in chain):
            reader.wrong(
                "E802", f'extends: "{name}" comes round to itself', place, "end the circle at a shipped ruleset"
            )
            break
        file = _read(path)
        chain.append(file)
        node = file.entries.get("extends")
        name, place = ("", place) if node is None else (file.reader.text(node, "extends"), node.place)
    return chain


def _find(name: str, folders: list[Path], child: Path | None) -> Path | None:
    if not name.replace("-", "").replace("_", "").isalnum():
        return None
    paths = [folder / f"{name}.yml" for folder in folders]
    return next((path for path in paths if path != child and path.is_file()), None)


def _not_found(name: str, folders: list[Path], place: Place, reader: Reader) -> None:
    names = sorted({path.stem for folder in folders for path in folder.glob("*.yml")})
    reader.wrong(
        "E801", f'there is no ruleset "{name}" (looked in {", ".join(map(str, folders))})', place, advise(name, names)
    )


def _read(path: Path) -> _File:
    from ndrfilter.config.yamltree import parse

    reader = Reader()
    try:
        node = parse(read_text(path), str(path), reader)
    except ConfigError as error:
        reader.mistakes += error.diagnostics
        return _File(path, {}, reader)
    return _File(path, reader.mapping(node, "", _KEYS), reader)


def _override(choice: RulesetChoice, file: _File) -> RulesetChoice:
    """The choice with one more file's words put over it."""
    entries, reader = file.entries, file.reader
    new: dict[str, Any] = {}
    if "description" in entries:
        new["description"] = reader.text(entries["description"], "description")
    if "act" in entries:
        new["act"] = reader.boolean(entries["act"], "act")
    if "rules" in entries:
        new["rules"] = _patterns(entries["rules"], "rules", reader)
    modes = _words(entries, reader)
    disabled = _patterns(entries["disable"], "disable", reader) if "disable" in entries else ()
    return choice._replace(
        required={**choice.required, **_numbers(entries, "required", reader, AXES)},
        disable=tuple(pattern for pattern in choice.disable if pattern not in modes) + disabled,
        caps={**choice.caps, **_numbers(entries, "groups", reader)},
        scores={**choice.scores, **_numbers(entries, "scores", reader)},
        modes={**{key: mode for key, mode in choice.modes.items() if key not in disabled}, **modes},
        origins={**choice.origins, **reader.origins},
        **new,
    )


def _patterns(node: Node, key: str, reader: Reader) -> tuple[str, ...]:
    found = []
    for item in reader.items(node, key):
        text = reader.text(item, key)
        reader.origins[f"{key}.{text}"] = item.place
        found.append(text)
    return tuple(filter(None, found))


def _numbers(
    entries: Mapping[str, Node], key: str, reader: Reader, allowed: tuple[str, ...] | None = None
) -> dict[str, float]:
    found = {}
    for name, item in (reader.mapping(entries[key], key, allowed) if key in entries else {}).items():
        bare = item._replace(value=item.value.removeprefix("at most ")) if isinstance(item.value, str) else item
        number = reader.number(bare if key == "groups" else item, f"{key}.{name}")
        if number is not None and number < 0:
            reader.wrong("E803", f"{key}.{name}: {number:g} is negative", item.place, _NEGATIVE[key])
        elif number == 0 and key == "required":
            reader.wrong("E804", f"{key}.{name}: 0 would accept anything", item.place, "5.0 is usual")
        elif number is not None:
            found[name] = number
    return found


_NEGATIVE = {
    "required": "the origin axis has one threshold: backscatter above it, genuine below its negative",
    "groups": "a cap limits both directions: write it positive",
    "scores": "a rule's direction is its own (toward …); a score only says how much",
}


def _words(entries: Mapping[str, Node], reader: Reader) -> dict[str, str]:
    found = {}
    for name, item in (reader.mapping(entries["modes"], "modes") if "modes" in entries else {}).items():
        word = reader.text(item, f"modes.{name}")
        if word in MODES:
            found[name] = word
        elif word:
            reader.wrong("E805", f'modes.{name}: there is no mode "{word}"', item.place, advise(word, MODES))
    return found
