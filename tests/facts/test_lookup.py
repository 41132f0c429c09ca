"""Looking hosts up quickly gives what asking every relay gives, and no text that names one of ours is passed over."""

from __future__ import annotations

import re
from ipaddress import ip_address

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ndrfilter import Envelope, Filter
from ndrfilter.facts import origin, stray
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
@settings(max_examples=200, deadline=None)
def test_a_host_is_found_as_by_asking_each(site, name, ip):
    assert site.relay(name, ip) == plainly(site.relays, name, ip)
    assert site.receiver(name, ip) == plainly(site.receivers, name, ip)


@given(SITES, NAMES)
@settings(max_examples=150, deadline=None)
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
@settings(max_examples=200, deadline=None)
def test_no_line_that_names_one_of_ours_is_passed_over(site, line):
    raw = line.encode("latin-1", "replace")
    if _names_us(parse_received(" ".join(raw.decode("latin-1").split())), site):
        assert site.may_stand_in(raw.lower())


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("from mail.example.com by b", True), ("from xmail.example.com by b", True), ("from [192.0.2.25] by b", True),
        ("from [192.0.2.17] by b.", True), ("from [192.0.2.1] by b", False), ("from [192.0.2.1.25] by b", True),
        ("from [::ffff:1.2.3.4] by b", True), ("from [2001:db8::1] by b", True), ("from [2002::1] by b", False),
        ("from [203.0.113.66] by host66.spam.example", False),
    ],
)  # fmt: skip
def test_what_may_name_one_of_ours(text, may):
    relays = ("mail.example.com", "192.0.2.16/28", "2001:db8::/32")
    assert Site(relays=tuple(map(Relay.parse, relays))).may_stand_in(text.encode()) is may


JUDGE = Filter.from_config({"site": {"domains": ["example.com"]}})
PLAIN = re.compile(
    rb"^[>| \t]{0,16}Received:([^\r\n]{1,998}(?:\r?\n[>|]{0,4}[ \t][^\r\n]{1,998}){0,8})", re.IGNORECASE | re.MULTILINE
)
SCRAPS = st.sampled_from([
    b"Received:", b"received: from a by b", b"RECEIVED:x", b"\n", b"\n", b"\r\n", b"\r", b" ", b"\t", b"> ", b">", b"|", b"x",
    b" " * 15, b" " * 17, b"\n\tby c", b"\n> by c", b"Received:Received: y", b"a" * 990,
])  # fmt: skip


@given(st.lists(SCRAPS, max_size=30).map(b"".join))
@settings(max_examples=300, deadline=None)
def test_received_lines_are_found_as_by_one_pattern(raw):
    assert list(stray.received_lines(raw)) == [match[1] for match in PLAIN.finditer(raw)]


@given(SITES.filter(lambda site: site.domains), st.lists(lines(), max_size=4), st.lists(lines(), max_size=3))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_chain_is_the_same_with_every_stray_line_read(make_bounce, site, strays, trace):
    text = "\n".join(f"> Received: {line}" for line in strays).encode("latin-1", "replace").decode("latin-1")
    hops = [line.encode("latin-1", "replace").decode("latin-1").replace("\n\t", " ") for line in trace]
    raw = make_bounce(*hops, text=text)

    def chain():
        facts = JUDGE.facts(raw, Envelope(sender=""))
        facts.site = site
        return origin.chain(facts)

    quick = chain()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Site, "may_stand_in", lambda _site, _text: True)
        assert quick == chain()


@given(IPS.map(ip_address) | st.ip_addresses())
def test_private_is_what_is_not_global_but_for_documentation(ip):
    documented = str(ip).startswith(("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:"))
    assert private(ip) is (not ip.is_global and not documented)
