"""`config show`: every value that applies, as rows of key, value and origin."""

from __future__ import annotations

from collections.abc import Iterator

from ndrfilter.config import Config, RulesetChoice
from ndrfilter.config.tree import Place
from ndrfilter.site import NO_SITE, Relay, Site

Row = tuple[str, str, str]
_NONE = "-"


def rows(config: Config, choice: RulesetChoice) -> list[Row]:
    """All rows, the sites first."""
    found = [("configuration", str(config.path or "embedded default"), "")]
    several = "sites" in config.origins
    for number, site in enumerate(config.sites or (NO_SITE,)):
        found += _site(config, f"sites[{number}]" if several else "site", site)
    found.append(("ruleset", config.ruleset, str(config.origin("ruleset"))))
    found += [(f"actions.{verdict}", action, str(config.origin(f"actions.{verdict}")))
              for verdict, action in choice.actions(config).items()]  # fmt: skip
    found.append(("plugins", _joined(config.settings), str(config.origin("plugins"))))
    found += [(key, words, str(config.origin(key))) for key, words in config.shown.items()]
    servers = (f"{address}:{port}" for address, port in config.dns.servers)
    found.append(("dns.servers", _joined(servers), str(config.origin("dns.servers"))))
    found.append(("dns.timeout", f"{config.dns.timeout:g} s", str(config.origin("dns.timeout"))))
    found.append(("state", str(config.state or _NONE), str(config.origin("state"))))
    found += _service(config)
    found += [(f"lists.{name}", str(path), str(config.origin(f"lists.{name}"))) for name, path in config.lists.items()]
    found.append(("local rules", str(config.local_rules or _NONE), ""))
    found.append(("local rulesets", str(config.local_rulesets or _NONE), ""))
    return [*found, *_ruleset(choice)]


def _service(config: Config) -> Iterator[Row]:
    for number, listener in enumerate(config.listen):
        key = f"listen[{number}]"
        yield f"{key}.{listener.door}", str(listener), str(config.origin(f"{key}.{listener.door}"))
    for name, value in config.service._asdict().items():
        shown = f"{value:g} s" if name == "drain" else str(value).lower() if name == "watch" else str(value or _NONE)
        yield f"service.{name}", shown, str(config.origin(f"service.{name}"))
    yield "opt_out", _joined(sorted(config.opt_out)), str(config.origin("opt_out"))


def _site(config: Config, key: str, site: Site) -> Iterator[Row]:
    values = {
        "domains": _joined(site.domains),
        "relays": _joined(map(_relay, site.relays)),
        "receivers": _joined(map(_relay, site.receivers)),
        "authserv_id": _joined(site.authserv_ids),
        "complete": _joined(sorted(site.complete)),
    }
    for name, value in values.items():
        yield f"{key}.{name}", value, str(config.origin(f"{key}.{name}"))
    if site.settings:
        yield f"{key}.plugins", _joined(dict(site.settings)), str(config.origin(f"{key}.plugins"))
    for name, value in site.vars:
        yield f"{key}.vars.{name}", value, str(config.origin(f"{key}.vars.{name}"))


def _ruleset(choice: RulesetChoice) -> Iterator[Row]:
    def origin(key: str) -> str:
        return str(choice.origins.get(key, Place("default")))

    for axis, number in choice.required.items():
        yield f"ruleset.required.{axis}", f"{number:g}", origin(f"required.{axis}")
    yield "ruleset.rules", _joined(choice.rules), origin("rules")
    yield "ruleset.disable", _joined(choice.disable), origin("disable")
    for name, values in (("groups", choice.caps), ("scores", choice.scores)):
        for key, number in values.items():
            yield f"ruleset.{name}.{key}", f"{number:g}", origin(f"{name}.{key}")
    for key, mode in choice.modes.items():
        yield f"ruleset.modes.{key}", mode, origin(f"modes.{key}")


def _relay(relay: Relay) -> str:
    name = relay.name or str(relay.network)
    return f"{name} (shared, account {relay.account or 'missing'})" if relay.shared else name


def _joined(values: object) -> str:
    return ", ".join(map(str, values)) or _NONE  # type: ignore[call-overload]
