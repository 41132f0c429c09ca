"""Membership and tests of texts: in, within, contains, startswith, endswith, like, matches; each also with `not`."""

from __future__ import annotations

from ndrfilter.lang import names, patterns
from ndrfilter.lang.compare import TEXTS, folding, plain, shape_of, sides
from ndrfilter.lang.context import ANYTHING, BAD, NAMED_LIST, PATTERN, Context, Ir, Typed, article, condition
from ndrfilter.lang.tree import Node

_RENAMED = {"startswith": "starts", "endswith": "ends", "contains": "contains"}


def text_compare(node: Node, context: Context) -> Typed:
    """in, contains, startswith, endswith, like, matches, within; each also with `not` before it."""
    operator = node.words[-1]
    negated = len(node.words) > 1
    name = operator.text.rstrip("~")
    left, right = sides(node, context, with_lists=name in ("in", "within"))
    if left.type is ANYTHING or right.type is ANYTHING:
        return BAD
    if name == "contains" and left.type.kind == "list":
        left, right, name = right, left, "in"
    fold = "lower" if operator.text.endswith("~") else folding(left.type, right.type, left.type.item, right.type.item)
    if name == "in":
        ir = _in(node, left, right, fold, context)
    elif name == "within":
        ir = _within(node, left, right, context)
    else:
        ir = _text(node, name, left, right, fold, context)
    return condition((*ir, negated), left.soft | right.soft | plain(left, context).soft) if ir else BAD


def _in(node: Node, left: Typed, right: Typed, fold: str, context: Context) -> Ir | None:
    left = plain(left, context)
    if right.type is NAMED_LIST:
        by = {"ip": "covers"}.get(left.type.kind, "has" if fold == "exact" else "has_folded")
        if left.type.kind in (*TEXTS, "ip"):
            return ("in_named", left.ir, right.ir[1], by)
    if left.type.kind == "ip" and (
        right.type.kind == "network" or (right.type.item or right.type).kind in ("network", "ip")
    ):
        return ("in_net", left.ir, right.ir)
    if right.type.kind == "list":
        item = plain(Typed(("variable", 0), right.type.item or ANYTHING), context)
        if item.type is ANYTHING or shape_of(item.type) == shape_of(left.type):
            field = item.ir[2] if item.ir[0] == "field" else ""
            return ("in", left.ir, right.ir, shape_of(left.type), fold, field)
    help_text = "of texts ask `contains`" if shape_of(right.type) == "text" else names.list_help(right)
    context.report("E305", node, f"{article(left.type)} is not in {article(right.type)}", help_text)
    return None


def _within(node: Node, left: Typed, right: Typed, context: Context) -> Ir | None:
    name = _domain(left, context)
    item = right.type.item if right.type.kind == "list" else right.type
    if shape_of(name.type) != "text" or (right.type is not NAMED_LIST and (item is None or shape_of(item) != "text")):
        help_text = (
            "of addresses in networks ask `in`" if left.type.kind == "ip" else "`within` wants a domain and domains"
        )
        context.report("E305", node, f"{article(left.type)} is not within {article(right.type)}", help_text)
        return None
    if right.type is NAMED_LIST:
        return ("in_named", name.ir, right.ir[1], "within")
    return ("within", name.ir, right.ir)


def _domain(of: Typed, context: Context) -> Typed:
    """The domain of an address or link, else the plain value."""
    if of.type.kind == "record":
        for field in context.unit.schema.records[of.type.record].fields:
            if field.name == "domain":
                return Typed(("field", of.ir, "domain"), field.type, of.soft)
    return plain(of, context)


def _text(node: Node, name: str, left: Typed, right: Typed, fold: str, context: Context) -> Ir | None:
    left, right = plain(left, context), plain(right, context)
    if shape_of(left.type) != "text":
        help_text = f"ask `any x in …: x {name} …`" if left.type.kind == "list" else ""
        context.report(
            "E305", node, f"{name} asks a text, this is {article(left.type)}", help_text or names.list_help(left)
        )
        return None
    if name == "matches":
        return _matches(node, left, right, context)
    if shape_of(right.type) != "text" or (name == "like" and right.ir[0] != "const"):
        help_text = "write `matches`" if right.type is PATTERN else ""
        context.report("E305", node.nodes[1], f"{name} wants a text here, this is {article(right.type)}", help_text)
        return None
    if name == "like":
        return ("matches", left.ir, patterns.glob(right.ir[1]), "i" if fold != "exact" else "")
    return (_RENAMED[name], left.ir, right.ir, fold)


def _matches(node: Node, left: Typed, right: Typed, context: Context) -> Ir | None:
    if right.type is not PATTERN:
        context.report(
            "E305", node.nodes[1], "`matches` wants a pattern here", "patterns stand between slashes: /^fail(ed|ure)/i"
        )
        return None
    _, pattern, flags = right.ir
    for group in patterns.group_names(patterns.compiled(pattern, flags)):
        capture: Ir = ("capture", left.ir, pattern, flags, group)
        for depth, items in reversed(list(enumerate(context.over))):
            capture = ("seek", items, capture, depth)
        context.unit.captures.setdefault(group, capture)
    return ("matches", left.ir, pattern, flags)
