"""The SMTP envelope as callers tell it, and as the facts have it."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address

from ndrfilter.facts.world import EnvelopeFacts
from ndrfilter.message.addresses import parse_addresses
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ndrfilter.message.model import Address


class Envelope(Noun):
    """The SMTP envelope. `sender` "" or "<>" is the null sender, None means that nobody told it."""

    sender: str | None = None
    recipients: Sequence[str] = ()
    client_ip: str | None = None
    client_name: str | None = None
    helo: str | None = None


def envelope_facts(envelope: Envelope | None) -> EnvelopeFacts:
    """The envelope as facts; an address or client that cannot be read is as if nobody had told it."""
    if envelope is None:
        return EnvelopeFacts()
    sender = envelope.sender.strip() if envelope.sender is not None else None
    return EnvelopeFacts(
        told=sender is not None,
        sender=_address(sender) if sender and sender != "<>" else None,
        recipients=tuple(filter(None, map(_address, envelope.recipients))),
        client_ip=_ip(envelope.client_ip),
        client_name=envelope.client_name.rstrip(".").lower() if envelope.client_name else None,
        helo=envelope.helo,
    )


def _address(text: str) -> Address | None:
    return (_recurring if len(text) <= _USUAL else _read)(text)


def _read(text: str) -> Address | None:
    found = parse_addresses(text)
    return found[0] if found else None


_USUAL = 320  # characters of a mailbox (RFC 3696, erratum 1690); longer ones shall not fill the memory of the others
_recurring = lru_cache(maxsize=256)(_read)


def _ip(text: str | None) -> Any:
    """The address; what a dual-stack listener shows as ::ffff:192.0.2.1 is an IPv4 client."""
    try:
        address = ip_address(text) if text else None
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
