"""Tests beside rules: their mail, the world they happen in, what they expect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ndrfilter.lang import literals
from ndrfilter.lang.blocks import Block
from ndrfilter.lang.context import Context
from ndrfilter.lang.diagnose import meant
from ndrfilter.lang.expressions import LongString
from ndrfilter.lang.reach import reached
from ndrfilter.lang.rule import RuleTest, World
from ndrfilter.lang.syntax import (
    EnvelopePart,
    ExpectPart,
    MappedList,
    Mapping,
    MessagePart,
    Pair,
    PluginsPart,
    SentPart,
    SitePart,
    TestPart,
    TimePart,
    WorldItem,
    WorldPart,
    ZonePart,
)
from ndrfilter.lang.tree import Node, Word
from ndrfilter.schema import KINDS, VERDICTS

_RESULTS = ("hit", "miss", "undecided")
_EXPECTATIONS: dict[str, tuple[str, ...]] = {
    "rule": (*_RESULTS, "verdict", "kind"),
    "recognise": ("hit", "miss", "kind", "recipient", "software", "status", "reason", "diagnostic", "mta"),
}
_WORDS = {"verdict": VERDICTS, "kind": KINDS}
_MAX_MAPPING_DEPTH = 8
_ENVELOPE = ("sender", "recipients", "client_ip", "client_name", "helo")


def world(item: WorldItem, context: Context) -> World:
    """A named world."""
    parts = [part for part in item.nodes if isinstance(part, TestPart)]
    for part in parts:
        if isinstance(part, MessagePart | ExpectPart | WorldPart):
            context.report("E502", part, "a world has site, plugins, envelope, zone, sent and time")
    return _world(parts, context)


def _world(parts: list[TestPart], context: Context) -> World:
    site = _only(parts, SitePart, context)
    envelope = _only(parts, EnvelopePart, context)
    zone = _only(parts, ZonePart, context)
    sent = _only(parts, SentPart, context)
    plugins = _only(parts, PluginsPart, context)
    time = _only(parts, TimePart, context)
    if envelope is not None:
        _check_keys(envelope.nodes[0], _ENVELOPE, context)
    return World(
        _mapping(site.nodes[0], context) if site else None,
        _mapping(envelope.nodes[0], context) if envelope else None,
        literals.prose(zone.nodes[0], context) if zone else None,
        literals.prose(sent.nodes[0], context) if sent else None,
        _mapping(plugins.nodes[0], context) if plugins else None,
        literals.time_of(time.nodes[0], context) if time else None,
    )


def _only(parts: list[TestPart], wanted: type[TestPart], context: Context) -> TestPart | None:
    found = [part for part in parts if isinstance(part, wanted)]
    for part in found[1:]:
        context.report("E503", part, f"{wanted.__name__.removesuffix('Part').lower()} stands here a second time")
    return found[0] if found else None


def tests(block: Block, worlds: dict[str, World]) -> list[RuleTest]:
    """All tests of a block, in the order: test, hit, miss."""
    found = [_test(clause, block, worlds) for clause in block.all("test")]
    for title in ("hit", "miss"):
        for number, clause in enumerate(block.all(title), 1):
            mail = clause.nodes[0]
            name = (
                f"{title} {number}"
                if isinstance(mail, LongString)
                else f"{title} {literals.prose(mail, block.context)}"
            )
            named = _known_world(clause.words[1] if len(clause.words) > 1 else None, block, worlds)
            place = block.file.text.place(clause.start)
            found.append(RuleTest(
                block.name, name, _message(mail, block.context), World(), named, ((title, ""),), place
            ))  # fmt: skip
    return found


def _test(clause: Node, block: Block, worlds: dict[str, World]) -> RuleTest:
    context = block.context
    parts = [part for part in clause.nodes if isinstance(part, TestPart)]
    message, own = _only(parts, MessagePart, context), _world(parts, context)
    named = _only(parts, WorldPart, context)
    expects = [_expectation(part, block) for part in parts if isinstance(part, ExpectPart)]
    if message is None:
        context.report("E509", clause.nodes[0], "this test has no message")
    if not expects:
        context.report("E509", clause.nodes[0], "this test expects nothing", "write `expect hit` or `expect miss`")
    return RuleTest(
        block.name, literals.prose(clause.nodes[0], context),
        _message(message.nodes[0], context) if message else b"", own,
        _known_world(named.words[0] if named else None, block, worlds),
        tuple(expect for expect in expects if expect), block.file.text.place(clause.start),
    )  # fmt: skip


def _message(node: Node, context: Context) -> bytes | Path:
    text = literals.prose(node, context)
    if isinstance(node, LongString):
        return text.encode("utf-8", "surrogateescape")
    folder = context.file.text.source.folder
    if folder is None:
        return Path(text)
    path = reached(text, folder, context.file.root)
    if path is None:
        context.report("E210", node, f"{text} cannot be a message here", "it lies in the same tree as the rule file")
    return path or Path()


def _known_world(word: Word | None, block: Block, worlds: dict[str, World]) -> str:
    if word is not None and word.text not in worlds:
        block.context.report("E209", word, f"no world is named {word.text}", meant(word.text, worlds))
    return word.text if word is not None else ""


def _expectation(part: ExpectPart, block: Block) -> tuple[str, str] | None:
    what = part.words[0]
    known = _EXPECTATIONS[block.kind]
    if what.text not in known:
        help_text = meant(what.text, known) or f"one of {', '.join(known)}"
        block.context.report("E208", what, f"{what.text} cannot be expected", help_text)
        return None
    if what.text in _RESULTS:
        return what.text, ""
    if len(part.words) > 1:
        value = block.pick(part.words[1], _WORDS[what.text]) if what.text in _WORDS else part.words[1].text
        return what.text, value
    if not part.nodes:
        block.context.report("E509", part, f"`expect {what.text}` wants a word after it")
        return None
    return what.text, literals.prose(part.nodes[0], block.context)


def _check_keys(node: Node, known: tuple[str, ...], context: Context) -> None:
    for pair in node.nodes:
        key = pair.word(0)
        if key.text not in known:
            help_text = meant(key.text, known) or f"one of {', '.join(known)}"
            context.report("E510", key, f"there is no {key.text} here", help_text)


def _mapping(node: Node, context: Context) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if context.depth > _MAX_MAPPING_DEPTH:
        context.report("E507", node, f"this is nested more than {_MAX_MAPPING_DEPTH} deep")
        return made
    for pair in node.nodes:
        assert isinstance(pair, Pair)
        key = pair.word(0)
        name = key.text.strip('"')
        if name in made:
            context.report("E503", key, f"{name} stands here a second time")
        made[name] = _mapped(pair.nodes[0], context._replace(depth=context.depth + 1))
    return made


def _mapped(node: Node, context: Context) -> Any:
    if isinstance(node, Mapping):
        return _mapping(node, context)
    if isinstance(node, MappedList):
        if any(isinstance(part, MappedList) for part in node.nodes):
            context.report("E507", node, "a list in a list means nothing here")
            return []
        return [_mapped(part, context) for part in node.nodes]
    text = literals.text_of(node, context)
    if text is not None:
        return text
    plain = node.word(0).text
    return {"true": True, "false": False}.get(plain, plain)
