"""`config init`'s search and its questions: the machine's files, then DNS, then flags, then the person."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from ndrfilter.config.published import Finding, Published
from ndrfilter.config.published import ask as ask_dns
from ndrfilter.errors import TemporaryError, UsageError
from ndrfilter.lang.diagnose import meant
from ndrfilter.ports import Resolver
from ndrfilter.schema import COMPLETENESS
from ndrfilter.workbench import othermtas, postfix
from ndrfilter.workbench.findings import Findings, as_relay, words

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
        asyncio.run(_name_relays(findings, resolver))
        closed = [name for name, published in zip(asked, answers, strict=True) if published.closed]
        if closed and closed == asked:
            findings.complete = Finding("relays", f"{', '.join(closed)}: DNS says that nobody else may send")
    return findings


async def _name_relays(findings: Findings, resolver: Resolver) -> None:
    """Name the MXes whose addresses are among the relays: a trace may have a host's name, its address, or both."""
    networks = [relay.network for relay in map(as_relay, findings.relays) if relay.network is not None]
    for name in list(findings.receivers)[:_MAX_DOMAINS]:
        for address in await _addresses(name, resolver):
            if any(address in network for network in networks if network.version == address.version):
                findings.relay(name, f"{address} is among the relays")


async def _addresses(name: str, resolver: Resolver) -> list[IPv4Address | IPv6Address]:
    try:
        return [ip_address(found) for kind in ("A", "AAAA") for found in await resolver.query(name, kind)]
    except (TemporaryError, ValueError):
        return []


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
    wrong = []
    for flag, texts, taken in (
        ("--domain", args.domain, findings.domains),
        ("--relay", args.relay, findings.relays),
        ("--receiver", args.receiver, findings.receivers),
    ):
        if len(taken) < len(set(texts)):
            wrong.append(f"{flag}: {', '.join(texts)}: not all of these are public names or addresses")
    if args.complete is not None:
        chosen = [word for word in words(args.complete) if word != "none"]
        wrong += [_no_promise(word) for word in chosen if word not in COMPLETENESS]
        findings.complete = Finding(", ".join(chosen), "--complete") if chosen else None
    if wrong:
        raise UsageError("; ".join(wrong))


def _no_promise(word: str) -> str:
    advice = meant(word, COMPLETENESS) or f"known are {', '.join(COMPLETENESS)}"
    return f"--complete: there is nothing called {word!r}; {advice}"


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
    _ask_accounts(findings)
    receivers = _ask_list("Your MXes", list(findings.receivers))
    if receivers is not None:
        findings.receivers = {}
        for text in receivers:
            findings.receiver(text, "you")
    guess = findings.complete is not None
    answer = input(f"Does all mail of your domains leave through these hosts? [{'Y/n' if guess else 'y/N'}] ").strip()
    if answer:
        findings.complete = Finding("relays", "you") if answer.lower().startswith("y") else None


def _ask_accounts(findings: Findings) -> None:
    """Ask for the account at each shared relay that has a name; those of one provider's networks have none to tell."""
    for value, relay in findings.relays.items():
        if relay.shared and as_relay(value).name:
            account = input(f"Your account at {value}, as it stands in the headers it writes [not known]: ").strip()
            findings.relays[value] = relay._replace(account=account)


def _ask_list(question: str, found: list[str]) -> list[str] | None:
    answer = input(f"{question} [{', '.join(found) or 'none'}]: ").strip()
    if not answer:
        return None
    return [] if answer == "-" else list(words(answer))
