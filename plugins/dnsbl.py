"""Lists of hosts that have sent backscatter (RFC 5782), asked in safe mode: only for returned mail, only about the host
that gave it to us. Before there is a message to read, mail from the null sender is taken for returned.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, ip_address

from ndrfilter import limits
from ndrfilter.errors import TemporaryError
from ndrfilter.noun import Noun
from ndrfilter.plugin import Evidence, FactSpec, Setting, SettingError, Unknown, hookimpl
from ndrfilter.schema import BOOLEAN, STRING, list_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from ipaddress import IPv4Address, IPv6Address
    from typing import Any

    from ndrfilter.ports import Ports, Resolver

_DEFAULT = ("ips.backscatterer.org",)
_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9_-]{1,63})+", re.IGNORECASE)
_CODES = IPv4Network("127.0.0.0/8")
# What lists answer to those whom they do not serve: a public resolver, too many questions, a mistyped zone.
_REFUSALS = (IPv4Network("127.255.255.0/24"), IPv4Network("127.0.0.1/32"))
# Never listed (RFC 5782 section 5): a zone that lists these lists everything.
_UNLISTED = {4: ip_address("127.0.0.1"), 6: ip_address("::ffff:127.0.0.1")}


class Zone(Noun):
    """A list: its zone, and the codes that count; none: every code."""

    name: str
    codes: tuple[IPv4Network, ...] = ()


class Said(Noun):
    """What the lists say of one host: the zones that list it, and what went wrong with others."""

    listed: tuple[str, ...]
    troubles: tuple[str, ...]


async def look_up(zone: Zone, ip: IPv4Address | IPv6Address, resolver: Resolver) -> bool:
    """Whether the zone lists that host. Raises TemporaryError where it gives no answer that means anything."""
    codes = [ip_address(text) for text in await resolver.query(_query(ip, zone), "A")]
    if any(code not in _CODES for code in codes):
        raise TemporaryError(f"{zone.name} answers as no list does: {codes[0]}")
    if refusal := [code for code in codes if any(code in network for network in _REFUSALS)]:
        raise TemporaryError(f"{zone.name} does not serve our resolver: {refusal[0]}")
    if not codes or (zone.codes and not any(code in network for code in codes for network in zone.codes)):
        return False
    if await resolver.query(_query(_UNLISTED[ip.version], zone), "A"):
        raise TemporaryError(f"{zone.name} lists everything")
    return True


def _query(ip: IPv4Address | IPv6Address, zone: Zone) -> str:
    """The name to ask for: the octets or nibbles in reverse, below the zone."""
    return f"{ip.reverse_pointer.rsplit('.', 2)[0]}.{zone.name}"


async def _said(facts: Any, ports: Ports) -> Said | None:
    ip = facts.fact("bounce.client_ip")
    if ip is None or isinstance(ip, Unknown) or not _returned(facts):
        return None
    from asyncio import gather

    zones: tuple[Zone, ...] = facts.settings("dnsbl")
    answers = await gather(*(_answer(zone, ip, ports.resolver) for zone in zones))
    listed = tuple(zone.name for zone, answer in zip(zones, answers, strict=True) if answer is True)
    return Said(listed, tuple(answer for answer in answers if isinstance(answer, str)))


def _returned(facts: Any) -> bool:
    return facts.fact("returned") is True or (facts.fact("size") == 0 and facts.fact("envelope.null") is True)


async def _answer(zone: Zone, ip: IPv4Address | IPv6Address, resolver: Resolver) -> bool | str:
    """What the zone says, or why that is not known."""
    try:
        return await look_up(zone, ip, resolver)
    except TemporaryError as error:
        return str(error)


def _fact(value: Any) -> Any:
    async def fetch(facts: Any, ports: Ports) -> Any:
        said = await facts.aonce(_said, ports)
        if said is None:
            return None
        return Unknown("; ".join(said.troubles)) if said.troubles and not said.listed else value(said)

    return fetch


def _zone(text: str) -> Zone:
    name, _, codes = text.replace(" ", "").partition("=")
    name = name.removesuffix(".")
    if not _NAME.fullmatch(name):
        raise SettingError("zones", f'"{name}" is no DNS zone', "for example: ips.backscatterer.org")
    try:
        networks = tuple(IPv4Network(code) for code in codes.split(",") if code)
    except ValueError:
        networks = (IPv4Network("0.0.0.0/0"),)
    if not all(network.subnet_of(_CODES) for network in networks):
        raise SettingError("zones", f'"{codes}" are no answers of a list', "for example: bl.example=127.0.0.2")
    return Zone(name.lower(), networks)


@hookimpl
def settings() -> Iterable[Setting]:
    """The lists."""
    yield Setting("zones", "texts", 'the lists to ask, as "zone" or "zone=127.0.0.2,127.0.0.3"', _DEFAULT)


@hookimpl
def configure(values: Mapping[str, Any]) -> tuple[Zone, ...]:
    """The lists, checked."""
    texts = values.get("zones", _DEFAULT)
    if not 0 < len(texts) <= limits.MAX_DNSBL_ZONES:
        raise SettingError("zones", f"{len(texts)} lists", f"1 to {limits.MAX_DNSBL_ZONES} can be asked")
    return tuple(map(_zone, texts))


@hookimpl
def declare() -> Iterable[FactSpec]:
    """What the lists say of the host that gave us the bounce."""
    for name, type_, doc, value in (
        (
            "listed",
            BOOLEAN,
            "the host that gave us the bounce has sent backscatter, a list says",
            lambda s: bool(s.listed),
        ),
        ("zones", list_of(STRING), "the lists that say so", lambda s: s.listed),
    ):
        yield FactSpec(f"dnsbl.{name}", type_, Evidence.REPUTATION, doc, afetch=_fact(value), optional=True)
