"""The rules a workbench command is about: those in force, with drafts that are named on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ndrfilter import config as configuration
from ndrfilter import knowledge, resources
from ndrfilter.config import Config
from ndrfilter.errors import ConfigError, Diagnostic
from ndrfilter.noun import Noun


class Rulebook(Noun):
    """Compiled rules and their configuration; `names` are the files that were asked for, as diagnostics name them."""

    config: Config
    loaded: knowledge.Loaded
    names: frozenset[str]

    @property
    def blocks(self) -> dict[str, str]:
        """The places of all rules, recognisers and reasons by name."""
        program = self.loaded.program
        found = {rule.name: rule.place for rule in program.rules}
        found |= {recogniser.name: recogniser.place for recogniser in program.recognisers}
        return found | {reason.name: reason.place for reason in program.reasons}

    def asked_for(self, place: str) -> bool:
        """Whether something at "file:line" is in the files that were named; everything is if none was."""
        return not self.names or place.rpartition(":")[0] in self.names


def open_rulebook(config: str | None, files: Iterable[str] = ()) -> Rulebook:
    """The rules in force with those of `files`; raises ConfigError with every mistake in any of them."""
    chosen = configuration.load(config)
    in_force = {path.resolve(): path for path in knowledge.rule_files(chosen)}
    named = [in_force.get(path.resolve(), path) for path in map(_existing, files)]
    drafts = [path for path in named if path.resolve() not in in_force]
    return Rulebook(chosen, knowledge.of(chosen, drafts, with_tests=True), frozenset(map(_source_name, named)))


def _existing(file: str) -> Path:
    """The file of that path, or of that name among the shipped rules, as diagnostics write it."""
    for path in (Path(file), resources.root("rules") / file):
        if path.is_file():
            return path
    if Path(file).is_dir():
        raise ConfigError(
            [Diagnostic("E922", "this is a folder", file, help="name the rule files in it: FOLDER/*.ndr")]
        )
    raise ConfigError([Diagnostic("E922", "there is no such rule file", file, help="check its place and name")])


def _source_name(path: Path) -> str:
    root = resources.root("rules")
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
