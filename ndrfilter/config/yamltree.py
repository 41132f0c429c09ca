"""YAML text to nodes, from the parser's events: every value keeps its place, and neither depth nor aliases explode."""

from __future__ import annotations

from typing import Any

import yaml

from ndrfilter import limits
from ndrfilter.config.tree import Node, Place, Reader

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse(text: str, file: str, reader: Reader) -> Node:
    """The document in `text`; mistakes go to `reader`, and an empty node stands for what could not be read."""
    builder = _Builder(text, file, reader)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        builder.syntax_error(error)
    except yaml.reader.ReaderError as error:
        before = text.encode()[: error.position].split(b"\n")
        place = builder.place_at(len(before) - 1, len(before[-1]))
        reader.wrong("E601", "a character that YAML does not allow", place, "remove the control character")
    except _TooMuchError as error:
        reader.wrong("E604", str(error), Place(file), "write it out, or use fewer aliases")
    return builder.root


class _TooMuchError(Exception):
    """The document nests too deep, or its aliases multiply beyond the limit."""


class _Open:
    """A list or mapping whose end has not come yet."""

    def __init__(self, node: Node, anchor: str | None) -> None:
        self.node = node
        self.anchor = anchor
        self.key: str | None = None
        self.key_place = node.place
        self.size = 1


class _Builder:
    def __init__(self, text: str, file: str, reader: Reader) -> None:
        self.lines = text.splitlines()
        self.file = file
        self.reader = reader
        self.root = Node(None, Place(file))
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.documents = 0

    def place_at(self, line: int, column: int, length: int = 1) -> Place:
        source = self.lines[line] if 0 <= line < len(self.lines) else ""
        return Place(self.file, line + 1, column + 1, max(1, length), source)

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            node = Node(event.value, self._place(event), quoted=not event.implicit[0])
            self._add(node, event.anchor, 1)
        elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            self._open(event)
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            closed = self.stack.pop()
            self._add(closed.node, closed.anchor, closed.size)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents == 2:
                self.reader.wrong(
                    "E603", "a second document begins here", self._place(event), "keep one document a file"
                )

    def _place(self, event: Any) -> Place:
        start, end = event.start_mark, event.end_mark
        return self.place_at(start.line, start.column, end.column - start.column if end.line == start.line else 1)

    def _open(self, event: Any) -> None:
        if len(self.stack) >= limits.MAX_CONFIG_DEPTH:
            raise _TooMuchError(f"lists and mappings nest deeper than {limits.MAX_CONFIG_DEPTH}")
        place = self._place(event)._replace(length=1)
        node = Node({}, place, {}) if isinstance(event, yaml.MappingStartEvent) else Node([], place)
        self.stack.append(_Open(node, event.anchor))

    def _alias(self, event: Any) -> None:
        found = self.anchors.get(event.anchor)
        if found is None:
            message = f'"*{event.anchor}" stands for nothing before this place'
            self.reader.wrong("E602", message, self._place(event), "write out what is meant")
            found = (Node(None, self._place(event)), 1)
        self._add(found[0], None, found[1])

    def _add(self, node: Node, anchor: str | None, size: int) -> None:
        if anchor:
            self.anchors[anchor] = (node, size)
        if not self.stack:
            if self.documents == 1:
                self.root = node
            return
        parent = self.stack[-1]
        parent.size += size
        if parent.size > limits.MAX_CONFIG_NODES:
            raise _TooMuchError(
                f"more than {limits.MAX_CONFIG_NODES} values, aliases counted as often as they are used"
            )
        if isinstance(parent.node.value, list):
            parent.node.value.append(node)
        elif parent.key is None:
            self._key(parent, node)
        else:
            self._value(parent, parent.key, node)

    def _key(self, parent: _Open, node: Node) -> None:
        parent.key = node.value if isinstance(node.value, str) else ""
        parent.key_place = node.place
        if not isinstance(node.value, str):
            self.reader.wrong("E605", "a key must be one word, not a list or mapping", node.place)

    def _value(self, parent: _Open, key: str, node: Node) -> None:
        keys: Any = parent.node.keys
        if key in parent.node.value:
            first = keys[key].line
            message = f'"{key}" stands here twice (first in line {first})'
            self.reader.wrong("E606", message, parent.key_place, "join the two, or remove one")
        else:
            parent.node.value[key] = node
            keys[key] = parent.key_place
        parent.key = None

    def syntax_error(self, error: yaml.MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        place = self.place_at(line, column)
        if "\t" in place.source[: column + 1]:
            place = place._replace(column=place.source.index("\t") + 1)
            self.reader.wrong("E601", "a tab stands where YAML wants spaces", place, "indent with spaces only")
            return
        context = f" ({error.context})" if error.context else ""
        self.reader.wrong("E601", f"not readable as YAML: {error.problem}{context}", place, _syntax_help(place.source))


def _syntax_help(source: str) -> str:
    if "*" in source and '"*' not in source and "'*" not in source:
        return 'a text that begins with * needs quotes: "*.example.com"'
    return "look at the indentation, brackets and quotes here and in the line above"
