"""The sent log that a command works on, as the configuration says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndrfilter import limits
from ndrfilter.noun import Noun

if TYPE_CHECKING:
    from pathlib import Path

    from ndrfilter.adapters.store import SqliteStore
    from ndrfilter.config import Config
    from ndrfilter.sentlog import Entry

PLUGIN = "sent_log"


class SentPlace(Noun):
    """The store with the log, the folder it is in, how long things are kept (seconds), and the time."""

    store: SqliteStore
    folder: Path
    retention: float
    now: float
    config: Config

    def ours(self, entry: Entry, author: str = "") -> bool:
        """Whether the message is of a site of ours by its sender or author; without a site everything is."""
        from ndrfilter.sentlog.names import canonical_address

        domains = [canonical_address(address).rpartition("@")[2] for address in (entry.sender, author)]
        sites = self.config.sites
        return not sites or any(site.owns(domain) for site in sites for domain in domains if domain)

    def add(self, raw: bytes, sender: str | None, recipients: tuple[str, ...]) -> bool:
        """Record a message of ours with its envelope, None and () where nobody told it; False without a Message-ID.

        Raises TemporaryError.
        """
        from ndrfilter.message import parse
        from ndrfilter.message.addresses import addresses_of
        from ndrfilter.sentlog import record
        from ndrfilter.sentlog.outgoing import entry_of

        headers = parse(raw).headers
        entry = entry_of(headers, self.now, sender, recipients)
        author = addresses_of(headers, "From")
        if self.ours(entry, author[0].text if author else ""):
            record(self.store, [entry], self.now, retention=self.retention)
        return bool(entry.message_id.strip())


def sent_place(config_file: str | None) -> SentPlace:
    """The sent log of that configuration, else of the one that applies; nothing is opened. Raises ConfigError."""
    from ndrfilter.config import load

    return place_of(load(config_file))


def place_of(config: Config) -> SentPlace:
    """The sent log of a configuration that was read."""
    from ndrfilter.adapters.clock import SystemClock
    from ndrfilter.adapters.state import default_folder
    from ndrfilter.adapters.store import SqliteStore

    folder, clock = config.state or default_folder(), SystemClock()
    return SentPlace(SqliteStore(folder, clock), folder, _retention(config), clock.now(), config)


def _retention(config: Config) -> float:
    """The longest that any site wants: the source itself minds how old is too old for a site."""
    sections = [config.settings, *(dict(site.settings) for site in config.sites)]
    found = [section[PLUGIN].retention for section in sections if PLUGIN in section]
    return max(found, default=limits.SENT_RETENTION)
