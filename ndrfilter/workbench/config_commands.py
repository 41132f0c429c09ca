"""`ndrfilter config init|check|show`: write a configuration from what is found, find mistakes, print what applies."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ndrfilter.terminal import say, warn

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from ndrfilter.config import Config, RulesetChoice
    from ndrfilter.config.published import Published
    from ndrfilter.workbench.findings import Findings

_MAX_ASKED = 10


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the commands."""
    parser = subparsers.add_parser("config", description="Write, verify and print the configuration.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _register_init(commands)
    check_parser = commands.add_parser("check", help="find mistakes", description="Find every mistake.")
    check_parser.add_argument("--no-dns", action="store_true", help="do not compare with what the domains publish")
    check_parser.set_defaults(func=check)
    show_parser = commands.add_parser("show", help="print every value and where it came from")
    show_parser.set_defaults(func=show)


def _register_init(commands: Any) -> None:
    parser = commands.add_parser(
        "init",
        help="write a configuration from what is found",
        description="Propose domains, relays and receivers from Postfix, Exim, rspamd and DNS; ask; write the file.",
    )
    parser.add_argument("--domain", action="append", default=[], help="a domain of yours (repeat); instead of asking")
    parser.add_argument("--relay", action="append", default=[], help="what your mail leaves through (repeat)")
    parser.add_argument("--receiver", action="append", default=[], help="an MX of yours (repeat)")
    parser.add_argument("--complete", help="what is complete: relays, log, signing, with commas; none for nothing")
    parser.add_argument("--output", metavar="FILE", help="where to write; - is standard output")
    parser.add_argument("--root", metavar="DIR", default="/", help="look for mail programs' files below DIR")
    parser.add_argument("--no-dns", action="store_true", help="do not ask DNS")
    parser.add_argument("--yes", action="store_true", help="take the proposals without asking")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    parser.set_defaults(func=init)


def init(args: argparse.Namespace) -> int:
    """Find, ask, write."""
    from pathlib import Path

    from ndrfilter.errors import UsageError
    from ndrfilter.workbench import proposal
    from ndrfilter.workbench.interview import ask, discover, take_flags

    output = Path(args.output) if args.output else _default_output()
    if output.exists() and not args.force:
        raise UsageError(f"{output} is there already; --force replaces it, --output FILE writes another")
    findings = discover(Path(args.root), args.domain, None if args.no_dns else _resolver())
    take_flags(findings, args)
    if sys.stdin.isatty() and sys.stdout.isatty() and not args.yes:
        ask(findings)
    if not findings.domains:
        raise UsageError("no domain of yours was found; name it: ndrfilter config init --domain example.com")
    written = proposal.text(findings)
    proposal.check(written, output)
    if args.output == "-":
        say(written.removesuffix("\n"))
        return 0
    proposal.write(written, output, args.force)
    say(f"wrote {output}", *_summary(findings), "next: ndrfilter config check")
    return 0


def _summary(findings: Findings) -> list[str]:
    lines = [f"  domains    {_few([one.value for one in findings.chosen_domains()])}"]
    lines.append(f"  relays     {_few(list(findings.relays))}")
    lines.append(f"  receivers  {_few(list(findings.receivers))}")
    lines.append(f"  complete   {findings.complete.value if findings.complete else 'nothing'}")
    return [*lines, *(f"  note: {note}" for note in findings.notes)]


def _few(values: list[str]) -> str:
    more = f" and {len(values) - _MAX_ASKED} more" if len(values) > _MAX_ASKED else ""
    return (", ".join(values[:_MAX_ASKED]) or "none found") + more


def _default_output() -> Path:
    import os
    from pathlib import Path

    if os.geteuid() == 0:
        return Path("/etc/ndrfilter/ndrfilter.yml")
    home = os.environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "ndrfilter" / "ndrfilter.yml"


def _resolver() -> Any:
    from ndrfilter.adapters.dns import DnsResolver

    return DnsResolver()


def check(args: argparse.Namespace) -> int:
    """Raise ConfigError with every mistake, else print warnings."""
    from ndrfilter import knowledge
    from ndrfilter.config.review import review, review_published

    config, choice = _load(args)
    loaded = knowledge.of(config)
    warnings = [*review(config, choice), *choice.check_against(loaded.program)]
    if not args.no_dns:
        warnings += review_published(config, _published(config))
    warn(warnings)
    word = "one warning" if len(warnings) == 1 else f"{len(warnings) or 'no'} warnings"
    say(f"{config.path or 'the embedded default'}: sound, {word}")
    return 0


def _load(args: argparse.Namespace) -> tuple[Config, RulesetChoice]:
    """The configuration with its ruleset; raises ConfigError."""
    from ndrfilter.config import load, load_ruleset

    config = load(args.config)
    return config, load_ruleset(config.ruleset, config.local_rulesets, config.origin("ruleset"))


def _published(config: Config) -> dict[str, Published]:
    import asyncio

    from ndrfilter.config.published import ask

    resolver = _resolver()
    names = [domain for site in config.sites for domain in site.domains if not domain.startswith("*.")][:_MAX_ASKED]

    async def ask_all() -> dict[str, Published]:
        return dict(zip(names, await asyncio.gather(*(ask(name, resolver) for name in names)), strict=True))

    return asyncio.run(ask_all())


def show(args: argparse.Namespace) -> int:
    """Every value with its origin."""
    from ndrfilter.workbench.settings import rows
    from ndrfilter.workbench.table import show as show_table

    config, choice = _load(args)
    show_table(("key", "value", "from"), rows(config, choice))
    return 0
