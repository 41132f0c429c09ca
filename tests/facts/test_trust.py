"""The chain of trust: what is believed, and every trick that must not be."""

from __future__ import annotations

import pytest

from ndrfilter import Envelope, Filter

STRANGER = "from host66.spam.example (host66.spam.example [203.0.113.66]) by mx.victim.example (Postfix) with ESMTP id A; {date}"
OURS = "from mail.example.com (mail.example.com [192.0.2.7]) by mx.victim.example (Postfix) with ESMTPS id A; {date}"
SUBMITTED = "from [10.0.0.9] (unknown [10.0.0.9]) by mail.example.com (Postfix) with ESMTPSA id B; {date}"


def test_handed_over_by_our_relay_is_genuine(make_bounce, check):
    result = check(make_bounce(OURS, SUBMITTED))
    assert (result.verdict, result.evidence) == ("genuine", "trace")
    assert result.original.handover == "mail.example.com [192.0.2.7]"


def test_handed_over_by_a_stranger_is_backscatter(make_bounce, check):
    result = check(make_bounce(STRANGER, message_id="<77@mailer.spam.example>"))
    assert (result.verdict, result.evidence) == ("backscatter", "trace")
    assert result.original.stranger == "host66.spam.example [203.0.113.66]"


def test_absence_means_nothing_where_the_site_does_not_say_so(make_bounce, check):
    assert check(make_bounce(STRANGER, message_id="<77@mailer.spam.example>"), complete=[]).verdict == "undetermined"


def test_without_a_site_nothing_is_said(make_bounce):
    result = Filter.from_config({}).check(make_bounce(STRANGER), envelope=Envelope(sender=""))
    assert (result.verdict, result.kind) == ("undetermined", "failure")


HELO_IN_EVERY_DIALECT = {
    "postfix": "from mail.example.com (host66.spam.example [203.0.113.66]) by mx.victim.example (Postfix) with ESMTP id A",
    "postfix, no name": "from mail.example.com (unknown [203.0.113.66]) by mx.victim.example (Postfix) with ESMTP id A",
    "exim": "from [203.0.113.66] (helo=mail.example.com) by mx.victim.example with esmtp (Exim 4.96) id 1p-0-0",
    "exim, name": "from host66.spam.example ([203.0.113.66] helo=mail.example.com) by mx.victim.example with esmtp (Exim 4.96) id 1",
    "sendmail": "from mail.example.com (host66.spam.example [203.0.113.66]) by mx.victim.example (8.15.2/8.15.2) with ESMTP id A",
    "sendmail, forged": "from mail.example.com (mail.example.com [203.0.113.66] (may be forged)) by mx.victim.example (8.15.2/8.15.2) with ESMTP id A",
    "sendmail, address": "from mail.example.com ([203.0.113.66]) by mx.victim.example (8.15.2/8.15.2) with ESMTP id A",
    "qmail": "from unknown (HELO mail.example.com) (203.0.113.66) by mx.victim.example with SMTP",
    "qmail, name": "from host66.spam.example (HELO mail.example.com) (203.0.113.66) by mx.victim.example with SMTP",
    "exchange": "from mail.example.com (203.0.113.66) by mx.victim.example (198.18.0.1) with Microsoft SMTP Server id 15.1.1",
    "gmail": "from mail.example.com ([203.0.113.66]) by mx.google.com with ESMTPS id x1",
    "opensmtpd": "from mail.example.com (host66.spam.example [203.0.113.66]) by mx.victim.example (OpenSMTPD) with ESMTP id a1",
    "courier": "from mail.example.com ([::ffff:203.0.113.66]) by mx.victim.example with ESMTP; id 1",
    "ironport": "from unknown (HELO mail.example.com) ([203.0.113.66]) by mx.victim.example with ESMTP",
    "address literal": "from [192.0.2.7] (host66.spam.example [203.0.113.66]) by mx.victim.example (Postfix) with ESMTP id A",
    "unknown software": "from mail.example.com [203.0.113.66] by mx.victim.example",
}


@pytest.mark.parametrize("dialect", HELO_IN_EVERY_DIALECT)
def test_our_name_as_a_helo_never_makes_it_genuine(make_bounce, check, dialect):
    result = check(make_bounce(HELO_IN_EVERY_DIALECT[dialect] + "; {date}"))
    assert result.original.handover == ""
    assert result.verdict == "undetermined"


@pytest.mark.parametrize(
    "name", ["mail.example.com.spam.example", "notmail.example.com.example", "xmail.example.com.evil.example", "out.example.company"]
)  # fmt: skip
def test_names_that_begin_or_end_like_ours_are_strangers(make_bounce, check, name):
    hop = f"from {name} ({name} [203.0.113.66]) by mx.victim.example (Postfix) with ESMTP id A; {{date}}"
    result = check(make_bounce(hop, message_id="<77@mailer.spam.example>"))
    assert result.verdict == "backscatter"


@pytest.mark.parametrize(
    "hop",
    [
        "from h.spam.example (h.spam.example [203.0.113.66]) (envelope-from <x@[192.0.2.7]>) by mx.victim.example (Postfix) with ESMTP id A; {date}",
        "from h.spam.example (h.spam.example [203.0.113.66]) by mx.victim.example (Postfix) with ESMTP id 192.0.2.7; {date}",
        "from h.spam.example (h.spam.example [203.0.113.66]) by mx.victim.example (Postfix) with ESMTP id A for <[192.0.2.7]@victim.example>; {date}",
        "from h.spam.example (h.spam.example [203.0.113.66] ([192.0.2.7])) by mx.victim.example (Postfix) with ESMTP id A; {date}",
    ],
)  # fmt: skip
def test_our_addresses_in_comments_and_ids_are_nothing(make_bounce, check, hop):
    result = check(make_bounce(hop))
    assert result.original.handover == ""
    assert result.verdict != "genuine"


@pytest.mark.parametrize("depth", range(4))
def test_forged_hops_below_a_stranger_are_never_believed(make_bounce, check, depth):
    middle = [
        f"from r{n}.spam.example (r{n}.spam.example [203.0.113.{70 + n}]) by r{n - 1}.spam.example (Postfix) with ESMTP id {n}; {{date}}"
        for n in range(1, depth + 1)
    ]
    last = f"r{depth}.spam.example" if depth else "host66.spam.example"
    forged = f"from mail.example.com (mail.example.com [192.0.2.7]) by {last} (Postfix) with ESMTPS id Z; {{date}}"
    result = check(make_bounce(STRANGER, *middle, forged, SUBMITTED))
    assert result.verdict == "undetermined"


def test_a_top_hop_by_us_needs_our_own_outer_trace(make_bounce, check):
    result = check(make_bounce(SUBMITTED, STRANGER))
    assert result.verdict == "undetermined"
    assert result.original.handover == ""


OWN_OUTER = (
    "from mail.example.com (mail.example.com [192.0.2.7]) by mx1.example.com (Postfix) with ESMTP id 4A; {date}",
    "by mail.example.com (Postfix) id 4B; {date}",
)


def test_our_own_mta_s_bounce_about_submitted_mail_is_genuine(make_bounce, check):
    result = check(make_bounce(SUBMITTED, outer=OWN_OUTER, reporting="mail.example.com"))
    assert result.verdict == "genuine"


def test_our_own_mta_s_bounce_about_a_stranger_s_mail_is_not_believed_ours(make_bounce, check):
    relayed = "from host66.spam.example (host66.spam.example [203.0.113.66]) by mail.example.com (Postfix) with ESMTP id B; {date}"
    result = check(make_bounce(relayed, outer=OWN_OUTER, reporting="mail.example.com"))
    assert result.verdict == "undetermined"


def test_a_bounce_that_pretends_to_be_our_own_mta_s(make_bounce, check):
    outer = (
        "from mail.example.com (host66.spam.example [203.0.113.66]) by mx1.example.com (Postfix) with ESMTP id 4A; {date}",
        "from localhost (localhost [127.0.0.1]) by mail.example.com (Postfix) with ESMTP id 9; {date}",
        "by mail.example.com (Postfix) id 4B; {date}",
    )
    assert check(make_bounce(SUBMITTED, outer=outer, reporting="mail.example.com")).verdict != "genuine"


def test_the_smtp_client_outvotes_a_forged_outer_trace(make_bounce, check):
    raw = make_bounce(SUBMITTED, outer=OWN_OUTER, reporting="mail.example.com")
    assert check(raw, client_ip="203.0.113.66").verdict != "genuine"


MULTI_HOP = (
    "from mx.victim.example (localhost [127.0.0.1]) by mx.victim.example (Postfix) with ESMTP id C; {date}",
    "from edge.victim.example (edge.victim.example [203.0.113.20]) by mx.victim.example (Postfix) with ESMTP id A; {date}",
)


def test_a_receiver_with_several_hops_is_followed(make_bounce, check):
    top = (
        "from mail.example.com (mail.example.com [192.0.2.7]) by edge.victim.example (Postfix) with ESMTPS id A; {date}"
    )
    assert check(make_bounce(*MULTI_HOP, top, SUBMITTED)).verdict == "genuine"


def test_a_bot_in_the_receiver_s_domain_cannot_continue_the_chain(make_bounce, check):
    bot = "from x (dsl-66.victim.example [203.0.113.66]) by mx.victim.example (Postfix) with ESMTP id A; {date}"
    forged = (
        "from mail.example.com (mail.example.com [192.0.2.7]) by mx9.victim.example (Postfix) with ESMTPS id Z; {date}"
    )
    assert check(make_bounce(bot, forged)).verdict == "undetermined"


def test_a_forwarder_is_a_stranger_but_never_backscatter(make_bounce, check):
    forwarder = (
        "from fwd.example.org (fwd.example.org [203.0.113.99]) by mx.victim.example (Postfix) with ESMTP id A; {date}"
    )
    by_us = "from mail.example.com (mail.example.com [192.0.2.7]) by fwd.example.org (Postfix) with ESMTPS id Z; {date}"
    assert check(make_bounce(forwarder, by_us, SUBMITTED)).verdict == "undetermined"


@pytest.mark.parametrize("where", ["text", "body"])
def test_our_trace_in_the_text_or_in_the_spam_s_body_is_never_genuine(make_bounce, check, where):
    forged = (
        "Received: from mail.example.com (mail.example.com [192.0.2.7]) by mx.victim.example (Postfix) with ESMTPS id A"
    )
    raw = make_bounce(
        STRANGER, **{where: f"{forged}\nFrom: alice@example.com\nTo: x@victim.example\nSubject: hi\n\nHi"}
    )
    assert check(raw).verdict != "genuine"


SHARED = [{"name": "*.outbound.example.net", "shared": True, "account": "tenant-1", "header": "X-Tenant"}]
SHARED_HOP = "from a1.outbound.example.net (a1.outbound.example.net [198.51.100.9]) by mx.victim.example (Postfix) with ESMTP id A; {date}"


@pytest.mark.parametrize(
    ("account", "verdict"), [("tenant-1", "genuine"), ("tenant-2", "backscatter"), ("", "undetermined")]
)
def test_a_shared_relay_is_ours_only_with_our_account(make_bounce, check, account, verdict):
    extra = f"X-Tenant: {account}\n" if account else ""
    raw = make_bounce(SHARED_HOP, extra=extra, message_id="<77@mailer.spam.example>")
    assert check(raw, relays=SHARED).verdict == verdict


@pytest.mark.parametrize("network", ["10.0.0.0/8", "127.0.0.0/8"])
def test_private_addresses_that_others_recorded_are_nobody_s(make_bounce, check, network):
    ip = network.replace("0/8", "5")
    inside = f"from relay ([{ip}]) by mx.victim.example (Postfix) with ESMTP id C; {{date}}"
    result = check(make_bounce(inside, STRANGER, message_id="<77@mailer.spam.example>"), relays=[network])
    assert (result.verdict, result.original.handover) == ("backscatter", "")


@pytest.mark.parametrize(
    "extra",
    [
        "X-Google-Account: tenant-1\nX-OriginatorOrg: tenant-1\nX-MS-Exchange-CrossTenant-Id: tenant-1\n",
        "X-Tenant: tenant-2\nX-Tenant: tenant-1\n",
        "X-Tenant: tenant-1\nX-Tenant: tenant-2\n",
    ],
    ids=["fields of other providers", "one of two", "the other of two"],
)
def test_an_account_that_another_customer_typed_is_not_believed(make_bounce, check, extra):
    assert check(make_bounce(SHARED_HOP, extra=extra), relays=SHARED).verdict == "undetermined"


def test_a_shared_relay_whose_field_nobody_named_proves_nothing(make_bounce, check):
    relays = [{"name": "*.outbound.example.net", "shared": True, "account": "tenant-1"}]
    assert check(make_bounce(SHARED_HOP, extra="X-Tenant: tenant-1\n"), relays=relays).verdict == "undetermined"


def test_without_a_site_no_rule_says_whose_it_is(make_bounce):
    result = Filter.from_config({}).check(make_bounce(STRANGER), envelope=Envelope(sender=""))
    assert [hit for hit in result.hits if hit.toward in ("backscatter", "genuine")] == []


@pytest.mark.parametrize(
    "greeting", ["x by mx.victim.example", "localhost ([127.0.0.1])", "(mail.example.com [192.0.2.7])", "x with local"]
)
def test_a_greeting_that_spoils_its_hop_opens_no_way_to_the_next(make_bounce, check, greeting):
    spoilt = f"from {greeting} (unknown [203.0.113.66]) by mx.victim.example (Postfix) with ESMTP id A; {{date}}"
    result = check(make_bounce(spoilt, OURS, message_id="<77@mailer.spam.example>"))
    assert (result.verdict, result.original.handover) == ("undetermined", "")
