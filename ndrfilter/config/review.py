"""What is allowed in a configuration and yet probably not meant: warnings with their places."""

from __future__ import annotations

from ndrfilter.config.hosts import everybodys
from ndrfilter.errors import Diagnostic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndrfilter.config.choice import RulesetChoice
    from ndrfilter.config.model import Config
    from ndrfilter.config.published import Published
    from ndrfilter.site import Relay, Site

_HOST_WORDS = ("mail", "smtp", "mx", "imap", "pop", "relay", "out", "mailout", "mailhost", "gateway", "mta")
_KNOWERS = {"log": ("sent_log",), "signing": ("dkim", "token", "batv")}
_NARROWEST = {4: 16, 6: 24}


def review(config: Config, choice: RulesetChoice | None = None) -> list[Diagnostic]:
    """Every warning about the sites, and about actions that the chosen ruleset does not take."""
    found = [] if config.sites else [_no_site(config)]
    for key, site in _keyed(config):
        found += [*_domains(config, key, site), *_relays(config, key, site), *_receivers(config, key, site)]
        found += _sources(config, key, site)
    if choice is not None and not choice.act and any(action != "header" for action in config.actions.values()):
        advice = "choose another ruleset when you trust the verdicts"
        found.append(
            _warning(config, "actions", "W714", f"the ruleset {choice.name} takes none of these actions", advice)
        )
    return found


def review_published(config: Config, published: dict[str, Published]) -> list[Diagnostic]:
    """Every warning about sites that say other than their domains do in DNS; `published` by domain."""
    found = []
    for key, site in _keyed(config):
        for domain in site.domains:
            if domain in published:
                found += list(_against_dns(config, key, site, domain, published[domain]))
    return found


def _keyed(config: Config) -> list[tuple[str, Site]]:
    if "sites" not in config.origins:
        return [("site", site) for site in config.sites]
    return [(f"sites[{number}]", site) for number, site in enumerate(config.sites)]


def _warning(config: Config, key: str, code: str, message: str, advice: str) -> Diagnostic:
    place = (
        config.origins.get(key) or config.origins.get(key.rpartition("[")[0]) or config.origin(key.rpartition(".")[0])
    )
    return Diagnostic(code, f"{key}: {message}", *place, help=advice)


def _no_site(config: Config) -> Diagnostic:
    advice = "`ndrfilter config init` proposes one; without it nothing is called backscatter or genuine"
    return Diagnostic("W717", "there is no site", str(config.path or ""), help=advice)


def _domains(config: Config, key: str, site: Site) -> Iterator[Diagnostic]:
    for number, domain in enumerate(site.domains):
        labels = domain.removeprefix("*.").split(".")
        place = f"{key}.domains[{number}]"
        if len(labels) == 1:
            advice = "name the domains themselves: a whole top-level domain is hardly yours"
            yield _warning(config, place, "W705", f'"{domain}" has no dot', advice)
        elif len(labels) > 2 and labels[0].rstrip("0123456789") in _HOST_WORDS and not domain.startswith("*."):
            parent = ".".join(labels[1:])
            advice = f"domains are what stands behind the @ of your addresses: {parent}? Hosts belong under relays"
            yield _warning(config, place, "W704", f'"{domain}" looks like a host', advice)


def _relays(config: Config, key: str, site: Site) -> Iterator[Diagnostic]:
    if not site.relays:
        complete = "relays" in site.complete
        what = "complete says that all relays are here, but there is none" if complete else "there are no relays"
        advice = "name every host that your mail leaves through; without one, no trace can be found to be yours"
        yield _warning(config, f"{key}.complete" if complete else f"{key}.relays", "W701", what, advice)
    yield from _shared(config, f"{key}.relays", site)
    for number, relay in enumerate(site.relays):
        yield from _relay(config, f"{key}.relays[{number}]", relay)


def _shared(config: Config, key: str, site: Site) -> Iterator[Diagnostic]:
    """One warning for all shared relays without an account: they are often one provider's networks."""
    found = {n: str(one.name or one.network) for n, one in enumerate(site.relays) if one.shared and not one.account}
    if found:
        advice = (
            "add account: yours there, as the relay writes it into headers; else that mail came from it proves nothing"
        )
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        first = min(found)
        message = f"no account is given for what is shared: {found[first]}{more}"
        yield _warning(config, f"{key}[{first}]", "W702", message, advice)


def _relay(config: Config, place: str, relay: Relay) -> Iterator[Diagnostic]:
    network = relay.network
    if network is None:
        if "." not in relay.name:
            yield _warning(config, place, "W713", f'"{relay.name}" has no dot', "write the full name, as DNS has it")
    elif everybodys(network):
        advice = "name the public address: every organisation has such addresses, so nothing can be told by them"
        yield _warning(config, place, "W707", f"{network} is a private network", advice)
    elif network.prefixlen < _NARROWEST[network.version]:
        advice = "name only networks in which every host is yours"
        yield _warning(config, place, "W708", f"{network} has very many hosts", advice)


def _receivers(config: Config, key: str, site: Site) -> Iterator[Diagnostic]:
    if not site.receivers:
        advice = "name your MXes, else nothing is believed of what they wrote about a bounce"
        yield _warning(config, f"{key}.receivers", "W703", "there are no receivers", advice)
    for number, receiver in enumerate(site.receivers):
        sends = receiver.name.split(".")[0].rstrip("0123456789") in ("mail", "smtp", "relay", "out", "mailout")
        if receiver.name and sends and site.relay(receiver.name, None) is None:
            advice = "if your mail leaves through it too, name it under relays as well"
            place = f"{key}.receivers[{number}]"
            yield _warning(config, place, "W706", f"{receiver.name} is a receiver but no relay", advice)


def _sources(config: Config, key: str, site: Site) -> Iterator[Diagnostic]:
    """What is declared complete, and no plugin that is on knows anything of it."""
    on = config.settings_for(site)
    for number, mark in enumerate(sorted(site.complete)):
        plugins = _KNOWERS.get(mark, ())
        if plugins and not any(name in on for name in plugins):
            advice = f"switch on what knows it, plugins: [{', '.join(plugins)}], or take the word away"
            yield _warning(config, f"{key}.complete[{number}]", "W718", f"{mark}: no plugin that is on has it", advice)


def _against_dns(config: Config, key: str, site: Site, domain: str, said: Published) -> Iterator[Diagnostic]:
    for provider in said.providers:
        mine = site.relay(provider.relays.removeprefix("*."), None) or site.relay(
            provider.relays.replace("*", "x"), None
        )
        if mine is None or not mine.shared:
            advice = f'if your mail leaves through it: {{name: "{provider.relays}", shared: true, account: …}}'
            message = f"SPF of {domain} includes {provider.name}, which is not among the shared relays"
            yield _warning(config, f"{key}.relays", "W710", message, advice)
    missing = [one.value for one in said.receivers if site.receiver(one.value, None) is None]
    if missing and site.receivers and not any(receiver.network for receiver in site.receivers):
        advice = f"add {', '.join(missing)}, or name their addresses"
        yield _warning(config, f"{key}.receivers", "W712", f"MXes of {domain} are missing", advice)
    for trouble in said.troubles:
        yield _warning(
            config, f"{key}.domains", "W715", f"DNS gave no answer: {trouble}", "try again later, or --no-dns"
        )
