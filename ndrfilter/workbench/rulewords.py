"""Rules and facts in words: the rows of `rules list` and `rules facts`, the page of `rules show`."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path
from typing import Any

from ndrfilter import resources
from ndrfilter.config import Config, RulesetChoice, load_ruleset
from ndrfilter.config.choice import matches
from ndrfilter.errors import ConfigError, Diagnostic
from ndrfilter.lang import Program, Rule
from ndrfilter.lang.diagnose import meant
from ndrfilter.schema import FactSpec, Schema
from ndrfilter.workbench.rulebook import Rulebook

FactRow = tuple[str, str, str, str, str, str, str]


def rows(book: Rulebook) -> list[dict[str, Any]]:
    """The rules as plain data, with score and mode as the ruleset has them."""
    choice = _choice(book)
    return [_row(rule, choice) for rule in sorted(book.loaded.program.rules, key=lambda rule: rule.name)]


def _row(rule: Rule, choice: RulesetChoice) -> dict[str, Any]:
    return {
        "name": rule.name,
        "toward": rule.toward or ("exempt" if rule.exempt else ""),
        "score": choice.scores.get(rule.name, rule.score) if rule.toward else 0.0,
        "class": rule.evidence.word,
        "group": rule.group or "",
        "mode": _mode(rule, choice),
        "tags": list(rule.tags),
        "place": rule.place,
        "description": rule.describe_source,
    }


def cell(value: Any) -> str:
    """A table's cell."""
    return (f"{value:.1f}" if value else "") if isinstance(value, float) else str(value)


def _choice(book: Rulebook) -> RulesetChoice:
    return load_ruleset(book.config.ruleset, book.config.local_rulesets, book.config.origin("ruleset"))


def _mode(rule: Rule, choice: RulesetChoice) -> str:
    return choice.mode(rule.name, rule.place.rpartition(":")[0], rule.tags, rule.mode)


def about(book: Rulebook, name: str) -> list[str]:
    """The page about a rule, recogniser or reason; raises ConfigError with a did-you-mean."""
    program = book.loaded.program
    rule = next((rule for rule in program.rules if rule.name == name), None)
    if rule is not None:
        return [*_head(rule), *_standing(rule, book), *_tests(program, name), "", *source_text(rule.place)]
    if name not in book.blocks:
        raise ConfigError(
            [Diagnostic("E923", f'there is no rule "{name}"', "rules show", help=meant(name, book.blocks))]
        )
    return [f"{name}  {book.blocks[name]}", *_tests(program, name), "", *source_text(book.blocks[name])]


def _head(rule: Rule) -> Iterator[str]:
    aim = f"toward {rule.toward} {rule.score:g}" if rule.toward else ("exempt" if rule.exempt else "a helper")
    yield f"{rule.name}  {aim}  {rule.place}"
    yield f"  {rule.describe_source or rule.exempt}"
    if rule.because:
        yield from (f"  {line}".rstrip() for line in ["", *cleandoc(rule.because).splitlines(), ""])


def _standing(rule: Rule, book: Rulebook) -> Iterator[str]:
    """Class, facts and overrides."""
    facts = book.loaded.schema.facts
    asked = sorted(name for name in rule.facts if name in facts)
    weakest = [name for name in asked if facts[name].evidence <= rule.evidence]
    why = f"because of {', '.join(weakest)}" if weakest else "as the rule declares"
    yield f"  class      {rule.evidence.word}, {why}"
    words = (f"{name} ({facts[name].evidence.word}{_off(facts[name], book)})" for name in asked)
    yield f"  facts      {', '.join(words) or 'none'}"
    if rule.needs_complete:
        yield f"  evidence   only where the site declares complete: [{', '.join(sorted(rule.needs_complete))}]"
    if rule.group:
        cap = _choice(book).caps.get(rule.group, book.loaded.program.groups.get(rule.group))
        yield f"  group      {rule.group}" + (f", at most {cap:g}" if cap is not None else "")
    if rule.tags:
        yield f"  tags       {', '.join(rule.tags)}"
    yield f"  mode       {_mode(rule, _choice(book))}"
    yield from (f"  override   {line}" for line in _overrides(rule, _choice(book)))


def _off(fact: FactSpec, book: Rulebook) -> str:
    return f", plugin {fact.plugin} is off" if fact.plugin in off_plugins(book.config) else ""


def off_plugins(config: Config) -> frozenset[str]:
    """The bundled plugins that the configuration does not switch on: their facts are absent."""
    return frozenset(resources.plugin_names()) - config.plugins


def _overrides(rule: Rule, choice: RulesetChoice) -> Iterator[str]:
    if rule.name in choice.scores:
        yield f"score {choice.scores[rule.name]:g}, {choice.origins[f'scores.{rule.name}']}"
    for key, place in choice.origins.items():
        word, _, pattern = key.partition(".")
        if word in ("disable", "modes") and matches(pattern, rule.name, rule.place.rpartition(":")[0], rule.tags):
            yield f"{word} {pattern}, {place}"


def _tests(program: Program, name: str) -> Iterator[str]:
    found = [test for test in program.tests if test.subject == name]
    for test in found:
        wanted = ", ".join(" ".join(filter(None, pair)) for pair in test.expectations)
        yield f"  test       {wanted}: {test.title or test.place}"
    if not found:
        yield "  test       none"


def source_text(place: str) -> list[str]:
    """The block that begins at "file:line", as written."""
    name, _, line = place.rpartition(":")
    path = Path(name) if Path(name).is_absolute() else resources.root("rules") / name
    if not path.is_file():
        path = Path(name)
    from ndrfilter.lang.parse import parse

    text = path.read_text("utf-8")
    start = sum(map(len, text.splitlines(keepends=True)[: int(line) - 1]))
    block = next((item for item in parse(text).nodes if item.start <= start + _indent(text, start) < item.end), None)
    return text[block.start : block.end].splitlines() if block is not None else []


def _indent(text: str, start: int) -> int:
    line = text[start:].split("\n", 1)[0]
    return len(line) - len(line.lstrip())


def fact_rows(schema: Schema, prefix: str, off: frozenset[str]) -> list[FactRow]:
    """Facts and, indented, the fields of records, as (name, type, class, stage, cost, plugin, meaning)."""
    found: list[FactRow] = []
    records: dict[str, None] = {}
    for name, fact in sorted(schema.facts.items()):
        if name.startswith(prefix):
            mark = "?" if fact.optional else ""
            source = f"{fact.plugin} (off)" if fact.plugin in off else fact.plugin
            found.append((name, f"{fact.type}{mark}", fact.evidence.word, fact.stage, fact.cost, source, fact.doc))
            inner = fact.type.item or fact.type
            records |= {inner.record: None} if inner.record else {}
    for name in records:
        spec = schema.records[name]
        found.append((f"record {name}", "", "", "", "", "", spec.doc))
        found += [
            (f"  .{field.name}", f"{field.type}{'?' if field.optional else ''}", "", "", "", "", field.doc)
            for field in spec.fields
        ]
    return found
