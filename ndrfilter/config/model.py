"""The nouns of configuration: what one file says, once it has been checked."""

from __future__ import annotations

from types import MappingProxyType

from ndrfilter import limits
from ndrfilter.config.tree import Place
from ndrfilter.noun import Noun
from ndrfilter.site import NO_SITE, Site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import Any

DEFAULT = Place("default")
ACTIONS = ("header", "reject", "discard", "quarantine")
ACTION_VERDICTS = ("backscatter", "fake")
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Dns(Noun):
    """Which servers to ask, as (address, port), none for the system's; how long to wait for each answer, in seconds."""

    servers: tuple[tuple[str, int], ...] = ()
    timeout: float = limits.DNS_QUERY_TIMEOUT


class Config(Noun):
    """A checked configuration.

    `origins` says for each dotted key ("site.relays", "sites[1].domains") where its value came from; what is not in
    it is a default. `settings` has what each plugin that is on made of its section. `owners` finds the site of a domain
    pattern. `state` is the folder for what is remembered. `shown` are the plugins' sections in words without secrets.
    """

    sites: tuple[Site, ...] = ()
    ruleset: str = "default"
    actions: Mapping[str, str] = MappingProxyType(dict.fromkeys(ACTION_VERDICTS, "header"))
    lists: Mapping[str, Path] = _NOTHING
    local_rules: Path | None = None
    local_rulesets: Path | None = None
    path: Path | None = None
    origins: Mapping[str, Place] = _NOTHING
    settings: Mapping[str, Any] = _NOTHING
    owners: Mapping[str, Site] = _NOTHING
    shown: Mapping[str, str] = _NOTHING
    dns: Dns = Dns()
    state: Path | None = None

    def origin(self, key: str) -> Place:
        """Where the value of a dotted key came from."""
        return self.origins.get(key, DEFAULT)

    def site_for(self, recipients: Iterable[str]) -> Site:
        """The site of a message to these envelope recipients.

        The only site stands for every recipient; among several, the most specific domain of the first recipient that
        is anybody's decides. Nobody's mail has NO_SITE, so that nothing is said of it.
        """
        if len(self.sites) == 1:
            return self.sites[0]
        found = (self._owner(recipient.rpartition("@")[2].lower().rstrip(".")) for recipient in recipients)
        return next((site for site in found if site is not None), NO_SITE)

    @property
    def plugins(self) -> frozenset[str]:
        """The plugins that are on, for all sites or for one."""
        return frozenset(self.settings).union(*(dict(site.settings) for site in self.sites))

    def settings_for(self, site: Site) -> Mapping[str, Any]:
        """The settings of the plugins that are on for this site, by name."""
        return {**self.settings, **dict(site.settings)} if site.settings else self.settings

    def _owner(self, domain: str) -> Site | None:
        if domain in self.owners:
            return self.owners[domain]
        labels = domain.split(".")[-127:]
        for start in range(1, len(labels)):
            parent = ".".join(labels[start:])
            site = self.owners.get(f"*.{parent}") or self.owners.get(parent)
            if site is not None:
                return site
        return None
