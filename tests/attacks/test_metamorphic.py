"""What an attacker can edit, edited at random: backscatter never becomes genuine, and genuine never backscatter."""

from __future__ import annotations

import pytest
from attack_mail import OURS, STRANGER, SUBMITTED, bounce, received
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HOSTS = st.sampled_from([
    "mail.example.com", "mx.example.com", "example.com", "[192.0.2.10]", "192.0.2.10", "localhost", "mx.receiver.example",
    "mx2.receiver.example", "host66.spam.example", "dsl-66.receiver.example", "unknown", "mail.example.com.evil.example",
])  # fmt: skip
ADDRESSES = st.sampled_from(["192.0.2.10", "127.0.0.1", "10.0.0.1", "203.0.113.66", "198.51.100.25", "IPv6:::1"])
DIALECTS = st.sampled_from([
    "from {a} ({b} [{ip}]) by {c} (Postfix) with ESMTPSA id 1", "from {a} ({b} [{ip}]) (Authenticated sender: alice@example.com) by {c} (Postfix) with ESMTP id 1",
    "from {a} ([{ip}] helo={b}) by {c} with esmtps (Exim 4.98) id 1abcde-00", "from {a} by {c} with local (Exim 4.98) id 1abcde-00",
    "from {a} (HELO {b}) ({ip}) by {c} with SMTP; 22 Nov 2026 10:00:00 -0000", "(qmail 1 invoked by uid 0); 22 Nov 2026 10:00:00 -0000",
    "from {a} ({ip}) by {c} ({ip}) with Microsoft SMTP Server id 15.1", "by {c} (Postfix, from userid 0) id 1", "by {c} (Postfix) id 1",
    "from {a} ({b} [{ip}]) by {c} (OpenSMTPD) with ESMTP id 1", "from {a} ({b}. [{ip}]) by mx.google.com with ESMTPS id 1",
])  # fmt: skip
HOPS = st.builds(lambda form, a, b, c, ip: form.format(a=a, b=b, c=c, ip=ip), DIALECTS, HOSTS, HOSTS, HOSTS, ADDRESSES)
VALUES = st.one_of(
    st.sampled_from(["alice@example.com", "<1@example.com>", "dkim=pass header.d=example.com", "mx.example.com; spf=pass smtp.mailfrom=alice@example.com",
                     "mx.receiver.example; dkim=pass header.d=example.com; dmarc=pass header.from=example.com", "tenant", "yes"]),
    HOPS, st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=60),
)  # fmt: skip
NAMES = st.sampled_from([
    "Received", "X-Received", "Return-Path", "Authentication-Results", "ARC-Authentication-Results", "Received-SPF", "X-Tenant", "Message-ID",
    "Resent-From", "In-Reply-To", "References", "Content-Type", "X-Spam-Flag", "Delivered-To", "received", "X-MS-Exchange-CrossTenant-Id",
])  # fmt: skip
FIELDS = st.lists(st.builds(lambda name, value: f"{name}: {value}\n", NAMES, VALUES), max_size=6).map("".join)
BODIES = st.lists(
    st.one_of(
        st.builds(lambda hop: received(hop) + "From: alice@example.com\nMessage-ID: <1@example.com>\n\n", HOPS),
        st.sampled_from(["--=_report\nContent-Type: message/rfc822\n\n", "--=_report--\n", "----- Original message -----\n", "\n", "> "]),
        st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=60).map(lambda text: text + "\n"),
    ),
    max_size=8,
).map("".join)  # fmt: skip
FIXTURES = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ENTRIES = {
    "his own host": STRANGER,
    "his own host, unnamed": "from mail.example.com (unknown [203.0.113.66]) by mx.receiver.example (Postfix) with ESMTP id 5C0FFEE",
    "a customer's line": "from x (dsl-66.receiver.example [203.0.113.66]) by mx.receiver.example (Postfix) with ESMTP id 5C0FFEE",
    "a website there": "by mx.receiver.example (Postfix, from userid 33) id 5C0FFEE",
    "a stolen login there": "from x (pc.receiver.example [203.0.113.66]) (Authenticated sender: x) by mx.receiver.example (Postfix) with ESMTPSA id 5C0FFEE",
}


@pytest.mark.parametrize("entry", ENTRIES)
@FIXTURES
@given(hops=st.lists(HOPS, max_size=5), fields=FIELDS, body=BODIES, identity=VALUES)
def test_nothing_that_an_attacker_hands_in_makes_his_mail_genuine(judge, entry, hops, fields, body, identity):
    assert judge(bounce(ENTRIES[entry], *hops, below=fields, body=body, message_id=identity)).verdict != "genuine"


@FIXTURES
@given(hops=st.lists(HOPS, max_size=5), fields=FIELDS, body=BODIES)
def test_nothing_below_our_relay_condemns_our_mail(judge, hops, fields, body):
    assert judge(bounce(OURS, SUBMITTED, *hops, below=fields, body=body)).verdict in ("genuine", "undetermined")
