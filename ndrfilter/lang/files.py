"""The files of a program: parsing each once, its imports, and the lets and lists that its rules see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ndrfilter.errors import Diagnostic
from ndrfilter.lang import literals
from ndrfilter.lang.context import Context, File, Let, Unit
from ndrfilter.lang.diagnose import Sink, Text
from ndrfilter.lang.expressions import ListLiteral
from ndrfilter.lang.lists import NamedList
from ndrfilter.lang.reach import Trees, cause, list_lines, reached
from ndrfilter.lang.recover import parse_all
from ndrfilter.lang.rule import Source
from ndrfilter.lang.syntax import ImportItem, LanguageItem, LetItem, ListFile, ListItem, Start
from ndrfilter.lang.tree import Node, Word
from ndrfilter.limits import MAX_LET_DEPTH, MAX_RULE_FILE

LANGUAGE = 1
_OWN = "it is named from this file's folder and lies in the same tree of rule files"


class Files:
    """Parses sources and what they import. `lists` are all named lists by key: a file's own are "file:name"."""

    def __init__(self, unit: Unit, configured: Mapping[str, Sequence[str] | Path], sources: Sequence[Source]) -> None:
        self._unit = unit
        self._trees = Trees(source.folder for source in sources)
        self._sink: Sink = unit.sink
        self._known: dict[Path, File] = {}
        self.lists: dict[str, NamedList] = {}
        self.read_also: list[Path] = []  # files that the sources name: what they hold is in the program too
        for name, said in configured.items():
            self._keep_list(name, str(said) if isinstance(said, Path) else name, self._lines(name, said))
        self._configured = tuple(configured)

    def _lines(self, name: str, said: Sequence[str] | Path) -> Sequence[str]:
        if not isinstance(said, Path):
            return said
        try:
            return list_lines(said)
        except (OSError, ValueError) as wrong:
            message = f"the list {name} cannot be read: {cause(wrong)}"
            self._sink.add(Diagnostic("E210", message, str(said), help="check its place, permissions and size"))
            return ()

    def _keep_list(self, key: str, name: str, lines: Sequence[str]) -> None:
        self.lists[key], wrong = NamedList.parse(name, lines)
        for diagnostic in wrong:
            self._sink.add(diagnostic)

    def read(self, source: Source, importers: tuple[Path, ...] = ()) -> File:
        """The parsed file with all names that it sees."""
        path = _path(source)
        if path is not None and path in self._known:
            return self._known[path]
        text = Text(source)
        file = File(text, self._parse(text), self._trees.root(source.folder))
        file.lists = {name: name for name in self._configured}
        if path is not None:
            self._known[path] = file
        context = Context(self._unit, file)
        self._check_language(context)
        for item in file.tree.nodes:
            if isinstance(item, ImportItem):
                self._import(item, context, (*importers, path) if path else importers)
            elif isinstance(item, LetItem):
                self._let(item, context)
            elif isinstance(item, ListItem):
                self._list(item, context)
        return file

    def _parse(self, text: Text) -> Node:
        if len(text.text) > MAX_RULE_FILE:
            message = f"a rule file has at most {MAX_RULE_FILE} characters"
            self._sink.add(text.diagnostic("E507", 0, 1, message, "split it into several files"))
            return Start(0, 0, ())
        return parse_all(text, self._sink)

    def _check_language(self, context: Context) -> None:
        items = context.file.tree.nodes
        for at, item in enumerate(items):
            if isinstance(item, LanguageItem):
                if at:
                    context.report("E505", item, "`language` stands first in a file, and once")
                elif literals.number_of(item.nodes[0]) != LANGUAGE:
                    context.report(
                        "E505", item, "this version of the language is not known", f"write `language {LANGUAGE}`"
                    )
        if not items and not self._sink.failed:
            context.report(
                "E505", Word(0, 1, ""), "there is nothing in this file", f"begin it with `language {LANGUAGE}`"
            )
        if items and not isinstance(items[0], LanguageItem) and not self._sink.failed:
            context.report(
                "E505",
                Word(items[0].start, items[0].start + 1, ""),
                "the file does not say its language",
                f"begin it with `language {LANGUAGE}`",
            )

    def _import(self, item: ImportItem, context: Context, importers: tuple[Path, ...]) -> None:
        name = literals.prose(item.nodes[0], context)
        path = _reached(name, context)
        if path is None or not name.endswith(".ndr"):
            context.report("E210", item, f"{name} cannot be imported from here", f"an import is an .ndr file; {_OWN}")
            return
        if len(importers) > MAX_LET_DEPTH:
            context.report("E507", item, f"files import each other more than {MAX_LET_DEPTH} deep")
            return
        if path in importers:
            context.report("E211", item, f"{name} imports this file", "move what both need into a third file")
            return
        try:
            with path.open(encoding="utf-8") as stream:
                text = stream.read(MAX_RULE_FILE + 1)
            self.read_also.append(path)
        except (OSError, UnicodeDecodeError) as wrong:
            context.report("E210", item, f"{name} cannot be read: {cause(wrong)}", f"looked for {path}")
            return
        imported = self.read(
            Source(str(Path(context.file.text.source.name).parent / name), text, path.parent), importers
        )
        for known, let in imported.lets.items():
            context.file.lets.setdefault(known, let)
        for known, key in imported.lists.items():
            context.file.lists.setdefault(known, key)

    def _let(self, item: LetItem, context: Context) -> None:
        name = item.word(0)
        if _is_new(name, context):
            context.file.lets[name.text] = Let(item, context.file)
        names = [word.text for word in item.nodes[0].words] if len(item.nodes) > 1 else []
        for word in item.nodes[0].words if names else ():
            if names.count(word.text) > 1:
                context.report("E207", word, f"{word.text} stands twice among the parameters")

    def _list(self, item: ListItem, context: Context) -> None:
        name, holds = item.word(0), item.nodes[0]
        if not _is_new(name, context):
            return
        key = f"{context.file.text.source.name}:{name.text}"
        context.file.lists[name.text] = key
        if isinstance(holds, ListFile):
            self._list_file(key, holds, context)
            return
        assert isinstance(holds, ListLiteral)
        entries = [literals.text_of(node, context) for node in holds.nodes]
        for node, entry in zip(holds.nodes, entries, strict=True):
            if entry is None:
                context.report(
                    "E303", node, "a named list holds texts in quotes", 'for example ["a.example", "192.0.2.0/24"]'
                )
        self.lists[key] = NamedList(name.text, [entry for entry in entries if entry is not None])

    def _list_file(self, key: str, holds: ListFile, context: Context) -> None:
        name = literals.prose(holds.nodes[0], context)
        self.lists[key] = NamedList(name, ())
        path = _reached(name, context)
        if path is None:
            context.report("E210", holds, f"{name} cannot be a list here", f"a list is a text file; {_OWN}")
            return
        try:
            lines = list_lines(path)
        except (OSError, ValueError) as wrong:
            context.report("E210", holds, f"{name} cannot be read: {cause(wrong)}", f"looked for {path}")
            return
        self.read_also.append(path)
        self._keep_list(key, str(Path(context.file.text.source.name).parent / name), lines)


def _reached(name: str, context: Context) -> Path | None:
    return reached(name, context.file.text.source.folder, context.file.root)


def _path(source: Source) -> Path | None:
    return (source.folder / Path(source.name).name).resolve() if source.folder is not None else None


def _is_new(name: Word, context: Context) -> bool:
    file = context.file
    if name.text in context.unit.schema.facts:
        context.report("E207", name, f"{name.text} is a fact already", "choose another name")
        return False
    let = file.lets.get(name.text)
    if (let is not None and let.file is file) or (name.text in file.lists and file.lists[name.text] != name.text):
        context.report("E207", name, f"{name.text} is defined twice in this file", "choose another name")
        return False
    return True
