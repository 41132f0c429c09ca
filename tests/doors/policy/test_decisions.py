"""What Postfix is told about an envelope: the table of tags, recipients, lists and what the site has declared."""

import pytest

REJECT = {"actions": {"backscatter": "reject"}}
VALID = "prvs=1784e71dd2=alice@example.com"
FORGED = "prvs=1784ae6e14=alice@example.com"
EXPIRED = "prvs=177819f246=alice@example.com"
NO_KEY = "prvs=5784ae6e14=alice@example.com"
DATA = {"protocol_state": "DATA", "recipient_count": "1"}
END = {"protocol_state": "END-OF-MESSAGE", "recipient_count": "1"}
MANY = {"protocol_state": "DATA", "recipient_count": "2", "recipient": ""}
HEADER = "PREPEND X-NDR-Policy: "
ZONE = "25.100.51.198.ips.backscatterer.org A 127.0.0.2"


@pytest.mark.parametrize(
    ("said", "header", "reject"),
    [
        ({"recipient": VALID}, "DUNNO", "DUNNO"),
        ({"recipient": VALID, **DATA}, "DUNNO", "DUNNO"),
        ({"recipient": FORGED}, HEADER + "batv=forged", "550 5.7.1"),
        ({"recipient": FORGED, **DATA}, HEADER + "batv=forged", "550 5.7.1"),
        ({"recipient": FORGED, **END}, "DUNNO", "550 5.7.1"),
        ({"recipient": EXPIRED}, HEADER + "batv=expired", HEADER + "batv=expired"),
        ({"recipient": EXPIRED, **DATA}, HEADER + "batv=expired", HEADER + "batv=expired"),
        ({"recipient": NO_KEY}, "DUNNO", "DUNNO"),
        ({}, HEADER + "batv=missing", HEADER + "batv=missing"),
        (DATA, HEADER + "batv=missing", "550 5.7.1"),
        (END, "DUNNO", "550 5.7.1"),
        (MANY, HEADER + "recipients=2", HEADER + "recipients=2"),
        ({"recipient": "postmaster@example.com", **DATA}, HEADER + "batv=missing", HEADER + "batv=missing"),
        ({"recipient": "Postmaster", **DATA}, "DUNNO", "DUNNO"),
        ({"recipient": "bob@elsewhere.example", **DATA}, "DUNNO", "DUNNO"),
        ({"sender": "bob@receiver.example", "recipient": FORGED}, "DUNNO", "DUNNO"),
        ({"sender": None, "recipient": FORGED}, "DUNNO", "DUNNO"),
        ({"sasl_username": "alice", "recipient": FORGED}, "DUNNO", "DUNNO"),
        ({"client_address": "192.0.2.10", "recipient": FORGED}, "DUNNO", "DUNNO"),
        ({"client_address": "127.0.0.1", "recipient": FORGED}, "DUNNO", "DUNNO"),
        ({"client_address": "unknown", "client_name": "unknown", "recipient": FORGED}, "DUNNO", "DUNNO"),
        ({"client_address": "2001:db8::25", "client_name": "unknown", **DATA}, HEADER + "batv=missing", "550 5.7.1"),
        ({"protocol_state": "CONNECT", "recipient": FORGED}, "DUNNO", "DUNNO"),
        ({"protocol_state": "VRFY", "recipient": FORGED}, "DUNNO", "DUNNO"),
        ({"recipient": "not an address", **DATA}, "DUNNO", "DUNNO"),
        ({"recipient": "\udcff\udc80@example.com", **DATA}, HEADER + "batv=missing", "550 5.7.1"),
    ],
    ids=str,
)
def test_the_table(kit, said, header, reject):
    (told,) = kit.Postfix().asked(kit.request(**said))
    assert told == header
    (told,) = kit.Postfix(**REJECT).asked(kit.request(**said))
    assert told.startswith(reject)


@pytest.mark.parametrize("said", [{}, {"recipient": FORGED}, DATA, {"recipient": FORGED, **DATA}], ids=str)
@pytest.mark.parametrize(
    "undeclared",
    [
        {"site": {"domains": ["example.com"]}},
        {"site": {"domains": ["example.com"], "complete": ["relays"]}},
        {"plugins": [{"batv": {"keys": {"k1": "a secret for the tests only"}}}]},
        {"plugins": [{"batv": {"keys": {"k1": "a secret for the tests only"}, "since": "2026-11-20"}}]},
        {"plugins": []},
        {"opt_out": ["example.com"]},
        {"opt_out": ["alice@example.com", FORGED]},
    ],
    ids=str,
)
def test_nothing_where_the_site_declared_nothing_or_nobody_wants_it(kit, said, undeclared):
    assert kit.Postfix(**REJECT | undeclared).asked(kit.request(**said)) == ["DUNNO"]


@pytest.mark.parametrize("config", [{"ruleset": "watch"}, {"actions": {"backscatter": "discard"}},
                                    {"actions": {"fake": "reject"}}], ids=str)  # fmt: skip
def test_what_does_not_refuse_marks(kit, config):
    assert kit.Postfix(**REJECT | config).asked(kit.request(recipient=FORGED)) == [HEADER + "batv=forged"]


def test_what_would_be_refused_is_noted(kit):
    postfix = kit.Postfix(**REJECT, ruleset="watch")
    postfix.asked(kit.request(recipient=FORGED), kit.request(**DATA, queue_id="8045F2AB23"))
    first, second = postfix.remarks
    assert first == {
        "id": "NOQUEUE", "state": "RCPT", "from": "<>", "to": FORGED, "client": "mx.receiver.example[198.51.100.25]",
        "batv": "forged", "action": "header", "would": "reject",
    }  # fmt: skip
    assert (second["id"], second["action"], second["would"]) == ("8045F2AB23", "dunno", "reject")


def test_a_message_is_marked_once_and_the_next_one_again(kit):
    asked = [kit.request(), kit.request(recipient="bob@example.com"), kit.request(**DATA), kit.request(instance="2")]
    assert kit.Postfix().asked(*asked) == [HEADER + "batv=missing", "DUNNO", "DUNNO", HEADER + "batv=missing"]


@pytest.mark.parametrize(
    ("recipients", "count", "told"),
    [
        (["alice@example.com", "bob@example.com"], 2, "550 5.5.3"),
        (["alice@example.com", "bob@example.com", "carol@example.com"], 2, "550 5.5.3"),
        (["alice@example.com"], 2, "DUNNO"),
        (["alice@example.com", VALID], 2, "DUNNO"),
        (["alice@example.com", "POSTMASTER@example.com"], 2, "DUNNO"),
        (["alice@example.com", "quiet@example.com"], 2, "DUNNO"),
        (["bob@elsewhere.example", "carol@elsewhere.example"], 2, "DUNNO"),
    ],
    ids=str,
)
def test_a_report_to_many_is_refused_only_if_all_of_them_are_known(kit, recipients, count, told):
    postfix = kit.Postfix(**REJECT, opt_out=["quiet@example.com"])
    asked = [kit.request(recipient=one) for one in recipients]
    assert postfix.asked(*asked, kit.request(**MANY | {"recipient_count": count}))[-1].startswith(told)


def test_many_without_a_tag_in_the_house(kit):
    postfix = kit.Postfix(**REJECT, tagging=False)
    assert postfix.asked(kit.request(), kit.request(recipient="bob@example.com"), kit.request(**MANY)) == [
        "DUNNO", "DUNNO", "550 5.5.3 A delivery report goes to the one sender of the message that it is about"
    ]  # fmt: skip


def test_more_recipients_than_are_remembered_are_not_refused(kit, monkeypatch):
    monkeypatch.setattr("ndrfilter.limits.MAX_POLICY_RECIPIENTS", 3)
    postfix = kit.Postfix(**REJECT, tagging=False)
    asked = [kit.request(recipient=f"u{number}@example.com") for number in range(5)]
    assert postfix.asked(*asked, kit.request(**MANY | {"recipient_count": 4}))[-1] == HEADER + "recipients=4"


def test_several_sites(kit):
    sites = [{"domains": ["example.com"]}, {"domains": ["example.org"]}]
    postfix = kit.Postfix(**REJECT, tagging=False, sites=sites)
    both = [kit.request(recipient=f"alice@{domain}") for domain in ("example.com", "example.org")]
    assert postfix.asked(*both, kit.request(**MANY))[-1] == HEADER + "recipients=2"
    assert postfix.asked(kit.request(**MANY)) == ["DUNNO"]  # nobody knows whose it is


def test_a_list_marks_and_never_refuses(kit):
    postfix = kit.Postfix(**REJECT, tagging=False, lists=True, zone=ZONE)
    told = HEADER + "dnsbl=ips.backscatterer.org"
    assert postfix.asked(kit.request(), kit.request(**DATA)) == [told, "DUNNO"]
    assert postfix.remarks[0]["dnsbl"] == "ips.backscatterer.org"


@pytest.mark.parametrize(
    "said", [{"recipient": VALID}, {"sender": "bob@receiver.example"}, {"client_address": "192.0.2.10"}, END], ids=str
)
def test_whom_the_lists_are_not_asked_about(kit, said):
    assert kit.Postfix(lists=True, zone=ZONE).asked(kit.request(**said)) == ["DUNNO"]


def test_what_the_list_says_stands_beside_the_tag(kit):
    told = kit.Postfix(lists=True, zone=ZONE).asked(kit.request(recipient=FORGED))
    assert told == [HEADER + "batv=forged; dnsbl=ips.backscatterer.org"]


def test_a_list_that_fails_is_remarked(kit):
    postfix = kit.Postfix(tagging=False, lists=True, zone="*.ips.backscatterer.org. ANY TIMEOUT")
    assert postfix.asked(kit.request()) == ["DUNNO"]
    assert "timeout" in postfix.remarks[0]["trouble"]


def test_what_fails_in_here_lets_mail_pass(kit, monkeypatch):
    postfix = kit.Postfix(**REJECT)
    monkeypatch.setattr(postfix.desk.filter, "facts", lambda *_: 1 / 0)
    assert postfix.asked(kit.request(recipient=FORGED), kit.request(sender="a@b")) == ["DUNNO", "DUNNO"]
    assert "ZeroDivisionError" in postfix.remarks[0]["trouble"]
