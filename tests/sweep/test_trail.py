"""Which servers are taken for the person's: what is seen in mail, and what forgers try to make us see."""

from __future__ import annotations

import pytest
from alices_mail import ALICE, EVE, US, answer, bounce, delivered, hop, login, to_self, written

from ndrfilter.adapters.zone import ZoneResolver
from ndrfilter.sweep.evidence import config_of

HOSTER = "smtp3.hoster.example (smtp3.hoster.example [192.0.2.77])"


def relays(proposal):
    return {one.value: one.shared for one in proposal.profile.relays}


def put_copies(mail, *days, **how):
    for number, days_ago in enumerate(days):
        own, came = to_self(f"self{number}", days_ago, **how)
        mail.sent(own)
        mail.put(came)


class TestCopies:
    def test_by_whom_ones_own_mail_comes_back(self, mail, proposed):
        put_copies(mail, 9, 5, 2)
        proposal = proposed()
        assert relays(proposal) == {"mail.example.com": False, "192.0.2.10": False}
        assert proposal.profile.relays[0].source == "in 3 messages to yourself"

    def test_a_hosters_servers_serve_others_too(self, mail, proposed):
        for number in range(3):
            own, _ = to_self(f"self{number}", number + 1)
            mail.sent(own)
            mail.put(delivered(own, number + 1, HOSTER, login(number + 1, "smtp3.hoster.example")))
        assert relays(proposed()) == {"smtp3.hoster.example": True, "192.0.2.77": True}

    def test_the_host_where_one_logs_in_may_take_the_mail_in_itself(self, mail, proposed):
        for number in range(2):
            own, _ = to_self(f"self{number}", number + 1)
            mail.sent(own)
            top = f"Return-Path: <{ALICE}>\r\n" + login(number + 1)
            mail.put(top.encode() + own)
        assert relays(proposed()) == {"mail.example.com": False}

    def test_one_day_is_not_enough(self, mail, proposed):
        put_copies(mail, 2.1, 2.2, 2.3)
        assert relays(proposed()) == {}

    def test_nor_is_one_message(self, mail, proposed):
        put_copies(mail, 2)
        assert relays(proposed()) == {}

    @pytest.mark.parametrize("client", ["mail.example.com (unknown [10.0.0.5])", "localhost (localhost [127.0.0.1])"])
    def test_a_private_address_is_nobodys(self, mail, proposed, client):
        put_copies(mail, 9, 5, 2, client=client)
        assert not any(value[0].isdigit() for value in relays(proposed()))

    def test_a_rented_line_is_no_server(self, mail, proposed):
        for number in range(3):
            own, _ = to_self(f"self{number}", number + 1)
            mail.sent(own)
            mail.put(delivered(own, number + 1, "pc (dsl-7.isp.example [198.51.100.7])"))
        assert relays(proposed()) == {}

    def test_a_big_providers_servers_are_shared_whatever_the_domain(self, mail, proposed):
        client = "mail-oi1-f171.google.com (mail-oi1-f171.google.com [209.85.167.171])"
        put_copies(mail, 9, 5, 2, client=client)
        assert set(relays(proposed()).values()) == {True}


class TestForger:
    """He writes to her in her own name, as often as he likes."""

    def test_what_she_did_not_send_teaches_nothing(self, mail, proposed):
        put_copies(mail, 9, 5)
        for number in range(40):
            mail.put(delivered(written(f"forged{number}", number, to=ALICE), number, EVE))
        assert relays(proposed()) == {"mail.example.com": False, "192.0.2.10": False}

    def test_nor_does_what_he_got_from_her(self, mail, proposed):
        for number in range(5):
            sent = written(f"for-eve{number}", number + 1, to="eve@spam.example")
            mail.sent(sent)
            mail.put(delivered(sent.replace(b"eve@spam.example", ALICE.encode()), number + 1, EVE))
        assert relays(proposed()) == {}

    def test_nor_does_a_second_message_with_an_id_that_she_sent_herself_and_him(self, mail, proposed):
        for number in range(5):
            sent = written(f"both{number}", number + 1, to=f"{ALICE}, eve@spam.example")
            mail.sent(sent)
            mail.put(delivered(sent, number + 1), delivered(sent, number + 1, EVE))
        assert not {"203.0.113.66", "host66.spam.example"} & set(relays(proposed()))

    def test_a_greeting_with_her_name_makes_no_relay_hers_alone(self, mail, proposed):
        client = "mail.example.com (host66.spam.example [203.0.113.66])"
        for number in range(5):
            sent = written(f"both{number}", number + 1, to=f"{ALICE}, eve@spam.example")
            mail.sent(sent)
            mail.put(delivered(sent, number + 1, client, login(number + 1)))
        assert set(relays(proposed()).values()) <= {True}

    def test_lines_below_a_strangers_are_his_word(self, mail, proposed):
        below = hop(US, "relay.example.com", 1) + login(1)
        for number in range(3):
            sent = written(f"both{number}", number + 1, to=f"{ALICE}, eve@spam.example")
            mail.sent(sent)
            mail.put(delivered(sent, number + 1, EVE, below))
        assert not any(name.endswith("example.com") for name in relays(proposed()))

    def test_bounces_that_he_writes_make_no_relay_hers_alone(self, mail, proposed):
        for number in range(4):
            mail.sent(written(f"for-eve{number}", number + 1, to="eve@spam.example"))
            for reporter in ("mx.spam.example", "mx.other.example"):
                mail.put(bounce(f"for-eve{number}", number + 1, failed="eve@spam.example", reporter=reporter))
        assert set(relays(proposed()).values()) <= {True}


class TestBounces:
    def test_the_client_of_two_reporters_is_one_of_ours_and_others(self, mail, proposed):
        for number, domain in enumerate(("one.example", "two.example", "one.example")):
            mail.sent(written(f"m{number}", number + 1.5, to=f"bob@{domain}"))
            mail.put(bounce(f"m{number}", number + 1, failed=f"bob@{domain}", client=HOSTER, reporter=f"mx.{domain}"))
        proposal = proposed()
        assert relays(proposal) == {"smtp3.hoster.example": True, "192.0.2.77": True}
        assert proposal.profile.relays[0].source == "in 3 bounces of mail in your Sent folder"

    def test_one_reporter_may_be_a_forwarder_behind_a_gateway(self, mail, proposed):
        for number in range(3):
            mail.sent(written(f"m{number}", number + 1.5))
            mail.put(bounce(f"m{number}", number + 1, client=HOSTER))
        assert relays(proposed()) == {}

    def test_what_is_not_in_sent_teaches_nothing(self, mail, proposed):
        mail.sent(written("other", 3))
        for number, domain in enumerate(("one.example", "two.example", "three.example")):
            mail.put(bounce(f"x{number}", number + 1, failed=f"bob@{domain}", client=EVE, reporter=f"mx.{domain}"))
        assert relays(proposed()) == {}


class TestReceivers:
    def test_who_takes_nearly_all_mail_in(self, mail, proposed):
        for number in range(12):
            mail.put(answer(f"m{number}", number))
        receivers = proposed().profile.receivers
        assert [one.value for one in receivers] == ["mx.example.com"]
        assert receivers[0].source == "took in 12 of 12 messages"

    def test_a_big_providers_take_in_everybodys(self, mail, proposed):
        for number in range(6):
            mail.put(answer(f"m{number}", number).replace(b"by mx.example.com", b"by mx.google.com"))
        assert proposed().profile.receivers == ()

    def test_mail_that_was_collected_elsewhere_leaves_it_open(self, mail, proposed):
        for number in range(6):
            mail.put(answer(f"m{number}", number))
            mail.put(answer(f"n{number}", number).replace(b"by mx.example.com", b"by mx.isp.example"))
        assert proposed().profile.receivers == ()


ZONE = """
example.com. 60 IN TXT "v=spf1 ip4:192.0.2.10 include:spf.hoster.example include:_spf.google.com -all"
example.com. 60 IN MX 10 mx.example.com.
spf.hoster.example. 60 IN TXT "v=spf1 ip4:192.0.2.64/26 ~all"
gmail.com. 60 IN TXT "v=spf1 redirect=_netblocks.gmail.test"
_netblocks.gmail.test. 60 IN TXT "v=spf1 ip4:192.0.2.128/25 ~all"
gmx.de. 60 IN TXT "v=spf1 ip4:198.51.100.0/24 -all"
"""


class TestPublished:
    @pytest.fixture
    def resolver(self):
        return ZoneResolver(ZONE)

    def test_what_dns_says_with_its_source(self, proposed, resolver):
        profile = proposed(resolver=resolver).profile
        assert {one.value: one.shared for one in profile.relays} == {
            "192.0.2.10": False,
            "192.0.2.64/26": True,
            "*.google.com": True,
        }
        assert profile.relays[0].source == "SPF of example.com"
        assert [one.value for one in profile.receivers] == ["mx.example.com"]

    def test_a_freemail_services_servers_are_everybodys(self, proposed, resolver):
        proposal = proposed("alice@gmx.de", resolver=resolver)
        assert {one.value: one.shared for one in proposal.profile.relays} == {"198.51.100.0/24": True}
        assert any("millions" in remark for remark in proposal.remarks)

    def test_what_both_tell_is_ours_alone_if_one_of_them_shows_it(self, mail, proposed, resolver):
        put_copies(mail, 9, 5, 2)
        assert relays(proposed(resolver=resolver))["192.0.2.10"] is False

    def test_the_site_that_comes_of_it(self, mail, account, proposed, resolver):
        put_copies(mail, 9, 5, 2)
        site = config_of(proposed(resolver=resolver).profile, account).sites[0]
        assert site.domains == ("example.com",)
        assert site.relay("mail.example.com", None).shared is False
        assert site.complete == frozenset()
