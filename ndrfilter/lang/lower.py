"""Syntax tree → checked plain tuples. Here is the walk, and logic: and, or, not, quantifiers, states, other rules.

Names and types are checked on the way, so that evaluation cannot fail on either. A `let` is put in where it is called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ndrfilter.lang import compare, expressions, lets, literals, names, texts
from ndrfilter.lang.context import ANYTHING, BAD, NAMED_LIST, PATTERN, Argument, Context, Ir, Typed, article, condition
from ndrfilter.lang.tree import Node, Word
from ndrfilter.limits import MAX_QUANTIFIER_DEPTH
from ndrfilter.schema import NUMBER, Type

_CONDITIONS = frozenset(
    (
        "and",
        "or",
        "not",
        "surely",
        "any",
        "all",
        "none",
        "exists",
        "missing",
        "known",
        "cmp",
        "in",
        "in_net",
        "in_named",
        "contains",
        "starts",
        "ends",
        "matches",
        "within",
        "at_least",
        "rule",
        "truth",
    )
)
_COMPARISONS = frozenset(("cmp", "in", "in_net", "in_named", "contains", "starts", "ends", "matches", "within"))


def value(node: Node, context: Context, expected: Type | None) -> Typed:
    """Lower an expression. `expected` resolves a bare word of an enum."""
    inner = context.deeper(node)
    found = names.enum_word(node, inner, expected) or _LOWER[type(node)](node, inner)
    if not context.over and not context.shown and not _says_itself(node, found, context):
        told = f"{context.call}: {context.source(node)}" if context.call else context.source(node)
        context.unit.step(told, found.ir, compare.show_kind(found.type, context))
    return found


def _says_itself(node: Node, found: Typed, context: Context) -> bool:
    """Whether a trace would say nothing new: literals, words, a let's parameters, what is no single value."""
    parameter = isinstance(node, expressions.Ref) and isinstance(context.variables.get(node.word(0).text), Argument)
    return parameter or isinstance(node, _LITERALS) or found.ir[0] == "const" or found.type.kind in _UNTRACED


def truth(node: Node, context: Context) -> Typed:
    """Lower an expression that must be a condition."""
    found = context.value(node)
    if found.type.kind == "boolean":
        return found if found.ir[0] in _CONDITIONS else found._replace(ir=("truth", found.ir))
    if found.type is not ANYTHING:
        text = context.source(node)
        help_text = (
            f"write `{text} exists`, or compare it with something" if len(text) < 60 else "compare it with something"
        )
        context.report("E302", node, f"a condition is wanted here, this is {article(found.type)}", help_text)
    return BAD


def _and(node: Node, context: Context) -> Typed:
    parts: list[Typed] = []
    for part in node.nodes:
        lowered = truth(part, context)
        context = context._replace(guards=context.guards | _guarded(lowered))
        parts.append(lowered)
    return condition(("and", tuple(part.ir for part in parts)), frozenset().union(*(part.soft for part in parts)))


def _guarded(part: Typed) -> frozenset[Ir]:
    """What must be there if that condition holds."""
    if part.ir[0] == "exists":
        return frozenset(names.chain(part.ir[1]))
    return part.soft if part.ir[0] in _COMPARISONS else frozenset()


def _or(node: Node, context: Context) -> Typed:
    parts = [truth(part, context) for part in node.nodes]
    return condition(("or", tuple(part.ir for part in parts)), frozenset().union(*(part.soft for part in parts)))


def _not(node: Node, context: Context) -> Typed:
    denied = node.nodes[0]
    part = truth(denied, context)
    if part.soft - context.guards:
        _warn_of_absence(node, denied, part, context)
    return condition(("not", part.ir))


def _warn_of_absence(node: Node, denied: Node, part: Typed, context: Context) -> None:
    """Denials of a single thing only: "not (a or b)" usually means what it says."""
    if isinstance(denied, expressions.Compare | expressions.TextCompare):
        message = "what is compared here may be absent; then the comparison is false, and `not` makes it true"
        help_text = f"write `{_denied(denied, context)}`, or say `… exists and` before it"
        context.report("W601", node, message, help_text)
    elif part.ir[0] == "truth" and part.ir[1] in part.soft:
        help_text = f"say `{context.source(denied)} exists and` before it"
        context.report("W601", node, "this may be absent, and `not` makes that true", help_text)


def _denied(node: Node, context: Context) -> str:
    """The comparison's own negative, which is false for what is absent."""
    left, right = (context.source(side) for side in node.nodes)
    word = node.words[-1].text
    if len(node.words) > 1:
        return f"{left} {word} {right}"
    opposite = {"==": "!=", "!=": "==", "<": ">=", ">": "<=", "<=": ">", ">=": "<"}.get(word.rstrip("~"))
    sign = opposite + "~" * word.endswith("~") if opposite else f"not {word}"
    return f"{left} {sign} {right}"


def _surely(node: Node, context: Context) -> Typed:
    part = truth(node.node(0), context)
    return condition(("surely", part.ir), part.soft)


def _state(node: Node, context: Context) -> Typed:
    return condition((node.word(1).text, context.value(node.node(0)).ir))


def _quantified(node: Node, context: Context) -> Typed:
    word, name = node.words
    items = context.value(node.nodes[0])
    if len(context.over) >= MAX_QUANTIFIER_DEPTH:
        context.refuse(node, f"any, all, none and count go at most {MAX_QUANTIFIER_DEPTH} deep", "split the rule")
    if items.type.kind != "list":
        if items.type is not ANYTHING:
            context.report(
                "E303",
                node.nodes[0],
                f"{word.text} wants a list, this is {article(items.type)}",
                names.list_help(items)
                or f"`ndrfilter rules facts` says which are lists; a single thing is asked without `{word.text}`",
            )
        items = BAD
    item = Typed(("variable", len(context.over)), items.type.item or ANYTHING)
    inner = context._replace(variables={**context.variables, name.text: item}, over=(*context.over, items.ir))
    body = truth(node.nodes[1], inner)
    soft = frozenset(part for part in body.soft if not names.uses_variable(part, len(context.over)))
    ir = (word.text, items.ir, body.ir, len(context.over))
    return Typed(ir, NUMBER) if word.text == "count" else condition(ir, soft)


def _hit(node: Node, context: Context) -> Typed:
    return condition(_rule(node.word(0), context))


def _rule(name: Word, context: Context) -> Ir:
    if context.unit.stage == "message":
        context.report("E508", name, "a recogniser comes before the rules and cannot ask them")
    context.unit.rules.setdefault(name.text, (context.file.text, name))
    return ("rule", name.text)


def _at_least(node: Node, context: Context) -> Typed:
    wanted, *parts = node.nodes
    lowered = [truth(part, context) for part in parts]
    soft = frozenset[Ir]().union(*(part.soft for part in lowered))
    return condition(("at_least", _wanted(wanted, len(parts), context), tuple(part.ir for part in lowered)), soft)


def _at_least_rules(node: Node, context: Context) -> Typed:
    rules = tuple(_rule(name, context) for name in node.words)
    return condition(("at_least", _wanted(node.nodes[0], len(rules), context), rules))


def _wanted(node: Node, there: int, context: Context) -> int:
    wanted = literals.number_of(node)
    if not isinstance(wanted, int) or not 1 <= wanted <= there:
        help_text = f"there are {there} to choose from" if there > 1 else "there is only one: ask it alone"
        context.report("E310", node, f"a whole number from 1 to {there} is wanted here", help_text)
        return 1
    return wanted


_UNTRACED = (ANYTHING.kind, NAMED_LIST.kind, PATTERN.kind, "map")
_LITERALS = (expressions.Network, expressions.ListLiteral)

_LOWER: dict[type[Node], Callable[[Any, Context], Typed]] = {
    expressions.AndExpr: _and,
    expressions.OrExpr: _or,
    expressions.NotExpr: _not,
    expressions.SurelyExpr: _surely,
    expressions.StateExpr: _state,
    expressions.Quantified: _quantified,
    expressions.HitExpr: _hit,
    expressions.AtLeast: _at_least,
    expressions.AtLeastRules: _at_least_rules,
    expressions.Compare: compare.compare,
    expressions.TextCompare: texts.text_compare,
    expressions.Arithmetic: compare.arithmetic,
    expressions.OtherwiseExpr: compare.otherwise,
    expressions.ListLiteral: compare.list_literal,
    expressions.Ref: names.reference,
    expressions.Member: names.reference,
    expressions.Index: names.index,
    expressions.Call: lets.call,
    expressions.String: literals.string,
    expressions.LongString: literals.string,
    expressions.Number: literals.number,
    expressions.Duration: literals.duration,
    expressions.Date: literals.date,
    expressions.Network: literals.network,
    expressions.Boolean: literals.boolean,
    expressions.Regex: literals.regex,
}
