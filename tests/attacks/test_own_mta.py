"""A bounce that pretends to be our own MTA's. Its original's top line is by us then, and easily invented."""

from __future__ import annotations

import pytest
from attack_mail import SUBMITTED, bounce

RELAY = ("192.0.2.10", "mail.example.com")
STRANGE = ("203.0.113.66", "host66.spam.example")
UNTOLD = (None, None)
OWN = (
    "from mail.example.com (mail.example.com [192.0.2.10]) by mx.example.com (Postfix) with ESMTPS id 7F00AA",
    "by mail.example.com (Postfix) id 4B0B0B",
)
PRETENCES = {
    "brought by a stranger": (
        "from mail.example.com (host66.spam.example [203.0.113.66]) by mx.example.com (Postfix) with ESMTP id 7F00AA",
        *OWN,
    ),
    "brought by nobody known": (
        "from mail.example.com (unknown [203.0.113.66]) by mx.example.com (Postfix) with ESMTP id 7F00AA",
        *OWN[1:],
    ),
    "behind our relay, from a stranger": (
        OWN[0],
        "from host66.spam.example (host66.spam.example [203.0.113.66]) by mail.example.com (Postfix) with ESMTP id 4B0B0B",
        OWN[1],
    ),
    "behind our relay, with a stolen login": (
        OWN[0],
        "from mail.example.com (localhost [127.0.0.1]) (Authenticated sender: mallory) by mail.example.com (Postfix) with ESMTPSA id 4B0B0B",
    ),
    "our website's form": (OWN[0], "by mail.example.com (Postfix, from userid 33) id 4B0B0B"),
    "our users' sendmail": (OWN[0], "(from mallory@localhost) by mail.example.com (8.17.1/8.17.1/Submit) id 4B0B0B"),
    "our users' qmail": (OWN[0], "(qmail 4711 invoked by uid 1000); 22 Nov 2026 10:00:00 -0000"),
    "foreign from beginning to end": (
        "from mx.receiver.example (mx.receiver.example [198.51.100.25]) by mx.example.com (Postfix) with ESMTPS id 1",
    ),
    "recorded by nobody of ours": (
        "from mail.example.com (mail.example.com [192.0.2.10]) by mx.elsewhere.example (Postfix) with ESMTPS id 1",
        *OWN[1:],
    ),
    "through the load balancer of our receivers": (
        "from mail.example.com (unknown [10.0.0.1]) by mx.example.com (Postfix) with ESMTP id 7F00AA",
        OWN[1],
    ),
    "no trace": (),
}


@pytest.mark.parametrize(
    "login",
    [
        SUBMITTED,
        "from localhost (localhost [127.0.0.1]) by mail.example.com (Postfix) with ESMTP id 1",
        "by mail.example.com (Postfix, from userid 1000) id 1",
    ],
)
@pytest.mark.parametrize("client", [STRANGE, UNTOLD])
@pytest.mark.parametrize("pretence", PRETENCES)
def test_a_pretence_is_not_believed(judge, pretence, client, login):
    result = judge(bounce(login, outer=PRETENCES[pretence], reporter="mail.example.com"), client=client)
    assert result.verdict == "undetermined"
    assert result.original.handover == ""


@pytest.mark.parametrize("client", [STRANGE, ("198.51.100.25", "mail.example.com.evil.example")])
def test_the_smtp_client_outvotes_a_perfect_outer_trace(judge, client):
    assert judge(bounce(SUBMITTED, outer=OWN, reporter="mail.example.com"), client=client).verdict == "undetermined"


@pytest.mark.parametrize("client", [RELAY, UNTOLD])
def test_our_mta_s_real_bounce_is_genuine(judge, client):
    assert judge(bounce(SUBMITTED, outer=OWN, reporter="mail.example.com"), client=client).verdict == "genuine"


def test_our_mta_s_real_bounce_on_its_way_through_the_house_is_genuine(judge):
    outer = (
        "from mx.example.com (mx.example.com [10.0.0.2]) by store.example.com (Dovecot) with LMTP id 1",
        "from localhost (localhost [127.0.0.1]) by mx.example.com (Postfix) with ESMTP id 2",
        *OWN,
    )
    raw = bounce(SUBMITTED, outer=outer, reporter="mail.example.com")
    assert judge(raw, client=UNTOLD).verdict == "genuine"


def test_our_mta_s_real_bounce_about_a_stranger_s_mail_speaks_for_nobody(judge):
    taken_in = (
        "from host66.spam.example (host66.spam.example [203.0.113.66]) by mail.example.com (Postfix) with ESMTP id 1"
    )
    assert (
        judge(bounce(taken_in, SUBMITTED, outer=OWN, reporter="mail.example.com"), client=RELAY).verdict
        == "undetermined"
    )


def test_another_customer_of_a_shared_relay_pretends_to_be_our_mta(judge):
    relays = [{"name": "*.outbound.example.net", "shared": True, "account": "ours", "header": "X-Account"}]
    outer = (
        "from a1.outbound.example.net (a1.outbound.example.net [203.0.113.9]) by mx.example.com (Postfix) with ESMTPS id 1",
        "by a1.outbound.example.net (Postfix) id 2",
    )
    original = "from [10.0.0.9] (unknown [10.0.0.9]) by a1.outbound.example.net (Postfix) with ESMTPSA id 3"
    raw = bounce(original, outer=outer, reporter="a1.outbound.example.net", above="X-Account: ours\n")
    for client in (("203.0.113.9", "a1.outbound.example.net"), UNTOLD):
        assert judge(raw, client=client, relays=relays).verdict == "undetermined"
