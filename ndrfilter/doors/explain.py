"""`ndrfilter explain`: one page for a person. Did I send this, why did I get it, what should I do; the evidence."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import TYPE_CHECKING

from ndrfilter.doors import envelope, options, sources, words
from ndrfilter.site import NO_SITE
from ndrfilter.terminal import Style, clip, complain, escape, say, style_for, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ndrfilter.engine.result import Result
    from ndrfilter.site import Site

WIDTH = 78
_DESCRIPTION = """\
Explain one message in plain words: whether you sent what came back, why you got this, what to do, what was wrong with
the address or the message; then every piece of evidence, and what would make the answer surer."""
_EXAMPLES = """\
examples:
  ndrfilter explain --me you@example.com bounce.eml
  ndrfilter explain bounces.mbox:3          the third message, as `check` names it
  ndrfilter explain - < bounce.eml"""
_FOUND, _USAGE = 0, 2
_RECIPIENTS, _UNDECIDED = 10, 20


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "explain",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", metavar="PATH", nargs="?", default=sources.STDIN, help="a message; - is standard input")
    options.add_me(parser)
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colour (auto)")
    envelope.add_options(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Explain the message; returns the exit code."""
    judge = options.open_filter(args)
    source = sources.pick(args.path)
    if isinstance(source, sources.Unreadable):
        complain(f"{escape(source.label)}: {escape(source.why)}")
        return _USAGE
    told, word = envelope.envelope_of(args, source.raw, os.environ if args.path == sources.STDIN else {})
    result = judge.check(source.raw, envelope=told, envelope_source=word)
    site = judge.config.site_for(told.recipients)
    for line in page(result, style_for(args.color, sys.stdout), site):
        say(line)
    return _FOUND


def page(result: Result, style: Style, site: Site = NO_SITE) -> Iterator[str]:
    """The page, line by line, at most 78 columns but for long words; `site` is the one it was judged for."""
    verdict = style(result.verdict.upper(), *words.COLOURS.get(result.verdict, ()))
    yield f"{verdict}: {words.headline(result)}"
    sections = (
        ("Did I send this?", [result.advice.sent]),
        ("Why did I get it?", [result.advice.why]),
        ("What should I do?", [result.advice.do]),
        ("What was wrong?", list(_wrong(result))),
        ("What came back?", list(_came_back(result))),
        (_evidence_title(result), list(_evidence(result))),
        ("What could not be decided?", list(_open(result))),
        ("What would make it surer?", list(_surer(result, site))),
        ("What failed on our side?", [f"{trouble.where}: {trouble.what}" for trouble in result.errors]),
    )
    for title, texts in sections:
        if any(texts):
            yield ""
            yield style(title, "bold")
            yield from (_indented(text) for text in texts)


def _indented(text: str) -> str:
    """A paragraph; what stands behind a mark ("+4.0", "Subject:") and a tab hangs beside it."""
    mark, gap, rest = text.partition("\t")
    if not gap:
        return wrap(clip(text, 1000), WIDTH, "  ")
    column = 6 if len(mark) < 6 else 12
    return wrap(clip(rest, 1000), WIDTH, f"  {mark:<{column}}", " " * (column + 2))


def _wrong(result: Result) -> Iterator[str]:
    """The addresses and what the servers said of them, where the mail may have been ours."""
    if result.verdict not in (words.GENUINE, words.UNDETERMINED):
        return
    for recipient in result.recipients[:_RECIPIENTS]:
        yield words.failed(recipient)
        if recipient.diagnostic:
            yield f"\tThe server said: {recipient.diagnostic}"
    more = len(result.recipients) - _RECIPIENTS
    if more > 0:
        yield words.counted(more, "more address", "more addresses")


def _came_back(result: Result) -> Iterator[str]:
    original = result.original
    if original is None:
        return
    yield "the whole message" if original.full else "the header of the message"
    sender = original.sender if original.sender != original.author else ""
    date = "" if original.date is None else time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(original.date))
    rows = (
        ("Subject", original.subject), ("From", original.author), ("Sender", sender),
        ("To", ", ".join(original.to[:_RECIPIENTS])), ("Date", date), ("Message-ID", original.message_id),
        ("Our relay", original.handover), ("Stranger", original.stranger),
    )  # fmt: skip
    yield from (f"{name + ':':<11}\t{clip(value, 300)}" for name, value in rows if value)


def _evidence_title(result: Result) -> str:
    measured = words.measure(result)
    return f"The evidence, weightiest first ({measured})" if measured else "The evidence, weightiest first"


def _evidence(result: Result) -> Iterator[str]:
    for sign, hit in words.by_weight(result):
        yield f"{sign}\t{hit.text}{words.aside(hit, result)} [{hit.evidence}, {hit.name}]"


def _open(result: Result) -> Iterator[str]:
    causes = words.undecided(result)
    yield from (f"{', '.join(names)}: {cause}" for cause, names in list(causes.items())[:_UNDECIDED])
    more = len(causes) - _UNDECIDED
    if more > 0:
        yield f"and {more} more"


def _surer(result: Result, site: Site) -> Iterator[str]:
    if result.verdict != words.UNDETERMINED:
        return
    if result.original is None:
        yield "Nothing of the original came back. Only a record of what you send can tell whose it was."
    if 0 < result.score < result.required and site.configured and "relays" not in site.complete:
        yield (
            "If all mail of your domains leaves through the relays of your configuration, say so there "
            "(complete: [relays]); then it counts when a message did not."
        )
    if result.envelope_source == envelope.NONE:
        yield "The envelope is not known; --sender and --recipient tell it."
    if result.defects:
        yield f"The message is damaged ({', '.join(result.defects[:5])}); the original file may show more."
