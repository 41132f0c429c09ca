"""`rule` blocks: clauses checked one by one into a draft; what depends on other rules comes afterwards (check.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ndrfilter.lang import literals, lower, templates
from ndrfilter.lang.blocks import Block
from ndrfilter.lang.context import BAD, Ir, TooLargeError
from ndrfilter.schema import COMPLETENESS, Evidence

AXES = ("backscatter", "genuine", "fake")
MODES = ("live", "shadow", "off")
MAX_SCORE = 1_000
_OURS = ("site.", "now")
"""Facts of our own making: they weaken no rule's evidence."""


@dataclass(slots=True)
class Draft:
    """A rule whose own text is checked."""

    block: Block
    when: Ir
    describe: tuple[Any, ...]
    toward: str
    score: float
    mode: str
    when_text: str
    evidence: Evidence | None = None  # worked out, with `facts` and `needs`, once all rules are known
    facts: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()


def draft(block: Block) -> Draft | None:
    """The checked block; None if there is no condition that could be compiled."""
    when = block.wanted("when", "a rule says with `when` which mail it is about")
    try:
        lowered = lower.truth(when, block.context) if when is not None else BAD
        describe = block.node("describe")
        # A placeholder's facts must not weaken the rule's evidence: only what the condition asks counts.
        asked = set(block.context.unit.facts)
        parts = templates.lower(describe, block.context) if describe is not None else ()
        block.context.unit.facts = asked
    except TooLargeError:
        return None
    toward, score = _toward(block)
    mode = block.choice("mode", MODES, "live")
    return Draft(block, lowered.ir, parts, toward, score, mode, block.context.source(when) if when else "")


def _toward(block: Block) -> tuple[str, float]:
    clause = block.one("toward")
    if clause is None:
        return "", 0.0
    exempt = block.one("exempt")
    if exempt is not None:
        block.context.report("E504", exempt, "a rule has a score or an exemption, not both", "make two rules of it")
    if block.one("describe") is None and not block.item.broken:
        block.context.report(
            "W603", block.item.word(1), f"{block.name} has a score but no description", "people will see its bare name"
        )
    axis, number = clause.words[0], clause.nodes[0]
    score = float(literals.number_of(number))
    if not 0 < score <= MAX_SCORE:
        block.context.report("E506", number, f"a score is more than 0 and at most {MAX_SCORE}")
    return block.pick(axis, AXES), score


def own_evidence(made: Draft) -> list[Evidence]:
    """The classes of the facts that the condition itself asks."""
    unit = made.block.context.unit
    return [unit.schema.facts[name].evidence for name in unit.facts if not name.startswith(_OURS)]


def own_needs(made: Draft) -> set[str]:
    """The completeness marks that the rule declares and that its facts need."""
    block, needs = made.block, set()
    unit = block.context.unit
    clause = block.one("absence")
    if clause is not None:
        needs.add(block.pick(clause.words[0], COMPLETENESS))
    needs |= {unit.schema.facts[name].needs_complete for name in unit.facts}
    return needs - {""}


def declared_evidence(made: Draft, inferred: Evidence) -> Evidence:
    """What the rule says its class is: less than inferred, never more."""
    clause = made.block.one("evidence")
    words = tuple(found.word for found in Evidence)
    word = made.block.choice("evidence", words, inferred.word)
    declared = Evidence[word.upper()]
    if clause is not None and declared > inferred:
        message = f"{made.block.name} is {inferred.word} at best and cannot be {declared.word}"
        weakest = _weakest(made)
        made.block.context.report("E506", clause.words[1], message, f"{weakest} is {inferred.word}" if weakest else "")
        return inferred
    return declared


def _weakest(made: Draft) -> str:
    unit = made.block.context.unit
    facts = [name for name in unit.facts if not name.startswith(_OURS)]
    return min(facts, key=lambda name: (unit.schema.facts[name].evidence, name), default="")


def finished(made: Draft) -> tuple[Any, ...]:
    """The checked rule for the program's image (image.py)."""
    block = made.block
    describe, expires = block.node("describe"), block.node("expires")
    return (
        block.name, block.place, made.when, made.describe,
        made.toward, made.score, _prose(block, "exempt"), _word(block, "group"), _names(block, "tags"),
        int(made.evidence or Evidence.REPUTATION), made.facts, frozenset(block.context.unit.rules),
        made.needs if made.toward == "backscatter" else frozenset(), made.mode, _names(block, "replaces"),
        literals.time_of(expires, block.context) if expires else None, _prose(block, "because"),
        literals.prose(describe, block.context) if describe else "", made.when_text,
        tuple((text, *step) for text, step in block.context.unit.steps.items()),
    )  # fmt: skip


def _prose(block: Block, title: str) -> str:
    node = block.node(title)
    return literals.prose(node, block.context).strip() if node else ""


def _word(block: Block, title: str) -> str:
    clause = block.one(title)
    return clause.words[-1].text if clause else ""


def _names(block: Block, title: str) -> tuple[str, ...]:
    clause = block.one(title)
    return tuple(word.text for word in clause.words[1:]) if clause else ()
