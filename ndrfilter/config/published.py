"""What a domain says of itself in DNS: the relays of its SPF record (RFC 7208), its MXes, its DMARC policy."""

from __future__ import annotations

from ipaddress import ip_network

from ndrfilter import limits
from ndrfilter.adapters.dns import Budgeted
from ndrfilter.config.hosts import a_labels, everybodys, is_host
from ndrfilter.errors import TemporaryError
from ndrfilter.noun import Noun
from ndrfilter.site import within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndrfilter.ports import Resolver

_MAX_RELAYS = 200
_MAX_QUESTIONS = 100
_WIDEST = 8


class Provider(Noun):
    """A mail service that sends for many: the SPF names it tells customers to include, and its machines' names."""

    name: str
    includes: tuple[str, ...]
    relays: str


PROVIDERS = (
    Provider("Microsoft 365", ("protection.outlook.com",), "*.outbound.protection.outlook.com"),
    Provider("Google", ("_spf.google.com", "_netblocks.google.com"), "*.google.com"),
    Provider("Amazon SES", ("amazonses.com",), "*.smtp-out.amazonses.com"),
    Provider("Fastmail", ("spf.messagingengine.com",), "*.messagingengine.com"),
    Provider("IONOS", ("_spf.perfora.net", "_spf.kundenserver.de", "_spf-eu.ionos.com"), "*.kundenserver.de"),
    Provider("Mailchimp", ("servers.mcsv.net",), "*.mcsv.net"),
    Provider("Mailgun", ("mailgun.org",), "*.mailgun.net"),
    Provider("Mandrill", ("spf.mandrillapp.com",), "*.mandrillapp.com"),
    Provider("Mimecast", ("_netblocks.mimecast.com",), "*.mimecast.com"),
    Provider("OVH", ("mx.ovh.com", "mx.ovh.net"), "*.mail-out.ovh.net"),
    Provider("Proofpoint", ("pphosted.com",), "*.pphosted.com"),
    Provider("Proton", ("_spf.protonmail.ch",), "*.protonmail.ch"),
    Provider("Salesforce", ("_spf.salesforce.com",), "*.salesforce.com"),
    Provider("SendGrid", ("sendgrid.net",), "*.sendgrid.net"),
    Provider("Zendesk", ("mail.zendesk.com",), "*.zendesk.com"),
    Provider("Zoho", ("zoho.com", "zoho.eu", "zohomail.com", "zohomail.eu"), "*.zohomail.com"),
)


class Finding(Noun):
    """One value and where it was found; a `shared` relay serves others too, and knows us by `account`."""

    value: str
    source: str
    shared: bool = False
    account: str = ""


class Published(Noun):
    """What DNS says of a domain. `troubles` are questions that got no answer."""

    relays: tuple[Finding, ...] = ()
    receivers: tuple[Finding, ...] = ()
    providers: tuple[Provider, ...] = ()
    closed: bool = False  # nobody else may send: SPF ends in -all, or DMARC has what SPF does not allow rejected
    dmarc: str = ""
    troubles: tuple[str, ...] = ()


def provider(name: str) -> Provider | None:
    """The big provider to which an SPF include of `name` belongs."""
    return next((known for known in PROVIDERS if any(within(name, suffix) for suffix in known.includes)), None)


async def ask(domain: str, resolver: Resolver) -> Published:
    """What DNS says of `domain`; never raises for DNS trouble."""
    walk = _Walk(domain, Budgeted(resolver, _MAX_QUESTIONS))
    await walk.record(domain, shared=provider(domain) is not None)
    mx = await walk.query(domain, "MX")
    policy = next((text for text in await walk.query(f"_dmarc.{domain}", "TXT") if text.startswith("v=DMARC1")), "")
    return Published(
        relays=tuple({finding.value: finding for finding in reversed(walk.relays)}.values())[::-1],
        receivers=tuple(Finding(name, f"MX of {domain}") for name in _exchanges(mx)),
        providers=tuple(dict.fromkeys(walk.providers)),
        closed=walk.closed or "p=reject" in policy.replace(" ", "").lower().split(";"),
        dmarc=policy,
        troubles=tuple(dict.fromkeys(walk.troubles)),
    )


class _Walk:
    """Follows an SPF record's includes, at most as many as SPF itself allows."""

    def __init__(self, domain: str, resolver: Resolver) -> None:
        self.domain = domain
        self.resolver = resolver
        self.relays: list[Finding] = []
        self.providers: list[Provider] = []
        self.troubles: list[str] = []
        self.seen: set[str] = set()
        self.closed = False

    async def query(self, name: str, rdtype: str) -> tuple[str, ...]:
        try:
            return await self.resolver.query(name, rdtype)
        except TemporaryError as error:
            self.troubles.append(str(error))
            return ()

    async def record(self, name: str, shared: bool) -> None:
        """Take the SPF record at `name`; relays of another organisation's record are shared."""
        if name in self.seen or len(self.seen) > limits.MAX_SPF_LOOKUPS:
            return
        self.seen.add(name)
        texts = await self.query(name, "TXT")
        spf = next((text for text in texts if text.lower().split(" ", 1)[0] == "v=spf1"), "")
        self.closed = self.closed or (name == self.domain and "-all" in spf.lower().split())
        for word, target, bits in _terms(spf):
            await self.term(word, target, bits, f"SPF of {name}", name, shared)

    async def term(self, word: str, target: str, bits: str, source: str, name: str, shared: bool) -> None:
        if word in ("include", "redirect"):
            await self.include(target, source, shared)
        elif word in ("ip4", "ip6"):
            self.add(_network(target), source, shared)
        elif word == "a":
            await self.host(target or name, bits, source, shared)
        elif word == "mx":
            for exchange in _exchanges(await self.query(target or name, "MX")):
                await self.host(exchange, bits, f"{source}, MX of {target or name}", shared)

    async def include(self, target: str, source: str, shared: bool) -> None:
        known = provider(target)
        if known is not None:
            self.providers.append(known)
            self.add(known.relays, f"{source}, {known.name}", True)
        elif target:
            await self.record(target, shared or not within(target, self.domain))

    async def host(self, name: str, bits: str, source: str, shared: bool) -> None:
        """Take a host's name and addresses; not the domain's own name, which would stand for every host below it."""
        if name != self.domain:
            self.add(name, source, shared)
        for address in await self.query(name, "A") + await self.query(name, "AAAA"):
            wide = f"{address}/{bits}" if bits and ":" not in address else address
            self.add(_network(wide), f"{source}, {name}", shared)

    def add(self, value: str, source: str, shared: bool) -> None:
        if value and len(self.relays) < _MAX_RELAYS:
            self.relays.append(Finding(value, source, shared))


def _terms(record: str) -> Iterator[tuple[str, str, str]]:
    """The terms that let somebody send: word, target, IPv4 prefix. What depends on the message (macros) is none."""
    for term in record.lower().split()[1:]:
        word, mark, target = term.lstrip("+").partition("=" if term.startswith("redirect") else ":")
        if "%" in term or word[:1] in "-~?":
            continue
        if word in ("ip4", "ip6"):
            yield word, target, ""
            continue
        host, _, prefix = (target if mark else word).partition("/")
        bits = prefix.partition("/")[0]
        if mark and is_host(a_labels(host)):
            yield word, a_labels(host), bits
        elif not mark:
            yield host, "", bits


def _network(text: str) -> str:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return ""
    if network.prefixlen < _WIDEST or everybodys(network):
        return ""
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def _exchanges(answers: tuple[str, ...]) -> list[str]:
    names = [a_labels(answer.split()[-1]) for answer in answers if len(answer.split()) == 2]
    return [name for name in names if is_host(name) and "." in name]
