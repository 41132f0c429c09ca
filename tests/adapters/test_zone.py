import asyncio

import dns.zone
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter.adapters.zone import ZoneResolver
from ndrfilter.errors import ConfigError, TemporaryError

ZONE = """
; two domains in one text
example.com.  3600 IN TXT "v=spf1 " "-all"   ; strings are joined
              IN MX 10 mail.example.com.
MAIL.example.com A 192.0.2.7
mail.example.com 60 AAAA 2001:0db8::0007
www.example.com. CNAME mail.example.com.
other.example.  TXT "with ; and # inside"
broken.example. TXT SERVFAIL
slow.example.   ANY TIMEOUT
a.loop.example. CNAME b.loop.example.
b.loop.example. CNAME a.loop.example.
"""


def ask(name, rdtype, zone=ZONE):
    return asyncio.run(ZoneResolver(zone).query(name, rdtype))


@pytest.mark.parametrize(
    ("name", "rdtype", "answer"),
    [
        ("Example.COM.", "txt", ("v=spf1 -all",)),
        ("example.com", "MX", ("10 mail.example.com",)),
        ("mail.example.com", "A", ("192.0.2.7",)),
        ("mail.example.com", "AAAA", ("2001:db8::7",)),
        ("www.example.com", "A", ("192.0.2.7",)),
        ("other.example", "TXT", ("with ; and # inside",)),
        ("example.com", "A", ()),
        ("nowhere.example", "A", ()),
    ],
)
def test_answers(name, rdtype, answer):
    assert ask(name, rdtype) == answer


@pytest.mark.parametrize(
    ("name", "rdtype"), [("broken.example", "TXT"), ("slow.example", "A"), ("a.loop.example", "A")]
)
def test_failures_on_demand(name, rdtype):
    with pytest.raises(TemporaryError):
        ask(name, rdtype)


def test_another_type_of_a_broken_name_answers():
    assert ask("broken.example", "A") == ()


def test_every_bad_line_is_named():
    with pytest.raises(ConfigError) as caught:
        ZoneResolver("example.com. IN A 300.1.1.1\n  orphan\nexample.com. A 192.0.2.1\nx.example BLA foo")
    assert [mistake.line for mistake in caught.value.diagnostics] == [1, 2, 4]


def test_a_dnspython_zone():
    text = "$ORIGIN example.com.\n@ 60 IN SOA ns hostmaster 1 2 3 4 5\n@ 60 IN NS ns\nmail 60 IN A 192.0.2.7\n"
    zone = dns.zone.from_text(text, origin="example.com.", relativize=False)
    assert asyncio.run(ZoneResolver(zone=zone).query("mail.example.com", "A")) == ("192.0.2.7",)


@given(st.text(alphabet='ab. \t\n"TXAMN10/\\();$@ü', max_size=80))
def test_any_text_is_a_zone_or_a_mistake(text):
    try:
        zone = ZoneResolver(text)
    except ConfigError as error:
        answer = error.diagnostics
    else:
        answer = (asyncio.run(zone.query("a", "TXT")),)
    assert answer
