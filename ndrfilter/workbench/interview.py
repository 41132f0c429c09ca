"""`config init`'s search and its questions: the machine's files, then DNS, then flags, then the person."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path

from ndrfilter.config.published import Finding, Published
from ndrfilter.config.published import ask as ask_dns
from ndrfilter.errors import UsageError
from ndrfilter.lang.diagnose import meant
from ndrfilter.ports import Resolver
from ndrfilter.schema import COMPLETENESS
from ndrfilter.workbench import othermtas, postfix
from ndrfilter.workbench.findings import Findings, words

_MAX_DOMAINS = 10


def discover(root: Path, domains: Sequence[str], resolver: Resolver | None) -> Findings:
    """What the files below `root` and DNS say; `domains` were named on the command line and stand alone then."""
    findings = Findings()
    for domain in domains:
        findings.domain(domain, "--domain")
    postfix.read(root, findings)
    othermtas.read(root, findings)
    if domains:
        findings.domains = {name: one for name, one in findings.domains.items() if one.source == "--domain"}
    if resolver is not None:
        asked = [finding.value for finding in findings.chosen_domains()[:_MAX_DOMAINS]]
        answers = asyncio.run(_ask_all(asked, resolver))
        for name, published in zip(asked, answers, strict=True):
            _take(published, name, findings)
        closed = [name for name, published in zip(asked, answers, strict=True) if published.closed]
        if closed and closed == asked:
            findings.complete = Finding("relays", f"{', '.join(closed)}: DNS says that nobody else may send")
    return findings


async def _ask_all(domains: Sequence[str], resolver: Resolver) -> list[Published]:
    return await asyncio.gather(*(ask_dns(domain, resolver) for domain in domains))


def _take(published: Published, domain: str, findings: Findings) -> None:
    for relay in published.relays:
        findings.relay(relay.value, relay.source, relay.shared)
    for receiver in published.receivers:
        findings.receiver(receiver.value, receiver.source)
    for provider in published.providers:
        findings.note(
            f"{domain}: {provider.name} sends for others too; add your account to the relay {provider.relays}"
        )
    if published.dmarc:
        findings.note(f"{domain}: DMARC is {published.dmarc}")
    if published.troubles:
        findings.note(f"{domain}: DNS did not answer everything ({published.troubles[0]})")


def take_flags(findings: Findings, args: argparse.Namespace) -> None:
    """Flags stand alone: what was found for the same key is dropped. Raises UsageError."""
    if args.relay:
        findings.relays = {}
        for text in args.relay:
            findings.relay(text, "--relay")
    if args.receiver:
        findings.receivers = {}
        for text in args.receiver:
            findings.receiver(text, "--receiver")
    if args.complete is not None:
        findings.complete = _completeness(args.complete, "--complete")
    for flag, texts, taken in (
        ("--domain", args.domain, findings.domains),
        ("--relay", args.relay, findings.relays),
        ("--receiver", args.receiver, findings.receivers),
    ):
        if len(taken) < len(set(texts)):
            raise UsageError(f"{flag}: {', '.join(texts)}: not all of these are public names or addresses")


def _completeness(text: str, source: str) -> Finding | None:
    chosen = [word for word in words(text) if word != "none"]
    for word in chosen:
        if word not in COMPLETENESS:
            advice = meant(word, COMPLETENESS) or f"known are {', '.join(COMPLETENESS)}"
            raise UsageError(f"{source}: there is nothing called {word!r}; {advice}")
    return Finding(", ".join(chosen), source) if chosen else None


def ask(findings: Findings) -> None:
    """Let a person correct each list: Enter keeps it, words replace it, "-" empties it."""
    domains = _ask_list("Domains of your addresses", [one.value for one in findings.chosen_domains()])
    if domains is not None:
        findings.domains = {}
        for text in domains:
            findings.domain(text, "you")
    relays = _ask_list("Hosts and networks that your mail leaves through", list(findings.relays))
    if relays is not None:
        findings.relays, old = {}, findings.relays
        for text in relays:
            findings.relay(text, "you", text in old and old[text].shared)
    receivers = _ask_list("Your MXes", list(findings.receivers))
    if receivers is not None:
        findings.receivers = {}
        for text in receivers:
            findings.receiver(text, "you")
    guess = findings.complete is not None
    answer = input(f"Does all mail of your domains leave through these hosts? [{'Y/n' if guess else 'y/N'}] ").strip()
    if answer:
        findings.complete = Finding("relays", "you") if answer.lower().startswith("y") else None


def _ask_list(question: str, found: list[str]) -> list[str] | None:
    answer = input(f"{question} [{', '.join(found) or 'none'}]: ").strip()
    if not answer:
        return None
    return [] if answer == "-" else list(words(answer))
