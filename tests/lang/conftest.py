import ipaddress
from collections import namedtuple

import pytest

from ndrfilter.lang import Source, load
from ndrfilter.schema import (
    BOOLEAN,
    DOMAIN,
    IP,
    KINDS,
    NETWORK,
    NUMBER,
    STRING,
    TIME,
    Evidence,
    FactSpec,
    FieldSpec,
    RecordSpec,
    Schema,
    enum,
    list_of,
    map_of,
    record,
)

KIND = enum("kind", *KINDS)
SPF = enum("spf result", "none", "neutral", "pass", "fail", "softfail", "temperror", "permerror")
TYPES = {
    "string": STRING,
    "number": NUMBER,
    "bool": BOOLEAN,
    "time": TIME,
    "ip": IP,
    "network": NETWORK,
    "domain": DOMAIN,
}

RECORDS = {
    "header": ("text", "text:string raw:string"),
    "address": ("text", "text:string local:string domain:domain"),
    "link": ("url", "text:string url:string domain:domain"),
    "hop": ("", "helo:string? rdns:domain? ip:ip? by:domain? with:string? id:string? time:time? text:string"),
    "attachment": ("name", "name:string type:string extension:string executable:bool archive:bool html:bool"),
    "authres": ("", "method:string result:string domain:domain by:domain believed:bool"),
    "recipient": ("address", "address:string action:string status:string diagnostic:string reason:string"),
    "report": ("", "reporting_mta:domain?"),
    "original": ("", "full:bool"),
}
FACTS = """
message content headers map<header>
message content subject string?
message content author address?
message content message_id string?
message content date time?
message content size number
message content body.text string
message content body.links list<link>
message content body.attachments list<attachment>
message structure mime.type string
message structure defects list<string>
message trace envelope.sender address?
message trace envelope.null bool
message trace envelope.recipients list<address>
message trace envelope.client_ip ip?
message trace trace list<hop>
message structure report report?
message proof now time
message proof site.configured bool
message proof site.domains list<domain>
message proof site.networks list<network>
message proof site.relay_names list<domain>
message proof site.complete list<string>
message proof site.vars map<string>
bounce structure kind kind
bounce trace returned bool
bounce content looks_like_bounce bool
bounce structure bounce.dialect string?
bounce structure bounce.mta domain?
bounce structure bounce.recipients list<recipient>
bounce trace original original?
bounce content original.headers map<header>
bounce content original.sender address?
bounce content original.author address?
bounce content original.message_id string?
bounce content original.date time?
bounce content original.subject string?
bounce trace original.trace list<hop>
bounce trace original.handover hop?
bounce trace original.stranger hop?
bounce trace original.ours_claimed bool
bounce trace original.auth list<authres>
bounce trace original.spf spf?
bounce proof original.signed bool?
"""


def _type(text):
    text = text.rstrip("?")
    if text.startswith("list<"):
        return list_of(_type(text[5:-1]))
    if text.startswith("map<"):
        return map_of(_type(text[4:-1]))
    return {"kind": KIND, "spf": SPF, **TYPES}.get(text) or record(text)


def _record(name, default, fields):
    made = []
    for field in fields.split():
        key, of = field.split(":")
        made.append(FieldSpec(key, _type(of), "", of.endswith("?")))
    return RecordSpec(name, tuple(made), "", default)


def make_schema():
    facts = {}
    for line in FACTS.split("\n"):
        if line:
            stage, evidence, name, of = line.split(" ")
            needs = "relays" if name == "original.stranger" else ""
            facts[name] = FactSpec(
                name, _type(of), Evidence[evidence.upper()], "", optional=of.endswith("?"), stage=stage,
                needs_complete=needs, cost="network" if name == "original.spf" else "local",
            )  # fmt: skip
    return Schema(facts, {name: _record(name, *spec) for name, spec in RECORDS.items()})


Address = namedtuple("Address", "text local domain")
Header = namedtuple("Header", "text raw")
Hop = namedtuple("Hop", "helo rdns ip by with_ id time text", defaults=(None,) * 7 + ("",))
Link = namedtuple("Link", "text url domain")


def address(text):
    local, _, domain = text.rpartition("@")
    return Address(text, local, domain.lower())


def hop(ip=None, **fields):
    return Hop(ip=ip and ipaddress.ip_address(ip), **fields)


class Headers(dict):
    def get(self, name):
        return tuple(Header(text, text) for key, text in self.items() if key.lower() == name.lower())


class Scope:
    """Facts from a mapping (missing ones absent), other rules' results, the program's lists."""

    def __init__(self, facts=None, rules=None, lists=None):
        self.facts, self.rules, self.lists = facts or {}, rules or {}, lists or {}

    def fact(self, name):
        return self.facts.get(name)

    def rule(self, name):
        return self.rules[name]

    def list(self, name):
        return self.lists[name]


MAIL = {
    "subject": "Mail Delivery Failed",
    "kind": "failure",
    "size": 2048,
    "now": 1_795_341_600.0,
    "returned": True,
    "author": address("Jane@Example.COM"),
    "envelope.recipients": (address("list-bounces+jane=x.example@lists.example"), address("b@example.org")),
    "envelope.client_ip": ipaddress.ip_address("192.0.2.7"),
    "headers": Headers({"X-Mailer": "Acme MailGuard 3", "Subject": "s"}),
    "original.date": 1_795_341_600.0 - 3 * 86_400,
    "original.stranger": hop("203.0.113.66", rdns="host66.spam.example"),
    "original.trace": (hop("192.0.2.9"), hop("203.0.113.1"), hop(helo="x")),
    "body.links": (
        Link("t", "http://a.example.com/", "a.example.com"),
        Link("t", "http://evil.example/", "evil.example"),
    ),
    "site.domains": ("example.com",),
    "site.networks": (ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("2001:db8::/32")),
    "site.vars": Headers({}),
}


@pytest.fixture
def facts():
    """A bounce's facts; what is not in it is absent."""
    return dict(MAIL)


@pytest.fixture
def scope():
    return Scope


@pytest.fixture(name="address")
def address_fixture():
    return address


@pytest.fixture(scope="session")
def schema():
    return make_schema()


@pytest.fixture(scope="session")
def program(schema):
    """Compile items of the language (without the `language` line) into a program."""

    def compiled(text, lists=None, folder=None):
        return load([Source("test.ndr", "language 1\n" + text, folder)], schema, lists or {})

    return compiled


@pytest.fixture(scope="session")
def evaluate(program):
    """Evaluate one condition over facts."""

    def value(condition, facts=None, *, items="", rules=None, lists=None):
        made = program(f'{items}\nrule TESTED {{ describe "x" when {condition} }}', lists)
        tested = next(rule for rule in made.rules if rule.name == "TESTED")
        return tested.condition(Scope(facts, rules, made.lists))

    return value
