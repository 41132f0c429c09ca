"""`ndrfilter rules check|test|list|show|facts`: what a rule author asks about rules before mail does."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ndrfilter.terminal import complain, escape, say, warn

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ndrfilter.workbench.rulebook import Rulebook
    from ndrfilter.workbench.ruletest import Outcome

FAILED = 1


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the commands."""
    parser = subparsers.add_parser("rules", help="check, test and look up rules", description="Work on rules.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add(commands, "check", check, "find every mistake in rule files").add_argument("files", metavar="FILE", nargs="*")
    test_parser = _add(commands, "test", test, "run the tests that stand beside the rules")
    test_parser.add_argument("files", metavar="FILE", nargs="*", help="only the tests in these files")
    test_parser.add_argument("-v", "--verbose", action="store_true", help="a line for every test")
    list_parser = _add(commands, "list", list_rules, "all rules in a table")
    list_parser.add_argument("--tag", help="only rules with this tag")
    list_parser.add_argument("--group", help="only rules of this group")
    list_parser.add_argument("--json", action="store_true", help="one JSON object a line")
    _add(commands, "show", show, "everything about one rule").add_argument("rule", metavar="RULE")
    facts_parser = _add(commands, "facts", facts, "the facts that rules may ask")
    facts_parser.add_argument("prefix", metavar="PREFIX", nargs="?", default="", help="only facts that begin so")


def _add(commands: Any, name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text.capitalize() + ".")
    parser.set_defaults(func=run)
    return parser


def _open(args: argparse.Namespace) -> Rulebook:
    from ndrfilter.workbench.rulebook import open_rulebook

    return open_rulebook(getattr(args, "config", None), getattr(args, "files", ()))


def check(args: argparse.Namespace) -> int:
    """All mistakes; warnings do not fail."""
    from ndrfilter.config import load_ruleset

    book = _open(args)
    program = book.loaded.program
    choice = load_ruleset(book.config.ruleset, book.config.local_rulesets, book.config.origin("ruleset"))
    warnings = [*program.warnings, *choice.check_against(program)]
    warn(warning for warning in warnings if not book.names or warning.file in book.names)
    count = sum(map(book.asked_for, book.blocks.values()))
    say(f"{count} rules, recognisers and reasons are sound")
    return 0


def test(args: argparse.Namespace) -> int:
    """Run tests; 1 if one fails."""
    from ndrfilter.workbench.ruletest import run

    book = _open(args)
    tests = [test for test in book.loaded.program.tests if book.asked_for(test.place)]
    outcomes = run(book.loaded, tests)
    for outcome in outcomes:
        _tell(outcome, args.verbose)
    failed = sum(not outcome.passed for outcome in outcomes)
    say(f"{len(outcomes) - failed} passed, {failed} failed")
    return FAILED if failed else 0


def _tell(outcome: Outcome, verbose: bool) -> None:
    from ndrfilter.workbench.table import visible

    test = outcome.test
    if verbose or not outcome.passed:
        word = "ok  " if outcome.passed else "FAIL"
        say(f"{word} {test.place}: {test.subject}: {visible(test.title)}".rstrip(": "))
    for failure in outcome.failures:
        say(f"     {visible(failure)}")
    if outcome.failures and outcome.result is not None:
        result = outcome.result
        hits = ", ".join(hit.name for hit in result.hits) or "none"
        say(f"     verdict {result.verdict}, score {result.score:g}, kind {result.kind}, hits {hits}")
        for trouble in result.errors:
            say(f"     trouble: {visible(trouble.where)}: {visible(trouble.what)}")


def list_rules(args: argparse.Namespace) -> int:
    """The rules in force as a table or JSON lines."""
    from ndrfilter.workbench import rulewords
    from ndrfilter.workbench.table import show as show_table

    everything = rulewords.rows(_open(args))
    rows = [
        row
        for row in everything
        if (not args.tag or args.tag in row["tags"]) and (not args.group or args.group == row["group"])
    ]
    _tell_of_nothing(args, everything)
    if args.json:
        import json

        say(*(json.dumps(row, ensure_ascii=False) for row in rows))
    elif rows:
        columns = ("name", "toward", "score", "class", "group", "mode", "description")
        show_table(columns, [[rulewords.cell(row[column]) for column in columns] for row in rows])
    return 0


def _tell_of_nothing(args: argparse.Namespace, rows: list[dict[str, Any]]) -> None:
    """Say on standard error which tag or group no rule has, and what may have been meant."""
    from ndrfilter.lang.diagnose import meant

    for what, asked, known in (
        ("tag", args.tag, {tag for row in rows for tag in row["tags"]}),
        ("group", args.group, {row["group"] for row in rows if row["group"]}),
    ):
        if asked and asked not in known:
            complain(escape(f"no rule has the {what} {asked}; {meant(asked, sorted(known))}").removesuffix("; "))


def show(args: argparse.Namespace) -> int:
    """Everything about one rule, recogniser or reason."""
    from ndrfilter.workbench import rulewords

    say(*rulewords.about(_open(args), args.rule))
    return 0


def facts(args: argparse.Namespace) -> int:
    """The facts with their types and classes, then the records that occur in them."""
    from ndrfilter.errors import UsageError
    from ndrfilter.workbench import rulewords
    from ndrfilter.workbench.table import show as show_table

    book = _open(args)
    found = rulewords.fact_rows(book.loaded.schema, args.prefix, rulewords.off_plugins(book.config))
    if not found:
        raise UsageError(f"no fact begins with {args.prefix!r}; `ndrfilter rules facts` shows all")
    show_table(("fact", "type", "class", "stage", "cost", "plugin", "meaning"), found)
    return 0
