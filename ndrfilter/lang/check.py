"""All sources → a program: names of blocks, references between rules, and the evidence that follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ndrfilter.errors import RuleError
from ndrfilter.lang import literals, lower, recognisers, rules, worlds
from ndrfilter.lang.blocks import Block
from ndrfilter.lang.context import BAD, Argument, Context, File, Let, Lowered, TooLargeError, Typed, Unit
from ndrfilter.lang.diagnose import Sink, meant
from ndrfilter.lang.files import Files
from ndrfilter.lang.image import link
from ndrfilter.lang.lets import parameters
from ndrfilter.lang.rule import Program, RuleTest, Source, World
from ndrfilter.lang.syntax import BlockItem, GroupItem, WorldItem
from ndrfilter.lang.tree import Node
from ndrfilter.limits import MAX_RULES
from ndrfilter.schema import Evidence, Schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.lang.image import Image


def compile_sources(
    sources: Sequence[Source], schema: Schema, lists: Mapping[str, Sequence[str] | Path]
) -> tuple[Image, Program]:
    """The image of the program, and the program; raises RuleError with every diagnostic of every source."""
    sink = Sink()
    checker = Checker(schema, sink)
    files = Files(checker.unit(), lists, sources)
    read = [files.read(source) for source in sources]
    for file in read:
        checker.declare(file)
    image, tests = checker.compile()
    for file in read:
        checker.unused(file)
    if sink.failed:
        raise RuleError(sink.all)
    image["inputs"] = tuple(dict.fromkeys(map(str, files.read_also)))
    image["lists"] = {key: (found.name, found.entries) for key, found in files.lists.items()}
    return image, link(image)._replace(tests=tests, worlds=checker.worlds, warnings=tuple(sink.all))


class Checker:
    """What all files declare together."""

    def __init__(self, schema: Schema, sink: Sink) -> None:
        self._schema, self._sink = schema, sink
        self._lowered: dict[tuple[str, str], Lowered] = {}
        self.groups: dict[str, float] = {}
        self.worlds: dict[str, World] = {}
        self._blocks: dict[tuple[str, str], Block] = {}
        self._drafts: dict[str, rules.Draft] = {}
        self._on_the_way: list[str] = []

    def unit(self, stage: str = "bounce") -> Unit:
        """A fresh unit of lowering."""
        return Unit(self._schema, self._sink, lower.value, stage, lowered=self._lowered)

    def declare(self, file: File) -> None:
        """Take up a file's groups, worlds and blocks."""
        for item in file.tree.nodes:
            context = Context(self.unit("message" if _is(item, "recognise") else "bounce"), file)
            if isinstance(item, GroupItem):
                self._new(item, item.word(0).text in self.groups, context)
                self.groups[item.word(0).text] = float(literals.number_of(item.nodes[0]))
            elif isinstance(item, WorldItem):
                self._new(item, item.word(0).text in self.worlds, context)
                self.worlds[item.word(0).text] = worlds.world(item, context)
            elif isinstance(item, BlockItem):
                key = (item.word(0).text, item.word(1).text)
                if len(self._blocks) >= MAX_RULES:
                    context.report(
                        "E507", item.word(1), f"there are more than {MAX_RULES} blocks", "leave some files out"
                    )
                elif self._new(item, key in self._blocks, context):
                    self._blocks[key] = Block(item, file, context.unit)

    def _new(self, item: Node, known: bool, context: Context) -> bool:
        if known:
            name = item.words[-1] if isinstance(item, BlockItem) else item.word(0)
            context.report("E207", name, f"{name.text} is defined twice", "choose another name")
        return not known

    def compile(self) -> tuple[Image, tuple[RuleTest, ...]]:
        """Check everything declared: its image, without the lists, and its tests."""
        found: list[tuple[Any, ...]] = []
        reasons: list[tuple[Any, ...]] = []
        tests: list[RuleTest] = []
        for (kind, name), block in self._blocks.items():
            if kind == "rule":
                made = rules.draft(block)
                if made is not None:
                    self._drafts[name] = made
            elif kind == "recognise":
                found += self._recogniser(block)
            else:
                reasons.append(recognisers.reason(block))
            tests += worlds.tests(block, self.worlds) if kind != "reason" else []
        for made in self._drafts.values():
            self._references(made)
            self._settle(made)
        finished = () if self._sink.failed else tuple(map(rules.finished, self._drafts.values()))
        found.sort(key=lambda recogniser: -recogniser[2])
        image = {"rules": finished, "recognisers": tuple(found), "reasons": tuple(reasons), "groups": self.groups}
        return image, tuple(tests)

    def _recogniser(self, block: Block) -> list[tuple[Any, ...]]:
        try:
            made = recognisers.recogniser(block)
        except TooLargeError:
            return []
        return [made] if made is not None else []

    def _references(self, made: rules.Draft) -> None:
        """Everything that the rule names outside of itself must be there."""
        block = made.block
        known = {name for kind, name in self._blocks if kind == "rule"}
        group, replaces = block.one("group"), block.one("replaces")
        if group is not None and group.words[-1].text not in self.groups:
            word = group.words[-1]
            help_text = meant(word.text, self.groups) or f"declare it: group {word.text}: at most 6.0"
            block.context.report("E205", word, f"no group is named {word.text}", help_text)
        for word in replaces.words[1:] if replaces else ():
            if word.text not in known:
                block.context.report("E203", word, f"no rule is named {word.text}", meant(word.text, known))
        for name, (text, word) in block.context.unit.rules.items():
            other = self._drafts.get(name)
            if name not in known:
                message, help_text = f"no rule is named {name}", meant(name, known)
                self._sink.add(text.diagnostic("E203", word.start, word.end, message, help_text))
            elif other is not None and other.mode != "live" and made.mode == "live":
                message = f"{name} is {other.mode} and cannot be asked by a live rule"
                self._sink.add(text.diagnostic("E513", word.start, word.end, message))

    def _settle(self, made: rules.Draft) -> None:
        """Evidence, facts and needs with those of the rules asked."""
        if made.evidence is not None:
            return
        name = made.block.name
        unit = made.block.context.unit
        self._on_the_way.append(name)
        classes, facts, needs = rules.own_evidence(made), set(unit.facts), rules.own_needs(made)
        for other, (text, word) in unit.rules.items():
            asked = self._drafts.get(other)
            if other in self._on_the_way:
                circle = " → ".join([*self._on_the_way[self._on_the_way.index(other) :], other])
                self._sink.add(text.diagnostic("E211", word.start, word.end, f"these rules ask each other: {circle}"))
            elif asked is not None:
                self._settle(asked)
                classes.append(asked.evidence or Evidence.REPUTATION)
                facts |= asked.facts
                needs |= asked.needs
        self._on_the_way.pop()
        made.evidence = rules.declared_evidence(made, min(classes, default=Evidence.REPUTATION))
        made.facts, made.needs = frozenset(facts), frozenset(needs)

    def unused(self, file: File) -> None:
        """Warn of lets that nothing uses, after checking them with arguments of any type."""
        for name, let in file.lets.items():
            if let.file is not file:
                continue
            if name not in file.used:
                self._check_alone(name, let)
                context = Context(self.unit(), file)
                context.report(
                    "W602", let.item.word(0), f"no rule of this file uses {name}", "other files may, by import"
                )

    def _check_alone(self, name: str, let: Let) -> None:
        variables: dict[str, Typed | Argument] = {word.text: BAD for word in parameters(let)}
        context = Context(self.unit(), let.file, variables, lets=(f"{let.file.text.source.name}:{name}",))
        try:
            context.value(let.item.nodes[-1])
        except TooLargeError:
            return


def _is(item: Node, kind: str) -> bool:
    return isinstance(item, BlockItem) and item.word(0).text == kind
