"""Which marks a message gets that we send. It asks plugins and configuration; no rule has a part in it."""

from __future__ import annotations

from ndrfilter import extensions
from ndrfilter.envelope import envelope_facts
from ndrfilter.message import parse
from ndrfilter.message.addresses import addresses_of
from ndrfilter.plugin.outgoing import Outgoing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.config import Config
    from ndrfilter.envelope import Envelope
    from ndrfilter.plugin.outgoing import Stamp


def stamps(config: Config, raw: bytes, envelope: Envelope | None, now: float) -> tuple[tuple[str, Stamp], ...]:
    """What each plugin that is on marks the message with, by the plugin's name; `now` in seconds since the epoch.

    Only mail of ours is marked: its author or envelope sender is in a site's domains, and it is no bounce. What a
    plugin does wrong is raised as it is.
    """
    message, told = parse(raw), envelope_facts(envelope)
    senders = [address for address in (told.sender, *addresses_of(message.headers, "From")) if address is not None]
    site = config.site_for([sender.text for sender in senders])
    if (told.told and told.sender is None) or not any(site.owns(sender.domain) for sender in senders):
        return ()
    sender = envelope.sender if envelope is not None else None
    outgoing = Outgoing(message, site, sender, tuple(recipient.text for recipient in told.recipients), now)
    settings = config.settings_for(site)
    asked = ((name, plugin.stamp) for name, plugin in extensions.loaded().plugins.items() if name in settings)
    made = ((name, stamp(outgoing, settings[name])) for name, stamp in asked if stamp is not None)
    return tuple((name, stamp) for name, stamp in made if stamp is not None)


def stampers(config: Config) -> tuple[str, ...]:
    """The plugins that are on and mark outgoing mail."""
    plugins = extensions.loaded().plugins
    return tuple(name for name in sorted(config.plugins) if name in plugins and plugins[name].stamp is not None)
