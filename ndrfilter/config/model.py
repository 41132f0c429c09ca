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

    from ndrfilter.site import Network

DEFAULT = Place("default")
ACTIONS = ("header", "reject", "discard", "quarantine")
ACTION_VERDICTS = ("backscatter", "fake")
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Dns(Noun):
    """Which servers to ask, as (address, port), none for the system's; how long to wait for each answer, in seconds."""

    servers: tuple[tuple[str, int], ...] = ()
    timeout: float = limits.DNS_QUERY_TIMEOUT


class Listener(Noun):
    """One place where the service listens, and the protocol it speaks there.

    `host` is an IP address, `path` a Unix socket, `inherited` the name of a socket that was handed over already bound
    (systemd's FileDescriptorName); one of them is not empty. `mode` and `group` are the socket file's. `outbound` has
    the networks whose mail is ours to mark, besides that of people who logged in (milter only).
    """

    door: str
    host: str = ""
    port: int = 0
    path: str = ""
    inherited: str = ""
    mode: int = 0o660
    group: str = ""
    certificate: Path | None = None
    key: Path | None = None
    outbound: tuple[Network, ...] = ()

    def __str__(self) -> str:
        """As it is written in a configuration: 127.0.0.1:783, [::1]:783, unix:/run/…, systemd:NAME."""
        if self.path:
            return f"unix:{self.path}"
        if self.inherited:
            return f"systemd:{self.inherited}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Service(Noun):
    """How the service runs. `workers` 0 is one for each processor; `log` is stderr, syslog, or a file's path.

    `drain` is how long connections may go on after a stop or a reload, in seconds; `watch` whether changed files are
    read again without being told.
    """

    workers: int = 0
    user: str = ""
    group: str = ""
    log: str = "stderr"
    log_format: str = "plain"
    watch: bool = True
    drain: float = limits.SERVICE_DRAIN


class Config(Noun):
    """A checked configuration.

    `origins` says for each dotted key ("site.relays", "sites[1].domains") where its value came from; what is not in
    it is a default. `settings` has what each plugin that is on made of its section. `owners` finds the site of a domain
    pattern. `state` is the folder for what is remembered. `shown` are the plugins' sections in words without secrets.
    `files` are the lists, keys and other files that were read for it.
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
    listen: tuple[Listener, ...] = ()
    service: Service = Service()
    opt_out: frozenset[str] = frozenset()
    files: tuple[Path, ...] = ()

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

    def opted_out(self, recipient: str) -> bool:
        """Whether that person, or everybody in that domain, wants no judgement on mail."""
        address = recipient.lower()
        return address in self.opt_out or address.rpartition("@")[2] in self.opt_out

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
