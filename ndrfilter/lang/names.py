"""Names in expressions: variables, facts (the longest declared one wins), fields, lets, lists, words of enums."""

from __future__ import annotations

import keyword
from collections.abc import Iterator

from ndrfilter.lang import lets
from ndrfilter.lang.context import ANYTHING, BAD, NAMED_LIST, Argument, Context, Ir, Typed, article
from ndrfilter.lang.diagnose import meant
from ndrfilter.lang.expressions import Member, Ref
from ndrfilter.lang.tree import Node, Word
from ndrfilter.schema import NUMBER, STRING, Type, list_of


def reference(node: Node, context: Context) -> Typed:
    """A name with its members."""
    words: list[Word] = []
    while isinstance(node, Member):
        words.append(node.word(1))
        node = node.node(0)
    if isinstance(node, Ref):
        found, rest = _named([node.word(0), *reversed(words)], context)
    else:
        found, rest = context.value(node), words[::-1]
    for word in rest:
        found = member(found, word, context)
    return found


def _named(words: list[Word], context: Context) -> tuple[Typed, list[Word]]:
    first, rest = words[0], words[1:]
    variable = context.variables.get(first.text)
    if isinstance(variable, Argument):
        return lets.argument_context(variable, context).value(variable.node), rest
    if variable is not None:
        return variable, rest
    for length in range(min(len(words), 8), 0, -1):
        if ".".join(word.text for word in words[:length]) in context.unit.schema.facts:
            return _fact(words[:length], context), words[length:]
    if first.text in context.file.lets:
        return lets.inline(first, (), context), rest
    if first.text in context.file.lists:
        context.file.used.add(first.text)
        return Typed(("named", context.file.lists[first.text]), NAMED_LIST), rest
    if first.text == "capture" and context.shown and rest:
        return _capture(rest[0], context), rest[1:]
    return _unknown(words, context), []


def _fact(words: list[Word], context: Context) -> Typed:
    name = ".".join(word.text for word in words)
    spec = context.unit.schema.facts[name]
    if context.unit.stage == "message" and spec.stage != "message":
        span = Word(words[0].start, words[-1].end, name)
        context.report(
            "E508", span, f"{name} is known only after recognition", "a recogniser asks facts of stage message"
        )
    context.unit.facts.add(name)
    ir = ("fact", name)
    return Typed(ir, spec.type, frozenset((ir,)) if spec.optional else frozenset())


def _capture(word: Word, context: Context) -> Typed:
    found = context.unit.captures.get(word.text)
    if found is None:
        return context.report(
            "E212", word, f"no pattern of this rule has a group named {word.text}",
            meant(word.text, context.unit.captures) or f"name it in the pattern: (?P<{word.text}>…)",
        )  # fmt: skip
    return Typed(found, STRING, frozenset((found,)))


def _unknown(words: list[Word], context: Context) -> Typed:
    name = ".".join(word.text for word in words)
    facts = context.unit.schema.facts
    file = context.file
    help_text = meant(name, [*facts, *file.lets, *file.lists, *context.variables]) or meant(
        words[0].text, [*facts, *file.lets]
    )
    below = [fact for fact in facts if fact.startswith(words[0].text + ".")]
    if not help_text and below:
        help_text = f"there are {', '.join(below[:6])}"
    help_text = help_text or (f'a text stands in quotes: "{name}"' if len(words) == 1 else "")
    span = Word(words[0].start, words[-1].end, name)
    return context.report("E201", span, f"nothing is named {name}", help_text)


def member(of: Typed, word: Word, context: Context) -> Typed:
    """`of.word`: a field of a record, or an end of a list."""
    if of.type is ANYTHING:
        return BAD
    if of.type.kind == "list":
        return _list_member(of, word, context)
    if of.type.kind != "record":
        help_text = list_help(of) if of.type.kind == "map" else ""
        return context.report("E304", word, f"{article(of.type)} has no fields", help_text)
    spec = context.unit.schema.records[of.type.record]
    for field in spec.fields:
        if field.name == word.text:
            ir = ("field", of.ir, attribute(field.name))
            return Typed(ir, field.type, of.soft | {ir} if field.optional else of.soft)
    below = [
        name.rpartition(".")[2] for name in context.unit.schema.facts if of.ir == ("fact", name.rpartition(".")[0])
    ]
    known = [field.name for field in spec.fields] + below
    help_text = meant(word.text, known) or f"it has {', '.join(known)}"
    return context.report("E202", word, f"{article(of.type)} has no field {word.text}", help_text)


def attribute(name: str) -> str:
    """The attribute that holds a field: `with` is in `with_`."""
    return name + "_" if keyword.iskeyword(name) else name


def _list_member(of: Typed, word: Word, context: Context) -> Typed:
    if word.text in ("first", "last"):
        ir = (word.text, of.ir)
        return Typed(ir, of.type.item or ANYTHING, of.soft | {ir})
    if word.text == "count":
        return Typed(("length", of.ir), NUMBER, of.soft)
    if word.text == "all":
        return of
    return context.report(
        "E202", word, f"a list has no field {word.text}",
        f"a list has first, last, all and count; or ask `any x in …: x.{word.text} …`",
    )  # fmt: skip


def list_help(of: Typed) -> str:
    """How to get at a list, if that is a map."""
    if of.type.kind == "map":
        return 'a map is asked with a name, as in headers["X-Mailer"], and gives a list'
    return "a named list is asked with `in` or `within`" if of.type is NAMED_LIST else ""


def index(node: Node, context: Context) -> Typed:
    """`map["key"]`: a list."""
    of, key = context.value(node.node(0)), context.value(node.node(1))
    if of.type is ANYTHING or key.type is ANYTHING:
        return BAD
    if of.type.kind != "map":
        return context.report(
            "E309", node, f"[ ] asks a map, this is {article(of.type)}", "lists have .first and .last"
        )
    if key.type.kind not in ("string", "domain", "enum"):
        return context.report("E309", node.node(1), f"a map is asked with a text, this is {article(key.type)}")
    return Typed(("index", of.ir, key.ir), list_of(of.type.item or ANYTHING), of.soft)


def is_free(node: Node, context: Context) -> bool:
    """Whether the node is a bare word that names nothing, so that only a type can say what it means."""
    if not isinstance(node, Ref):
        return False
    name = node.word(0).text
    variable = context.variables.get(name)
    if isinstance(variable, Argument):
        return is_free(variable.node, variable.context)
    return variable is None and name not in context.unit.schema.facts and not _declared(name, context)


def _declared(name: str, context: Context) -> bool:
    return name in context.file.lets or name in context.file.lists


def enum_word(node: Node, context: Context, expected: Type | None) -> Typed | None:
    """The bare word as one of the expected enum's, None if it is something else."""
    if expected is None or expected.kind != "enum" or not isinstance(node, Ref):
        return None
    word = node.word(0)
    variable = context.variables.get(word.text)
    if isinstance(variable, Argument):
        return enum_word(variable.node, lets.argument_context(variable, context), expected)
    if variable is not None:
        return None
    fact = context.unit.schema.facts.get(word.text)
    if word.text in expected.values:
        if _declared(word.text, context) or (fact is not None and fact.type.kind == "enum"):
            return context.report(
                "E308", word, f"{word.text} is a word of {expected} and also a name of something else"
            )
        return Typed(("const", word.text), expected)
    if fact is not None or _declared(word.text, context):
        return None
    help_text = meant(word.text, expected.values) or f"the words are {', '.join(expected.values)}"
    return context.report("E208", word, f"{word.text} is no word of {expected}", help_text)


def chain(ir: Ir) -> Iterator[Ir]:
    """The value and what it is taken from."""
    while True:
        yield ir
        if ir[0] not in ("field", "first", "last", "index"):
            return
        ir = ir[1]


def uses_variable(ir: Ir, number: int) -> bool:
    """Whether a quantifier's variable is in it."""
    return ir == ("variable", number) or any(uses_variable(part, number) for part in ir if isinstance(part, tuple))
