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
        ("203.0.113.66", "slow.example.com", "temperror"),
    ],
)
def test_results_over_our_resolver(ip, domain, expected):
    result = asyncio.run(check_host(ZoneResolver(ZONE), ip, domain, f"user@{domain}", "mail.example.com"))
    assert result == expected


def test_a_null_sender_is_judged_by_the_domain():
    assert asyncio.run(check_host(ZoneResolver(ZONE), "192.0.2.9", "example.com", "", "mx.example.com")) == "pass"


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
            got = asyncio.run(check_host(zone, test["host"], domain, sender, test["helo"]))
            if got not in allowed:
                wrong.append((name, got, allowed))
    assert (cases, wrong) == (203, [])
