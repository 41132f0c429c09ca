import asyncio

import pytest

from ndrfilter import config
from ndrfilter.adapters.zone import ZoneResolver
from ndrfilter.config.published import ask
from ndrfilter.config.review import review, review_published
from ndrfilter.errors import UsageError

ZONE = ZoneResolver("""
example.com        TXT "v=spf1 a mx/28 a:web.example.com ip4:198.51.100.0/24 ip4:10.0.0.0/8 ip4:0.0.0.0/1 -ip4:192.0.2.9 include:_spf.example.com include:spf.protection.outlook.com include:other.example exists:%{i}.x -all"
example.com        TXT "some other text"
example.com        MX  10 mx1.example.com.
example.com        A   203.0.113.80
mx1.example.com    A   203.0.113.25
web.example.com    AAAA 2001:db8::80
_spf.example.com   TXT "v=spf1 ip4:192.0.2.25 -all"
other.example      TXT "v=spf1 ip4:192.0.2.128/25 include:example.com -all"
_dmarc.example.com TXT "v=DMARC1; p=none"
soft.example       TXT "v=spf1 mx ~all"
_dmarc.soft.example TXT "v=DMARC1; p=reject"
redirected.example TXT "v=spf1 redirect=_spf.google.com"
broken.example     TXT SERVFAIL
""")


def published(domain):
    return asyncio.run(ask(domain, ZONE))


def test_the_relays_of_an_spf_record():
    relays = {finding.value: finding.shared for finding in published("example.com").relays}
    assert relays == {
        "203.0.113.80": False,
        "mx1.example.com": False,
        "203.0.113.16/28": False,
        "web.example.com": False,
        "2001:db8::80": False,
        "198.51.100.0/24": False,
        "192.0.2.25": False,
        "*.outbound.protection.outlook.com": True,
        "192.0.2.128/25": True,
    }


def test_every_relay_says_where_it_was_found():
    sources = {finding.value: finding.source for finding in published("example.com").relays}
    assert sources["203.0.113.16/28"] == "SPF of example.com, MX of example.com, mx1.example.com"
    assert sources["192.0.2.128/25"] == "SPF of other.example"


def test_receivers_are_the_exchanges():
    assert [finding.value for finding in published("example.com").receivers] == ["mx1.example.com"]


@pytest.mark.parametrize(
    ("domain", "closed"), [("example.com", True), ("soft.example", True), ("redirected.example", False)]
)
def test_whether_nobody_else_may_send(domain, closed):
    assert published(domain).closed is closed


def test_a_providers_record_is_shared():
    said = published("redirected.example")
    assert [provider.name for provider in said.providers] == ["Google"]
    assert [(relay.value, relay.shared) for relay in said.relays] == [("*.google.com", True)]


def test_dns_trouble_is_said_and_nothing_raised():
    assert published("broken.example").troubles


@pytest.mark.parametrize("address", ["anna@example.com", "<anna@Example.COM>", "example.com"])
def test_a_site_on_the_spot(address):
    [site] = config.for_me(address).sites
    assert (site.domains, site.relays, site.complete) == (("example.com",), (), frozenset())


def test_a_site_on_the_spot_with_dns():
    made = config.for_me("anna@example.com", ZONE)
    [site] = made.sites
    assert site.relay("mx1.example.com", None) is not None
    assert site.receiver("mx1.example.com", None) is not None
    assert site.relay("x.outbound.protection.outlook.com", None).shared
    assert str(made.origin("site.relays")) == "--me"


def test_a_site_on_the_spot_says_when_dns_did_not_answer():
    said = []
    assert config.for_me("anna@broken.example", ZONE, said.append).sites[0].domains == ("broken.example",)
    assert len(said) == 1
    assert said[0].startswith("DNS could not be asked about broken.example (")
    config.for_me("anna@example.com", ZONE, said.append)
    assert len(said) == 1


@pytest.mark.parametrize("address", ["anna", "anna@localhost", "", "@", "anna@-.example"])
def test_no_address_is_a_usage_error(address):
    with pytest.raises(UsageError, match="--me"):
        config.for_me(address)


def warned(site, **more):
    return [warning.code for warning in review(config.from_mapping({"site": site, **more}))]


GOOD = {"domains": ["example.com"], "relays": ["mail.example.com"], "receivers": ["mx1.example.com"]}


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({}, []),
        ({"domains": ["mail.example.com"]}, ["W704"]),
        ({"domains": ["com"]}, ["W705"]),
        ({"relays": []}, ["W701"]),
        ({"relays": [], "complete": ["relays"]}, ["W701"]),
        ({"relays": [{"name": "*.out.example.net", "shared": True}]}, ["W702"]),
        ({"relays": [{"name": "*.out.example.net", "shared": True, "account": "us"}]}, []),
        ({"relays": ["mailhost"]}, ["W713"]),
        ({"relays": ["10.0.0.0/8"]}, ["W707"]),
        ({"relays": ["fd00::25"]}, ["W707"]),
        ({"relays": ["192.0.2.0/24", "2001:db8::25"]}, []),
        ({"relays": ["11.0.0.0/8"]}, ["W708"]),
        ({"receivers": []}, ["W703"]),
        ({"receivers": ["mail2.example.com"]}, ["W706"]),
    ],
)
def test_what_is_allowed_and_probably_not_meant(change, codes):
    assert warned({**GOOD, **change}) == codes


def test_no_site_is_worth_a_warning():
    assert [warning.code for warning in review(config.from_mapping({}))] == ["W717"]


def test_actions_that_the_ruleset_does_not_take():
    chosen = config.from_mapping({"site": GOOD, "actions": {"fake": "discard"}})
    assert [warning.code for warning in review(chosen, config.load_ruleset("watch"))] == ["W714"]


def test_a_site_is_compared_with_dns():
    said = {name: published(name) for name in ("example.com", "broken.example")}
    chosen = config.from_mapping({"site": {**GOOD, "domains": list(said), "receivers": ["mx9.example.com"]}})
    assert [warning.code for warning in review_published(chosen, said)] == ["W710", "W712", "W715"]


def test_a_site_that_agrees_with_dns():
    relays = ["mx1.example.com", {"name": "*.outbound.protection.outlook.com", "shared": True, "account": "us"}]
    chosen = config.from_mapping({"site": {**GOOD, "relays": relays}})
    assert review_published(chosen, {"example.com": published("example.com")}) == []


def test_what_is_complete_must_be_known_to_a_plugin_that_is_on():
    site = {"domains": ["example.com"], "relays": ["mail.example.com"], "receivers": ["mx.example.com"]}
    marks = {"complete": ["log", "relays", "signing"]}
    key = {"keys": {"k1": "0123456789abcdef"}}
    for plugins, missing in (({}, ["log", "signing"]), ({"token": key}, ["log"]), ({"sent_log": {}, "token": key}, [])):
        found = review(config.from_mapping({"site": {**site, **marks}, "plugins": plugins}))
        assert [(one.code, one.message.split(": ")[1]) for one in found] == [("W718", mark) for mark in missing]
