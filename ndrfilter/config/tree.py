"""What a configuration file is made of before anybody knows its meaning: nodes with places, and the mistakes found.

Scalars stay text until somebody says which type is wanted: so `0123` is no octal number and `no` no boolean.
"""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.errors import ConfigError, Diagnostic
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import Any

_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class Place(Noun):
    """Where a value was written; `line` and `column` count from 1, 0 means that `file` says it all ("default")."""

    file: str = ""
    line: int = 0
    column: int = 0
    length: int = 1
    source: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Node(Noun):
    """A value and its place: text, number, boolean, None, a list of nodes or a dict of nodes.

    `keys` has the places of a mapping's keys; `quoted` text is text whatever it looks like.
    """

    value: Any
    place: Place
    keys: Mapping[str, Place] = {}
    quoted: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing stands there (YAML's null)."""
        return self.value is None or (not self.quoted and self.value in ("", "~", "null"))


def from_python(value: Any, place: Place) -> Node:
    """Python data as nodes that all stand at `place`."""
    if isinstance(value, dict):
        return Node({str(key): from_python(item, place) for key, item in value.items()}, place)
    if isinstance(value, (list, tuple, set, frozenset)):
        return Node([from_python(item, place) for item in value], place)
    known = value is None or isinstance(value, (str, bool, int, float))
    return Node(value if known else str(value), place, quoted=isinstance(value, str))


def advise(word: str, known: Iterable[str]) -> str:
    """Help for somebody who wrote `word`: what was probably meant, else what there is."""
    from ndrfilter.lang.diagnose import meant

    known = tuple(known)
    return meant(word, known) or f"known here: {', '.join(known)}"


class Reader:
    """Reads typed values out of nodes; collects every mistake instead of stopping at the first.

    `drawn`: the values were drawn from mail or logs by a program, not written by a person. Then a name that can match
    nothing, such as 192.0.2.300, is no mistake: there is nobody to correct it.
    """

    def __init__(self, *, drawn: bool = False) -> None:
        self.drawn = drawn
        self.mistakes: list[Diagnostic] = []
        self.origins: dict[str, Place] = {}
        self.files: list[Path] = []  # that were named, besides certificates and rules

    def wrong(self, code: str, message: str, place: Place, help: str = "") -> None:  # noqa: A002 - Diagnostic's word
        """Note a mistake."""
        if len(self.mistakes) < limits.MAX_DIAGNOSTICS:
            self.mistakes.append(Diagnostic(code, message, *place, help=help))

    def finish(self) -> None:
        """Raise ConfigError if there was any mistake."""
        if self.mistakes:
            raise ConfigError(sorted(self.mistakes, key=lambda mistake: (mistake.file, mistake.line, mistake.column)))

    def mapping(self, node: Node, key: str, allowed: Iterable[str] | None = None) -> dict[str, Node]:
        """The mapping at `key`, without entries that are not `allowed` (None: any)."""
        if node.empty:
            return {}
        if not isinstance(node.value, dict):
            advice = f"known here: {', '.join(allowed)}" if allowed else "write {name: value}"
            where = key or "the file"
            self.wrong("E611", f"{where}: a mapping (key: value) is wanted, not {describe(node)}", node.place, advice)
            return {}
        known = None if allowed is None else tuple(allowed)
        found: dict[str, Node] = {}
        for name, item in node.value.items():
            if known is None or name in known:
                found[name] = item
                self.origins[f"{key}.{name}".lstrip(".")] = item.place
            else:
                self._unknown_key(node, key, name, known)
        return found

    def _unknown_key(self, node: Node, key: str, name: str, known: tuple[str, ...]) -> None:
        where = f" in {key}" if key else ""
        self.wrong("E610", f'unknown key "{name}"{where}', node.keys.get(name, node.place), advise(name, known))

    def items(self, node: Node, key: str, example: str = "") -> list[Node]:
        """The list at `key`."""
        if node.empty:
            return []
        if isinstance(node.value, list):
            for number, item in enumerate(node.value):
                self.origins[f"{key}[{number}]"] = item.place
            return node.value
        shown = example or (node.value if isinstance(node.value, str) else "…")
        self.wrong("E612", f"{key}: a list is wanted, not {describe(node)}", node.place, f"write [{shown}]")
        return []

    def text(self, node: Node, key: str) -> str:
        """The text at `key`, "" after a mistake."""
        if isinstance(node.value, (list, dict)) or node.empty:
            self.wrong("E613", f"{key}: a text is wanted, not {describe(node)}", node.place, "write one word here")
            return ""
        return str(node.value).strip()

    def file(self, node: Node, key: str, folder: Path) -> Path:
        """The path at `key`, from `folder`; it is remembered that the configuration depends on it."""
        self.files.append(folder / self.text(node, key))
        return self.files[-1]

    def number(self, node: Node, key: str) -> float | None:
        """The number at `key`, None after a mistake."""
        if not isinstance(node.value, (list, dict, bool)) and not node.quoted:
            try:
                number = float(node.value)
            except (TypeError, ValueError):
                number = float("nan")
            if abs(number) < 1e9:
                return number
        self.wrong("E614", f"{key}: a number is wanted, not {describe(node)}", node.place, "for example 5.0")
        return None

    def boolean(self, node: Node, key: str) -> bool:
        """The truth value at `key`, False after a mistake."""
        if isinstance(node.value, bool):
            return node.value
        word = node.value.lower() if isinstance(node.value, str) else ""
        if word not in _WORDS:
            self.wrong(
                "E615", f"{key}: true or false is wanted, not {describe(node)}", node.place, "write true or false"
            )
        return _WORDS.get(word, False)


def describe(node: Node) -> str:
    """What stands at a node, for messages."""
    if isinstance(node.value, dict):
        return "a mapping"
    if isinstance(node.value, list):
        return "a list"
    return "nothing" if node.empty else f'"{node.value}"'


def plain(node: Node) -> Any:
    """The node as Python data; unquoted scalars become what they look like (YAML 1.2 core schema)."""
    if isinstance(node.value, dict):
        return {key: plain(item) for key, item in node.value.items()}
    if isinstance(node.value, list):
        return [plain(item) for item in node.value]
    if node.empty:
        return None
    if node.quoted or not isinstance(node.value, str):
        return node.value
    return _scalar(node.value)


def _scalar(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text
