"""What a ruleset says, once it is read: which rules count, and how much."""

from __future__ import annotations

from fnmatch import fnmatchcase
from types import MappingProxyType

from ndrfilter.config.tree import Place
from ndrfilter.errors import Diagnostic
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import Any

    from ndrfilter.config.model import Config
    from ndrfilter.lang import Program

_ALL = ("*",)
AXES = ("origin", "fake")
_GONE = "perhaps an upgrade renamed or removed it: `ndrfilter rules list` shows what there is"
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class RulesetChoice(Noun):
    """What a ruleset and those it extends say together.

    A pattern (`rules`, `disable`, keys of `modes`) is a rule's name with stars, a file "origin/*.ndr", or "tag:new"; in
    `rules`, "not " before it excludes. `act` false allows no action but the header, whatever the configuration says.
    `paths` has the files, the chosen one first.
    """

    name: str
    description: str = ""
    required: Mapping[str, float] = MappingProxyType(dict.fromkeys(AXES, 5.0))
    act: bool = True
    rules: tuple[str, ...] = _ALL
    disable: tuple[str, ...] = ()
    caps: Mapping[str, float] = _NOTHING
    scores: Mapping[str, float] = _NOTHING
    modes: Mapping[str, str] = _NOTHING
    origins: Mapping[str, Place] = _NOTHING
    paths: tuple[Path, ...] = ()

    def mode(self, name: str, file: str, tags: Iterable[str], own: str = "live") -> str:
        """The mode of a rule: this ruleset's word for it, else its `own`; "off" when it is not chosen."""
        tags = tuple(tags)
        if name in self.modes:
            return self.modes[name]
        if any(matches(pattern, name, file, tags) for pattern in self.disable):
            return "off"
        said = [mode for pattern, mode in self.modes.items() if matches(pattern, name, file, tags)]
        if said:
            return said[-1]
        return own if self._chosen(name, file, tags) else "off"

    def _chosen(self, name: str, file: str, tags: tuple[str, ...]) -> bool:
        if self.rules == _ALL:
            return True
        unwanted = (pattern[4:] for pattern in self.rules if pattern.startswith("not "))
        wanted = (pattern for pattern in self.rules if not pattern.startswith("not "))
        return any(matches(pattern, name, file, tags) for pattern in wanted) and not any(
            matches(pattern, name, file, tags) for pattern in unwanted
        )

    def check_against(self, program: Program) -> tuple[Diagnostic, ...]:
        """A warning for every rule, pattern and group that no loaded rule file knows.

        Only a warning: a rule that an upgrade took away must not stop a site's ruleset from working.
        """
        facts = [(rule.name, rule.place.rpartition(":")[0], rule.tags) for rule in program.rules]
        names = [name for name, _, _ in facts]
        found = [self._unknown("W801", "scores", name, "rule", names) for name in self.scores if name not in names]
        found += [
            self._unknown("W802", "groups", name, "group", list(program.groups))
            for name in self.caps
            if name not in program.groups
        ]
        for key, patterns in (("rules", self.rules), ("disable", self.disable), ("modes", tuple(self.modes))):
            for pattern in patterns:
                if not any(matches(pattern.removeprefix("not "), *fact) for fact in facts):
                    found.append(self._unknown("W801", key, pattern, "rule", names))
        return tuple(found)

    def _unknown(self, code: str, key: str, name: str, what: str, known: list[str]) -> Diagnostic:
        place = self.origins.get(f"{key}.{name}", Place())
        from ndrfilter.lang.diagnose import meant

        return Diagnostic(code, f'{key}: there is no {what} "{name}"', *place, help=meant(name, known) or _GONE)

    def actions(self, config: Config) -> Mapping[str, str]:
        """The actions that apply: the configuration's, or only the header where this ruleset does not act."""
        return config.actions if self.act else dict.fromkeys(config.actions, "header")


def matches(pattern: str, name: str, file: str, tags: Iterable[str]) -> bool:
    """Whether a ruleset's pattern means the rule of that name, file and tags."""
    pattern = pattern.strip()
    if pattern.startswith("tag:"):
        return any(fnmatchcase(tag, pattern[4:].strip()) for tag in tags)
    if "/" in pattern or pattern.endswith(".ndr"):
        return fnmatchcase(file, pattern) or fnmatchcase(file, f"*/{pattern}")
    return fnmatchcase(name, pattern)
