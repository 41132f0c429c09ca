"""Comparisons and what else joins two values: which types go together, and how texts are compared."""

from __future__ import annotations

from ndrfilter.lang import names
from ndrfilter.lang.context import ANYTHING, BAD, NAMED_LIST, PATTERN, Context, Ir, Typed, article, condition
from ndrfilter.lang.expressions import ListLiteral
from ndrfilter.lang.tree import Node
from ndrfilter.schema import DURATION, STRING, Type, list_of

TEXTS = ("string", "domain", "enum")
_ORDERED = ("number", "duration", "time")
_ARITHMETIC = {
    ("number", "+", "number"): "number",
    ("number", "-", "number"): "number",
    ("duration", "+", "duration"): "duration",
    ("duration", "-", "duration"): "duration",
    ("time", "+", "duration"): "time",
    ("time", "-", "duration"): "time",
    ("time", "-", "time"): "duration",
}


def sides(node: Node, context: Context, with_lists: bool = False) -> tuple[Typed, Typed]:
    """Both operands; a bare word is read as one of the other side's enum."""
    left, right = node.nodes
    if names.is_free(left, context) and not names.is_free(right, context):
        other = context.value(right)
        wanted = other.type.item if with_lists and other.type.kind == "list" else other.type
        return context.value(left, wanted), other
    first = context.value(left)
    if with_lists and isinstance(right, ListLiteral):
        return first, _items(right, context.deeper(right), first.type)
    return first, context.value(right, first.type)


def plain(of: Typed, context: Context) -> Typed:
    """A record stands for its default field."""
    if of.type.kind != "record":
        return of
    spec = context.unit.schema.records[of.type.record]
    for field in spec.fields:
        if field.name == spec.default:
            ir = ("field", of.ir, names.attribute(field.name))
            return Typed(ir, field.type, of.soft | {ir} if field.optional else of.soft)
    return of


def folding(*types: Type | None) -> str:
    """How texts of these types compare: an address by its domain's case, domains without case, else exactly."""
    if any(of is not None and of.record == "address" for of in types):
        return "mailbox"
    return "domain" if any(of is not None and of.kind == "domain" for of in types) else "exact"


def shape_of(of: Type) -> str:
    """The kind of values that it compares with; all sorts of text are one."""
    return "text" if of.kind in TEXTS else of.kind


def compare(node: Node, context: Context) -> Typed:
    """== != ==~ !=~ < <= > >="""
    operator = node.words[0]
    left, right = sides(node, context)
    fold = "lower" if operator.text.endswith("~") else folding(left.type, right.type)
    left, right = plain(left, context), plain(right, context)
    if left.type is ANYTHING or right.type is ANYTHING:
        return BAD
    shape = shape_of(left.type)
    if shape != shape_of(right.type) or shape in ("list", "map", "record", NAMED_LIST.kind, PATTERN.kind):
        return _mismatch(node, left, right, context)
    sign = operator.text.rstrip("~")
    if sign not in ("==", "!=") and shape not in _ORDERED:
        return context.report(
            "E305",
            operator,
            f"{sign} does not order {article(left.type)}",
            "numbers, durations and times have an order",
        )
    if operator.text.endswith("~") and shape != "text":
        return context.report(
            "E305", operator, f"{operator.text} compares texts, this is {article(left.type)}", f"write {sign}"
        )
    _words_fit(node, left, right, context)
    return condition(("cmp", sign, left.ir, right.ir, shape, fold), left.soft | right.soft)


def _words_fit(node: Node, left: Typed, right: Typed, context: Context) -> None:
    """A literal text beside an enum must be one of its words."""
    for words, text, at in ((left, right, 1), (right, left, 0)):
        literal = text.type.kind == "string" and text.ir[0] == "const"
        if words.type.kind == "enum" and literal and text.ir[1] not in words.type.values:
            help_text = f"the words are {', '.join(words.type.values)}"
            context.report("E208", node.nodes[at], f"{text.ir[1]} is no word of {words.type}", help_text)


def _mismatch(node: Node, left: Typed, right: Typed, context: Context) -> Typed:
    kinds = {left.type.kind, right.type.kind}
    help_text = "both sides must be of one type: texts stand in quotes, numbers and addresses do not"
    if "list" in kinds:
        help_text = "of a list take .first, .last or .count, or ask `any x in …: x …`"
    elif "map" in kinds:
        help_text = 'a map is asked with a name, as in headers["X-Mailer"].first'
    elif kinds & {"ip", "network"} and "string" in kinds:
        help_text = "addresses and networks stand without quotes: 192.0.2.1, 192.0.2.0/24"
    elif kinds == {"ip", "network"}:
        help_text = "write `in`"
    elif "duration" in kinds and "number" in kinds:
        help_text = "durations have a unit: 30s 5m 2h 7d 2w"
    elif "time" in kinds and "string" in kinds:
        help_text = "dates stand without quotes: 2026-11-22"
    return context.report(
        "E301", node, f"{article(left.type)} cannot be compared with {article(right.type)}", help_text
    )


def otherwise(node: Node, context: Context) -> Typed:
    """`a otherwise b`: b where a is absent or unknown."""
    first = context.value(node.nodes[0])
    second = context.value(node.nodes[1], first.type)
    ir = ("otherwise", first.ir, second.ir)
    if first.type == second.type:
        return Typed(ir, first.type, second.soft)
    if context.shown:
        return Typed(("otherwise", show(first, context), show(second, context)), STRING, second.soft)
    first, second = plain(first, context), plain(second, context)
    ir = ("otherwise", first.ir, second.ir)
    if ANYTHING in (first.type, second.type):
        return BAD
    if shape_of(first.type) != shape_of(second.type):
        return context.report(
            "E307", node, f"this is {article(first.type)} or else {article(second.type)}", "both must be of one type"
        )
    return Typed(ir, first.type if first.type == second.type else STRING, second.soft)


def show(of: Typed, context: Context) -> Ir:
    """The value in words, for a description."""
    return ("show", of.ir, show_kind(of.type, context))


def show_kind(of: Type, context: Context) -> str:
    """How values of that type are shown (show.py)."""
    if of.kind == "list" and of.item:
        return f"list {show_kind(of.item, context)}"
    if of.kind != "record" or of.record == "hop":
        return of.record or of.kind
    default = context.unit.schema.records[of.record].default
    return f".{names.attribute(default)}" if default else f"a {of.record}"


def arithmetic(node: Node, context: Context) -> Typed:
    """+ and - of numbers, durations and times."""
    left, right = (plain(context.value(side), context) for side in node.nodes)
    sign = node.words[0].text
    if left.type is ANYTHING or right.type is ANYTHING:
        return BAD
    kind = _ARITHMETIC.get((left.type.kind, sign, right.type.kind))
    if kind is None:
        help_text = (
            "durations have a unit: 30s 5m 2h 7d 2w" if left.type in (DURATION,) or left.type.kind == "time" else ""
        )
        return context.report(
            "E305", node, f"{article(left.type)} {sign} {article(right.type)} means nothing", help_text
        )
    return Typed(("plus" if sign == "+" else "minus", left.ir, right.ir), Type(kind), left.soft | right.soft)


def list_literal(node: Node, context: Context) -> Typed:
    """[a, b]"""
    return _items(node, context, None)


def _items(node: Node, context: Context, expected: Type | None) -> Typed:
    items = [plain(context.value(item, expected), context) for item in node.nodes]
    types = [item.type for item in items if item.type is not ANYTHING]
    shapes = {"ip" if of.kind == "network" else shape_of(of) for of in types}
    if len(shapes) > 1:
        message = f"this list mixes {' and '.join(sorted(str(of) for of in set(types)))}"
        context.report("E301", node, message, "what stands in a list is of one type: make two lists of it")
        return BAD
    kind = next((of for of in types if of.kind in ("network", "domain")), types[0] if types else STRING)
    ir = (
        ("const", tuple(item.ir[1] for item in items))
        if all(item.ir[0] == "const" for item in items)
        else ("list", tuple(item.ir for item in items))
    )
    return Typed(ir, list_of(kind), frozenset().union(*(item.soft for item in items)))
