"""`recognise` and `reason` blocks: checked and compiled."""

from __future__ import annotations

import re
from typing import Any

from ndrfilter.lang import literals, lower, patterns
from ndrfilter.lang.blocks import Block
from ndrfilter.lang.expressions import Regex
from ndrfilter.lang.syntax import HeaderSource
from ndrfilter.lang.tree import Node
from ndrfilter.schema import KINDS

_GROUPS = frozenset({"address", "status", "diagnostic", "action", "mta"})
_STATUS = re.compile(r"[245x]\.(\d{1,3}|x)\.(\d{1,3}|x)")


def recogniser(block: Block) -> tuple[Any, ...] | None:
    """The checked `recognise` block for the program's image (image.py); None if its condition is missing."""
    when = block.wanted("when", "say by which facts of the message the software is known")
    if when is None:
        return None
    software, priority = block.one("software"), block.one("priority")
    sign = -1 if priority and priority.words else 1
    return (
        block.name,
        literals.prose(software.nodes[0], block.context) if software else block.name,
        int(sign * literals.number_of(priority.nodes[0])) if priority else 0,
        _condition(when, block),
        _kinds(block),
        tuple(found for clause in block.all("original") if (found := _pattern(clause.nodes[0], block))),
        tuple(_extract(clause, block) for what in ("recipient", "diagnostic", "mta") for clause in block.all(what)),
        block.place,
    )


def _condition(node: Node, block: Block) -> Any:
    return lower.truth(node, block.context).ir


def _kinds(block: Block) -> tuple[tuple[str, Any], ...]:
    kinds = []
    for clause in block.all("kind"):
        when = clause.nodes[0] if clause.nodes else None
        kinds.append((block.pick(clause.words[0], KINDS, "failure"), _condition(when, block) if when else None))
    return tuple(kinds) or (("failure", None),)


def _pattern(node: Node | None, block: Block) -> Any:
    return literals.regex_parts(node, block.context) if node is not None else None


def _extract(clause: Node, block: Block) -> tuple[Any, ...]:
    what = clause.words[0].text
    regex = next((node for node in clause.nodes if isinstance(node, Regex)), None)
    header = next((node for node in clause.nodes if isinstance(node, HeaderSource)), None)
    source = literals.prose(header.nodes[0], block.context) if header else "body"
    if regex is None and what != "recipient":
        block.context.report("E404", clause, f"`{what} from` wants a pattern", f"name what it finds: (?P<{what}>…)")
    pattern = _pattern(regex, block)
    if pattern is not None:
        names = patterns.group_names(patterns.compiled(*pattern))
        unknown = names - _GROUPS
        if unknown:
            help_text = f"the groups are {', '.join(sorted(_GROUPS))}"
            block.context.report("E404", regex or clause, f"there is nothing named {min(unknown)} to find", help_text)
        if what == "recipient" and "address" not in names:
            block.context.report("E404", regex or clause, "the pattern does not name the address", "(?P<address>…)")
    return what, source, pattern


def reason(block: Block) -> tuple[Any, ...]:
    """The checked `reason` block for the program's image (image.py)."""
    describe = block.wanted("describe", "say in words for people why mail fails")
    status, text = block.one("status"), block.one("text")
    if status is None and text is None and not block.item.broken:
        block.context.report("E501", block.item.word(1), f"{block.name} has neither status nor text")
    statuses = []
    for node in status.nodes if status else ():
        statuses.append(literals.prose(node, block.context).lower())
        if not _STATUS.fullmatch(statuses[-1]):
            block.context.report("E511", node, f"{statuses[-1]} is no status", 'write "5.2.2", or "x" for any: "x.2.2"')
    found = tuple(made for node in (text.nodes if text else ()) if (made := _pattern(node, block)))
    return (
        block.name,
        literals.prose(describe, block.context) if describe else "",
        tuple(statuses),
        found,
        block.place,
    )
