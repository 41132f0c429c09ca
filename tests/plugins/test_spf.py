import asyncio

import pytest
import yaml

from ndrfilter import resources
from ndrfilter.adapters.zone import ZoneResolver
from ndrfilter.errors import TemporaryError

check_host = resources.plugin("spf").check_host

ZONE = """
example.com.      IN TXT "v=spf1 ip4:192.0.2.0/24 mx include:_spf.example.net -all"
example.com.      IN MX  10 mail.example.com.
mail.example.com. IN A   198.51.100.7
_spf.example.net. IN TXT "v=spf1 ip6:2001:db8::/32 ?all"
loop.example.com. IN TXT "v=spf1 include:loop.example.com -all"
slow.example.com. IN TXT TIMEOUT
"""


@pytest.mark.parametrize(
    ("ip", "domain", "expected"),
    [
        ("192.0.2.9", "example.com", "pass"),
        ("198.51.100.7", "example.com", "pass"),
        ("2001:db8::1", "example.com", "pass"),
        ("203.0.113.66", "example.com", "fail"),
        ("203.0.113.66", "unknown.example", "none"),
        ("203.0.113.66", "loop.example.com", "permerror"),
        ("203.0.113.66", "nowhere.example", "none"),
    ],
)
def test_results_over_our_resolver(ip, domain, expected):
    assert result(ZoneResolver(ZONE), ip, domain, f"user@{domain}", "mail.example.com") == expected


def result(resolver, *args):
    """The result, or temperror with its cause."""
    try:
        return asyncio.run(check_host(resolver, *args))
    except TemporaryError as error:
        return f"temperror: {error}"


def test_a_null_sender_is_judged_by_the_domain():
    assert result(ZoneResolver(ZONE), "192.0.2.9", "example.com", "", "mx.example.com") == "pass"


class Counted:
    """Counts the questions that a resolver is asked."""

    def __init__(self, zone):
        self.resolver = ZoneResolver(zone) if isinstance(zone, str) else zone
        self.asked = []

    async def query(self, name, rdtype):
        self.asked.append((name, rdtype))
        return await self.resolver.query(name, rdtype)


def record(name, text):
    """A TXT line; its strings hold 255 bytes each at most."""
    return f"{name} TXT " + " ".join(f'"{text[n : n + 200]}"' for n in range(0, len(text), 200))


def includes(number):
    """A zone whose record includes that many others, each with a record of its own."""
    terms = " ".join(f"include:_{n}.example.com" for n in range(number))
    return "\n".join([
        record("example.com", f"v=spf1 {terms} -all"),
        *(f'_{n}.example.com TXT "v=spf1 ip4:192.0.2.{n} -all"' for n in range(number)),
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "expected", "questions"),
    [
        (includes(10), "fail", 11),
        (includes(11), "permerror", 11),
        ('example.com TXT "v=spf1 a:a.example a:b.example -all"', "fail", 3),
        ('example.com TXT "v=spf1 a:a.example a:b.example a:c.example -all"', "permerror", 4),
        ('example.com TXT "v=spf1 mx -all"\n' + "example.com MX 1 a.example.com\n" * 11, "permerror", 2),
        ('example.com TXT "v=spf1 redirect=example.com"', "permerror", 1),
        (record("example.com", "v=spf1 " + "exists:%{i}.%{l}.example.net " * 11), "permerror", 2),
        (record("example.com", "v=spf1 " + "-exists:%{i}.%{l}.example.net " * 11) + "\n*.example.net A 192.0.2.1", "fail", 2),
    ],
    ids=["ten lookups", "eleven", "two void", "three void", "eleven MXes", "itself for ever", "nothing exists", "exists"],
)  # fmt: skip
def test_an_evaluation_asks_no_more_than_the_rfc_allows(zone, expected, questions):
    resolver = Counted(zone)
    assert result(resolver, "203.0.113.66", "example.com", "a@example.com", "mail.example.com") == expected
    assert len(resolver.asked) == questions


def test_names_of_the_client_that_it_chose_itself_are_bounded():
    names = "\n".join(f"66.113.0.203.in-addr.arpa PTR h{n}.spam.example" for n in range(200))
    zone = f'{names}\n*.spam.example A 192.0.2.1\nexample.com TXT "v=spf1 exists:%{{p}}.example.net ptr -all"'
    resolver = Counted(zone)
    assert result(resolver, "203.0.113.66", "example.com", "a@example.com", "x") == "fail"
    assert len([name for name, _ in resolver.asked if name.endswith("spam.example")]) == 10


@pytest.mark.parametrize("letter", ["d", "s", "h", "p"])
def test_a_record_of_nothing_but_macros_is_an_error(letter):
    name = ".".join(["a"] * 120)
    resolver = Counted(record(name, "v=spf1 exists:" + f"%{{{letter}}}." * 2_000 + "x.example"))
    assert result(resolver, "203.0.113.66", name, "", name) == "permerror"
    assert len(resolver.asked) == 1


def test_what_strangers_choose_is_not_spelt_out_at_any_length():
    resolver = Counted('example.com TXT "v=spf1 exists:%{l}.%{h}.example.net -all"')
    endless = ".".join(["a"] * 40_000)
    assert result(resolver, "203.0.113.66", "example.com", f"{endless}@example.com", endless) == "fail"
    assert all(len(name) < 260 for name, _ in resolver.asked)


def test_trouble_has_a_cause():
    assert "slow.example.com" in result(ZoneResolver(ZONE), "203.0.113.66", "slow.example.com", "", "x")
    assert "timeout" in result(ZoneResolver(ZONE), "203.0.113.66", "slow.example.com", "", "x")


class SuiteZone:
    """The suite's zone data: SPF stands for TXT too, TIMEOUT fails what is not there."""

    def __init__(self, data):
        self.data = {name.lower(): [_record(entry) for entry in entries] for name, entries in data.items()}

    async def query(self, name, rdtype):
        entries = self.data.get(name.rstrip(".").lower(), [])
        said = [value for kind, value in entries if kind == rdtype]
        found = [value for value in said if value != "NONE"]
        if not found and ("TIMEOUT", "") in entries:
            raise TemporaryError("timeout")
        if not said and rdtype == "TXT":
            found = [value for kind, value in entries if kind == "SPF"]
        alias = [value for kind, value in entries if kind == "CNAME"]
        if not found and alias:
            return await self.query(alias[0], rdtype)
        return tuple(found)


def _record(entry):
    if entry == "TIMEOUT":
        return ("TIMEOUT", "")
    [(kind, value)] = entry.items()
    if kind == "MX":
        return kind, f"{value[0]} {value[1]}"
    return kind, "".join(value) if isinstance(value, list) else value


@pytest.mark.shared("suites/spf")
def test_the_openspf_suite_of_rfc_7208(shared):
    path = shared / "suites/spf/rfc7208-tests.yml"
    wrong, cases = [], 0
    for scenario in yaml.safe_load_all(path.read_text("utf-8")):
        zone = SuiteZone(scenario["zonedata"])
        for name, test in scenario["tests"].items():
            cases += 1
            allowed = test["result"] if isinstance(test["result"], list) else [test["result"]]
            sender = test["mailfrom"] or f"postmaster@{test['helo']}"
            domain = sender.rpartition("@")[2]
            got = result(zone, test["host"], domain, sender, test["helo"]).partition(":")[0]
            if got not in allowed:
                wrong.append((name, got, allowed))
    assert (cases, wrong) == (203, [])
