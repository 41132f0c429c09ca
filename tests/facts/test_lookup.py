"""Looking hosts up quickly gives what asking every relay gives, and no text that names one of ours is passed over."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ndrfilter import Envelope, Filter
from ndrfilter.facts import origin
from ndrfilter.facts.hosts import named_ours, own_host
from ndrfilter.message.trace import parse_received
from ndrfilter.site import Relay, Site, private, within

NAMES = st.sampled_from([
    "mail.example.com", "example.com", "out.example.com", "a.out.example.com", "xexample.com", "com", "host.example.net",
    "*.out.example.com", "*.example.com", "192.0.2.25", "[192.0.2.7]", "[ipv6:2001:db8::1]", "2001:db8:1::9", "::1",
    "[::ffff:192.0.2.8]", "10.0.0.1", "localhost", "unknown", "", ".", "25", "[", "a:b", "٣",
])  # fmt: skip
RELAYS = st.sampled_from([
    "mail.example.com", "example.com", "*.out.example.com", "*.example.com", "192.0.2.25", "192.0.2.0/24",
    "192.0.2.16/28", "192.0.0.0/14", "128.0.0.0/1", "2001:db8::/32", "2001:db8:1::/48", "::1", "2000::/3", "::/8",
    "fd12:3456::/32", "64:ff9b::/96", "0.0.0.0/0", "host.example.net",
]).map(Relay.parse)  # fmt: skip
IPS = st.sampled_from([
    "192.0.2.25", "192.0.2.7", "192.0.3.1", "192.1.2.3", "203.0.113.66", "10.0.0.1", "2001:db8::1", "2001:db8:1::9", "::1",
    "64:ff9b::1", "fd12:3456::7", "::ffff:192.0.2.8", "1.2.3.4", "::2",
])  # fmt: skip
SITES = st.builds(
    Site,
    domains=st.lists(st.sampled_from(["example.com", "*.example.org", "example.net"]), max_size=3).map(tuple),
    relays=st.lists(RELAYS, max_size=5).map(tuple),
    receivers=st.lists(RELAYS, max_size=2).map(tuple),
)
CLIENTS = st.sampled_from([
    "from {name} ({other} [{ip}]) by {third} (Postfix) with ESMTP id 1; Mon, 16 Nov 2026 10:00:00 +0000",
    "from {name} ({ip}) by {third} with Microsoft SMTP Server id 15", "from [{ip}] (helo={name}) by {third} with esmtp",
    "from {name} ([IPv6:{ip}]) by {third}", "(qmail 1 invoked from network); from {name} (HELO {other}) ({ip})",
    "by {third} id 7", "from {name} by [{ip}] (8.1/8.2)", "FROM {name} (EHLO {other}) ([{ip}:25]) BY {third}",
    "from {name} ([::FFFF:{ip}]) by {third}", "from {name} (may be forged) by {third} (from user@{other})",
    "from {name} ([::ffff:c000:207]) by {third}", "from ([{ip}]) by {third}",
])  # fmt: skip


@st.composite
def lines(draw):
    parts = {"name": draw(NAMES), "other": draw(NAMES), "third": draw(NAMES), "ip": draw(IPS)}
    line = draw(CLIENTS).format(**parts)
    return draw(st.sampled_from([line, line.upper(), line.replace(" by ", "\n\tby ")]))


def plainly(relays, name, ip):
    return next((relay for relay in relays if relay.matches(name, ip)), None)


@given(SITES, st.none() | NAMES, st.none() | IPS.map(ip_address))
@settings(max_examples=600, deadline=None)
def test_a_host_is_found_as_by_asking_each(site, name, ip):
    assert site.relay(name, ip) == plainly(site.relays, name, ip)
    assert site.receiver(name, ip) == plainly(site.receivers, name, ip)


@given(SITES, NAMES)
@settings(max_examples=400, deadline=None)
def test_a_name_is_ours_as_by_asking_each(site, name):
    try:
        literal = ip_address(name.strip("[]").removeprefix("ipv6:"))
    except ValueError:
        literal = None
    literal = None if literal is None or private(literal) else literal
    named = bool(name) and any(plainly(hosts, name, literal) for hosts in (site.relays, site.receivers))
    below = bool(name) and any(within(name, domain.removeprefix("*.")) for domain in site.domains)
    assert named_ours(name, site) is named
    assert own_host(name, site) is (named or below)


def _names_us(hop, site):
    return plainly(site.relays, hop.rdns, hop.ip) or any(named_ours(one, site) for one in (hop.by, hop.helo, hop.rdns))


@given(SITES, lines())
@example(Site(relays=(Relay.parse("192.0.2.0/29"),)), "from x ([::FFFF:C000:207]) by y")
@settings(max_examples=800, deadline=None)
def test_no_line_that_names_one_of_ours_is_without_a_mark(site, line):
    hop = parse_received(" ".join(line.encode("latin-1", "replace").decode("latin-1").split()))
    if _names_us(hop, site):
        assert any(mark in line.encode("latin-1", "replace").lower() for mark in site.marks)


@given(SITES.filter(lambda site: site.domains), st.lists(lines(), max_size=4), st.lists(lines(), max_size=3))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_chain_is_the_same_without_the_marks(make_bounce, site, strays, trace):
    text = (
        "\n".join(f"> Received: {line}" for line in strays)
        .replace("{", "")
        .encode("latin-1", "replace")
        .decode("latin-1")
    )
    hops = [line.encode("latin-1", "replace").decode("latin-1").replace("\n\t", " ") for line in trace]
    raw = make_bounce(*hops, text=text)

    def chain():
        facts = Filter.from_config({"site": {"domains": ["example.com"]}}).facts(raw, Envelope(sender=""))
        facts.site = site
        return origin.chain(facts)

    quick = chain()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(origin, "_say_nothing", lambda raws, marks: False)
        patch.setattr(origin, "_hops", _every_hop)
        assert quick == chain()


def _every_hop(texts, _marks):
    return tuple(parse_received(" ".join(text.decode("latin-1").split())) for text in texts)
