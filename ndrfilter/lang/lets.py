"""Lets: put in where they are called; arguments are read in the caller's names, types follow from the use."""

from __future__ import annotations

from dataclasses import replace

from ndrfilter.lang.context import BAD, Argument, Context, Let, Lowered, Typed
from ndrfilter.lang.diagnose import meant
from ndrfilter.lang.expressions import Ref
from ndrfilter.lang.tree import Node, Word
from ndrfilter.limits import MAX_EXPRESSION_DEPTH, MAX_LET_DEPTH


def call(node: Node, context: Context) -> Typed:
    """`name(arguments)`: a let."""
    name, arguments = node.word(0), node.nodes
    if name.text not in context.file.lets:
        help_text = meant(name.text, context.file.lets) or f"declare it: let {name.text}(…) = …"
        return context.report("E206", name, f"no let is named {name.text}", help_text)
    return inline(name, tuple(Argument(argument, context) for argument in arguments), context)


def inline(name: Word, arguments: tuple[Argument, ...], context: Context) -> Typed:
    """The body of the let of that name, lowered with these arguments."""
    let = context.file.lets[name.text]
    let.file.used.add(let.item.word(0).text)
    key = f"{let.file.text.source.name}:{let.item.word(0).text}"
    if key in context.lets:
        return context.report("E211", name, f"{name.text} is defined by itself", "a let cannot use itself")
    if len(context.lets) >= MAX_LET_DEPTH:
        context.report("E507", name, f"lets are used more than {MAX_LET_DEPTH} deep")
        return BAD
    names = parameters(let)
    if len(names) != len(arguments):
        takes = f"{name.text} takes {len(names)} argument{'' if len(names) == 1 else 's'}"
        return context.report("E306", name, f"{takes}, not {len(arguments)}")
    bound = dict(zip((name.text for name in names), arguments, strict=True))
    told = f"{name.text}({', '.join(map(_told, arguments))})" if names else name.text
    inner = context._replace(file=let.file, variables=bound, lets=(*context.lets, key), call=told)
    if names or context.over or context.shown:
        return inner.value(let.item.nodes[-1])
    return _once(key, let, inner)


def _told(argument: Argument) -> str:
    """The argument as its first caller wrote it."""
    node, context = argument
    while isinstance(node, Ref) and isinstance(known := context.variables.get(node.word(0).text), Argument):
        node, context = known
    return context.source(node)


def _once(key: str, let: Let, context: Context) -> Typed:
    """A let without parameters: lowered for its first use, and, as a condition, evaluated once for a message."""
    unit = context.unit
    known = unit.lowered.get((key, unit.stage))
    if known is None or context.depth + known.height > MAX_EXPRESSION_DEPTH:
        own = replace(unit, facts=set(), rules={}, captures={}, steps={}, nodes=0, deepest=context.depth)
        typed = context._replace(unit=own, guards=frozenset()).value(let.item.nodes[-1])
        if typed.type.kind == "boolean" and typed.ir[0] != "const":
            typed = typed._replace(ir=("shared", key, typed.ir))
        known = unit.lowered[key, unit.stage] = Lowered(typed, own, own.deepest - context.depth)
    unit.absorb(known.unit)
    unit.deepest = max(unit.deepest, context.depth + known.height)
    return known.typed


def parameters(let: Let) -> tuple[Word, ...]:
    """The names of its parameters."""
    return let.item.nodes[0].words if len(let.item.nodes) > 1 else ()


def argument_context(argument: Argument, context: Context) -> Context:
    """The caller's names with the bounds of the place where the argument is used."""
    return argument.context._replace(depth=context.depth, over=context.over, guards=context.guards, lets=context.lets)
