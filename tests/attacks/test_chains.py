"""Received lines that an attacker wrote: at any depth, on top, chained through his own host or one that he shares."""

from __future__ import annotations

from itertools import pairwise

import pytest
from attack_mail import OURS, STRANGER, SUBMITTED, bounce, received

NEXT = "from mail.example.com (mail.example.com [192.0.2.10]) by {by} (Postfix) with ESMTPS id 99FFEE"
"""Our relay handing over to whoever wrote the line above: perfect, and invented."""


@pytest.mark.parametrize("depth", range(6))
def test_forged_at_any_depth(judge, depth):
    names = ["host66.spam.example", *(f"r{number}.spam.example" for number in range(depth))]
    chain = [
        f"from {below} ({below} [203.0.113.{70 + number}]) by {above} (Postfix) with ESMTP id {number}"
        for number, (above, below) in enumerate(pairwise(names))
    ]
    assert judge(bounce(STRANGER, *chain, NEXT.format(by=names[-1]), SUBMITTED)).verdict == "undetermined"


@pytest.mark.parametrize(
    "by", ["mx.receiver.example", "mx2.receiver.example", "localhost", "mx", "[198.51.100.25]", ""]
)
def test_forged_under_the_reporting_server_s_own_name(judge, by):
    forged = NEXT.format(by=by) if by else NEXT.replace("by {by} (Postfix) ", "")
    assert judge(bounce(STRANGER, forged, SUBMITTED)).verdict == "undetermined"


@pytest.mark.parametrize(
    "by", ["mail.example.com", "mx.example.com", "192.0.2.10", "mail.example.com.", "MAIL.EXAMPLE.COM"]
)
def test_forged_on_top_by_us(judge, by):
    top = f"from [10.0.0.9] (localhost [127.0.0.1]) by {by} (Postfix) with ESMTPSA id 3AA0B0C"
    result = judge(bounce(top, STRANGER))
    assert (result.verdict, result.original.handover) == ("undetermined", "")


CUSTOMERS = (
    ("dsl-66.receiver.example", "203.0.113.66"),
    ("66.113.0.203.receiver.example", "203.0.113.66"),
    ("host-203-0-113-66.city.receiver.example", "203.0.113.66"),
    ("ip203000113066.receiver.example", "203.0.113.66"),
    ("pcb007142.pool.receiver.example", "203.0.113.66"),
    ("cb007142.receiver.example", "203.0.113.66"),
    ("ec2-203-0-113-66.eu-west-1.compute.receiver.example", "203.0.113.66"),
    ("2001-db8-0-0-0-0-0-66.receiver.example", "2001:db8::66"),
    ("p2001db80000000000000000000000066.dip.receiver.example", "2001:db8::66"),
)


@pytest.mark.parametrize(("name", "ip"), CUSTOMERS)
@pytest.mark.parametrize("helo", ["same", "mx2.receiver.example"])
def test_a_customer_of_the_reporting_side_continues_the_chain(judge, name, ip, helo):
    helo = name if helo == "same" else helo
    address = f"IPv6:{ip}" if ":" in ip else ip
    bot = f"from {helo} ({name} [{address}]) by mx.receiver.example (Postfix) with ESMTP id A"
    result = judge(bounce(bot, NEXT.format(by=name), SUBMITTED))
    assert (result.verdict, result.original.handover) == ("undetermined", "")


@pytest.mark.parametrize(
    "hop",
    [
        "by mx.receiver.example (Postfix, from userid 33) id A",
        "from www-data by mx.receiver.example with local (Exim 4.98) (envelope-from <alice@example.com>) id 1abcde-00",
        "(from www@localhost) by mx.receiver.example (8.17.1/8.17.1/Submit) id A",
        "(qmail 4711 invoked by uid 48); 22 Nov 2026 10:00:00 -0000",
        "from www (uid 33) (envelope-from alice@example.com) id A by mx.receiver.example (DragonFly Mail Agent v0.13)",
        "from localhost (mx.receiver.example [local]) by mx.receiver.example (OpenSMTPD) with ESMTPA id 0a1b",
        "from [10.1.1.1] (localhost [127.0.0.1]) (Authenticated sender: mallory) by mx.receiver.example (Postfix) with ESMTPA id A",
        "from pc (dsl-66.receiver.example [203.0.113.66]) by mx.receiver.example (Postfix) with ESMTPSA id A",
        "from laptop (wifi.receiver.example [203.0.113.66]) by mx.receiver.example (Postfix) with ESMTPSA id A",
    ],
    ids=[
        "postfix",
        "exim",
        "sendmail",
        "qmail",
        "dma",
        "opensmtpd",
        "login",
        "login from outside",
        "login from a name",
    ],
)
@pytest.mark.parametrize("by", ["mx.receiver.example", "wifi.receiver.example", "localhost"])
def test_a_user_of_the_reporting_server_writes_what_he_likes(judge, hop, by):
    """The website of a hoster's customer, say, sends in our name, and the hoster's server returns it."""
    result = judge(bounce(hop, NEXT.format(by=by), SUBMITTED))
    assert (result.verdict, result.original.handover) == ("undetermined", "")


@pytest.mark.parametrize("helo", ["host66.spam.example", "mail.example.com", "[192.0.2.10]", "lb"])
@pytest.mark.parametrize("by", ["mx.receiver.example", "mx2.receiver.example", "mx", "[10.0.0.1]"])
def test_behind_a_load_balancer_everybody_has_a_private_address(judge, helo, by):
    hop = f"from {helo} (unknown [10.0.0.1]) by mx.receiver.example (Postfix) with ESMTP id A"
    assert judge(bounce(hop, NEXT.format(by=by), SUBMITTED)).verdict == "undetermined"


def test_a_gateway_with_a_private_address_is_followed_by_its_name(judge):
    inner = "from gw.receiver.example (gw.receiver.example [10.0.0.5]) by mx.receiver.example (Postfix) with ESMTP id A"
    assert judge(bounce(inner, NEXT.format(by="gw.receiver.example"), SUBMITTED)).verdict == "genuine"


def test_a_filter_on_the_reporting_server_itself_is_followed(judge):
    again = "from localhost (localhost [127.0.0.1]) by mx.receiver.example (Postfix) with ESMTP id B"
    filtered = "from mx.receiver.example ([127.0.0.1]) by localhost (mx.receiver.example [127.0.0.1]) (amavisd-new, port 10024) with ESMTP id C"
    assert judge(bounce(again, filtered, OURS, SUBMITTED)).verdict == "genuine"


FORWARDED = (
    "from forward.alumni.example (forward.alumni.example [198.51.100.80]) by mx.receiver.example (Postfix) with ESMTP id A",
    NEXT.format(by="forward.alumni.example"),
    SUBMITTED,
)


def test_a_forwarder_is_no_reason_to_condemn(judge):
    assert judge(bounce(*FORWARDED)).verdict == "undetermined"


def test_a_forwarder_that_brings_the_bounce_back_vouches_for_its_line(judge):
    """With SRS the bounce goes to the forwarder, and from there to us."""
    outer = (
        "from forward.alumni.example (forward.alumni.example [198.51.100.80]) by mx.example.com (Postfix) with ESMTPS id 1",
        "from mx.receiver.example (mx.receiver.example [198.51.100.25]) by forward.alumni.example (Postfix) with ESMTPS id 2",
        "by mx.receiver.example (Postfix) id 3",
    )
    client = ("198.51.100.80", "forward.alumni.example")
    assert judge(bounce(*FORWARDED, outer=outer), client=client).verdict == "genuine"
    assert (
        judge(bounce(*FORWARDED, outer=outer), client=("198.51.100.81", "forward.alumni.example")).verdict
        == "undetermined"
    )


def test_lines_beyond_the_bound_are_said_and_condemn_nothing(judge):
    many = received(
        *(f"from a{number}.spam.example by b.spam.example (Postfix) with ESMTP id {number}" for number in range(220))
    )
    result = judge(bounce(STRANGER, body=f"{many}\n{received(OURS)}"))
    assert result.verdict == "undetermined"
    assert "too-many-stray-hops" in result.defects


def test_lines_that_repeat_are_not_read_for_ever(judge):
    many = "Received: from a.spam.example by b.spam.example (Postfix) with ESMTP id 1\n" * 20_001
    result = judge(bounce(STRANGER, body=f"{many}\n{received(OURS)}"))
    assert result.verdict == "undetermined"
    assert "too-many-stray-hops" in result.defects


@pytest.mark.parametrize(
    "forged", [NEXT.format(by="host66.spam.example"), OURS, SUBMITTED, "by mail.example.com (Postfix) id 1"]
)
def test_the_same_lines_below_our_relay_take_nothing_from_a_real_bounce(judge, forged):
    assert judge(bounce(OURS, forged, STRANGER)).verdict == "genuine"


def test_more_lines_than_we_read_condemn_nothing(judge):
    many = [f"from a{number}.spam.example by b.spam.example (Postfix) with ESMTP id {number}" for number in range(110)]
    result = judge(bounce(STRANGER, *many, OURS))
    assert result.verdict == "undetermined"
    assert "too-many-hops" in result.defects


@pytest.mark.parametrize(
    ("name", "ip"),
    [
        ("mail-he1eur01hn0223.outbound.receiver.example", "104.47.0.223"),
        ("mail-pg1-f205.receiver.example", "209.85.215.205"),
        ("a27-7.smtp-out.us-west-2.receiver.example", "54.240.27.7"),
        ("mx1-10.receiver.example", "198.51.1.10"),
        ("o1.email.receiver.example", "198.51.100.1"),
        ("polymail.receiver.example", "198.51.100.30"),
    ],
)
def test_a_gateway_with_numbers_in_its_name_is_followed(judge, name, ip):
    inner = f"from {name} ({name} [{ip}]) by mx.receiver.example (Postfix) with ESMTPS id A"
    assert judge(bounce(inner, NEXT.format(by=name), SUBMITTED)).verdict == "genuine"
