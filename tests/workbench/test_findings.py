"""What `config init` makes of other programs' files and of DNS."""

from hypothesis import given
from hypothesis import strategies as st

from ndrfilter.adapters.zone import ZoneResolver
from ndrfilter.workbench import othermtas, postfix
from ndrfilter.workbench.findings import Findings
from ndrfilter.workbench.interview import discover

ZONE = ZoneResolver("""
example.com TXT "v=spf1 mx include:spf.protection.outlook.com -all"
example.com MX 10 mx1.example.com.
mx1.example.com A 198.51.100.25
_dmarc.example.com TXT "v=DMARC1; p=quarantine"
""")


def test_main_cf_is_read_as_postfix_reads_it():
    settings = postfix.parse("a = 1\n# no\n\n  2\nb=$a ${a}\n c = 3\nd\n")
    assert settings == {"a": "1 2", "b": "$a ${a} c = 3"}
    assert postfix.expand("$b", settings) == "1 2 1 2 c = 3"


def test_a_circle_of_names_ends():
    assert len(postfix.expand("$a", {"a": "$b $b", "b": "$a $a"})) < 100_000


@given(st.text(alphabet="ab=$(){}?: #\n\t'", max_size=60))
def test_any_text_is_read_without_trouble(text):
    settings = postfix.parse(text)
    assert all(isinstance(postfix.expand(value, settings), str) for value in settings.values())


def test_a_machine_without_mail_programs_says_nothing(tmp_path):
    found = Findings()
    postfix.read(tmp_path, found)
    othermtas.read(tmp_path, found)
    assert (found.domains, found.relays, found.receivers) == ({}, {}, {})


def test_an_mx_that_sends_is_a_relay_by_its_name(tmp_path):
    zone = ZoneResolver(
        'example.com TXT "v=spf1 ip4:198.51.100.0/24 -all"\n'
        "example.com MX 10 mail.example.com.\n"
        "example.com MX 20 mail.elsewhere.example.\n"
        "mail.example.com A 198.51.100.25\n"
        "mail.elsewhere.example A 203.0.113.1\n"
    )
    assert list(discover(tmp_path, ["example.com"], zone).relays) == ["198.51.100.0/24", "mail.example.com"]


def test_dns_adds_relays_receivers_and_the_promise(tmp_path):
    found = discover(tmp_path, ["example.com"], ZONE)
    assert {relay.value: relay.shared for relay in found.relays.values()} == {
        "mx1.example.com": False,
        "198.51.100.25": False,
        "*.outbound.protection.outlook.com": True,
    }
    assert list(found.receivers) == ["mx1.example.com"]
    assert found.complete is not None
    assert found.complete.value == "relays"
    assert any("Microsoft 365" in note for note in found.notes)
    assert any("p=quarantine" in note for note in found.notes)
