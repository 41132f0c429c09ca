"""Received fields by dialect: the greeting is the client's word, a reverse name only what the recorder looked up."""

from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter.message import parse
from ndrfilter.message.trace import parse_received

DATE = "Sun, 22 Nov 2026 10:00:00 +0000"
TIME = datetime(2026, 11, 22, 10, tzinfo=UTC).timestamp()
IP = "192.0.2.5"

# dialect, from clause up to the by clause, what follows, helo, rdns, ip
PEERS = [
    ("postfix", "from helo.example (rdns.example [192.0.2.5])", "(Postfix) with ESMTPS id 4XY", "helo.example", "rdns.example", IP),
    ("postfix", "from helo.example (unknown [192.0.2.5])", "(Postfix) with ESMTP id 4XY", "helo.example", None, IP),
    ("postfix", "from [10.0.0.1] (rdns.example [192.0.2.5])", "(Postfix) with ESMTP id 4XY", "[10.0.0.1]", "rdns.example", IP),
    ("postfix", "from a (rdns.example [IPv6:2001:db8::1])", "(Postfix) with ESMTP id 4XY", "a", "rdns.example", "2001:db8::1"),
    ("postfix", "from h.example (r.example [192.0.2.5]) (using TLSv1.3 with cipher X (256/256 bits))",
     "(Postfix on Example OS) with ESMTPS id 4XY", "h.example", "r.example", IP),
    ("sendmail", "from helo.example (rdns.example [192.0.2.5])", "(8.17.1/8.17.1) with ESMTP id 4X", "helo.example", "rdns.example", IP),
    ("sendmail", "from helo.example (rdns.example [192.0.2.5] (may be forged))", "(8.17.1/8.17.1) with ESMTP id 4X", "helo.example", None, IP),
    ("sendmail", "from helo.example ([192.0.2.5])", "(8.17.1/8.17.1) with ESMTP id 4X", "helo.example", None, IP),
    ("sendmail", "from helo.example (user@rdns.example [192.0.2.5])", "(8.12.1/8.12.1) with ESMTP id 4X", "helo.example", "rdns.example", IP),
    ("exim", "from rdns.example ([192.0.2.5] helo=helo.example)", "with esmtps (Exim 4.98) id 1abc", "helo.example", "rdns.example", IP),
    ("exim", "from rdns.example ([192.0.2.5]:4711 helo=[10.0.0.1] ident=x)", "with esmtps (Exim 4.98) id 1abc", "[10.0.0.1]", "rdns.example", IP),
    ("exim", "from rdns.example ([192.0.2.5])", "with esmtps (Exim 4.98) id 1abc", "rdns.example", "rdns.example", IP),
    ("exim", "from [192.0.2.5] (helo=helo.example)", "with esmtp (Exim 4.98) id 1abc", "helo.example", None, IP),
    ("exim", "from [192.0.2.5] (port=25 helo=helo.example)", "with esmtp (Exim 4.98) id 1abc", "helo.example", None, IP),
    ("exim", "from [192.0.2.5]", "with esmtp (Exim 4.98) id 1abc", None, None, IP),
    ("qmail", "from rdns.example (HELO helo.example) (192.0.2.5)", "with SMTP; 22 Nov 2026 10:00:00 -0000", "helo.example", "rdns.example", IP),
    ("qmail", "from unknown (HELO helo.example) (ident@192.0.2.5)", "with SMTP; 22 Nov 2026 10:00:00 -0000", "helo.example", None, IP),
    ("qmail", "from rdns.example (192.0.2.5)", "with SMTP; 22 Nov 2026 10:00:00 -0000", "rdns.example", "rdns.example", IP),
    ("qmail", "from unknown (192.0.2.5)", "with SMTP; 22 Nov 2026 10:00:00 -0000", "unknown", None, IP),
    ("ironport", "from helo.example ([192.0.2.5])", "with ESMTP; 22 Nov 2026 10:00:00 +0000", "helo.example", None, IP),
    ("", "from unknown (HELO helo.example) ([192.0.2.5])", "with ESMTP/TLS/X; 22 Nov 2026 10:00:00 +0000", "helo.example", None, IP),
    ("exchange", "from helo.example (192.0.2.5)", "(192.0.2.9) with Microsoft SMTP Server (version=TLS1_2) id 15.20", "helo.example", None, IP),
    ("exchange", "from helo.example (2001:db8::1)", "with Microsoft SMTP Server id 15.20", "helo.example", None, "2001:db8::1"),
    ("exchange", "from helo.example ([192.0.2.5])", "with Microsoft SMTPSVC(6.0.3790.0)", "helo.example", None, IP),
    ("exchange", "from h.example ([fe80::1%14])", "with mapi id 15.20", "h.example", None, "fe80::1"),
    ("domino", "from helo.example ([192.0.2.5])", "(IBM Domino Release 9.0.1) with ESMTP id 2026", "helo.example", None, IP),
    ("courier", "from helo.example (rdns.example [::ffff:192.0.2.5])",
     "with ESMTP id 0000000000123456.000000005E1A2B3C.00001234", "helo.example", "rdns.example", IP),
    ("sun", "from helo.example (rdns.example [192.0.2.5])",
     "(Oracle Communications Messaging Server 8.0) with ESMTPS id <0X>", "helo.example", "rdns.example", IP),
    ("opensmtpd", "from helo.example (rdns.example [192.0.2.5]);", "(OpenSMTPD) with ESMTP id 0a1b;", "helo.example", "rdns.example", IP),
    ("imail", "from helo.example [192.0.2.5]", "(SMTPD32-8.05) id A1", "helo.example", None, IP),
    ("powermta", "from helo.example (192.0.2.5)", "(PowerMTA v5.0) id h1", "helo.example", None, IP),
    ("haraka", "from helo.example (DNSERROR [192.0.2.5])", "(Haraka/3.0) with ESMTPS id A.1", "helo.example", None, IP),
    ("communigate", "from helo.example ([192.0.2.5] verified)", "(CommuniGate Pro SMTP 6.2) with ESMTPS id 9", "helo.example", "helo.example", IP),
    ("communigate", "from [192.0.2.5] (account joe@example.org HELO helo.example)",
     "(CommuniGate Pro SMTP 6.2) with ESMTPSA id 9", "helo.example", None, IP),
    ("kerio", "from helo.example ([192.0.2.5])", "(Kerio Connect 9.4) with ESMTPS", "helo.example", None, IP),
    ("mailenable", "from helo.example ([192.0.2.5])", "with MailEnable ESMTP", "helo.example", None, IP),
    ("amavis", "from helo.example ([127.0.0.1])", "(mx.example [127.0.0.1]) (amavisd-new, port 10024) with ESMTP id x", "helo.example", None, "127.0.0.1"),
    ("", "from helo.example (rdns.example [192.0.2.5])", "with ESMTP id 1", "helo.example", "rdns.example", IP),
    ("", "from helo.example ([192.0.2.5])", "with ESMTP id 1", "helo.example", None, IP),
    ("", "from helo.example (192.0.2.5)", "with ESMTP id 1", "helo.example", None, IP),
    ("", "from helo.example (localdns [192.0.2.5])", "with ESMTP id 1", "helo.example", None, IP),
    ("", "from rdns.example (LHLO helo.example) (192.0.2.5)", "with LMTP", "helo.example", "rdns.example", IP),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "peer", "rest", "helo", "rdns", "ip"), PEERS)
def test_peers(dialect, peer, rest, helo, rdns, ip):
    dated = rest if "; 22 Nov" in rest else f"{rest} for <user@example.org>; {DATE}"
    hop = parse_received(f"{peer} by mx.Example.NET. {dated}")
    assert (hop.dialect, hop.helo, hop.rdns, hop.ip) == (dialect, helo, rdns, ip_address(ip))
    assert hop.by == "mx.example.net"
    assert hop.time == TIME
    assert hop.forged == ("forged" in peer)


@pytest.mark.parametrize(
    ("text", "rdns"),
    [
        ("from helo.example (rdns.example. [192.0.2.5]) by mx.google.com with ESMTPS id a1", "rdns.example"),
        ("from helo.example (claimed.example [192.0.2.5]) by mx.google.com with ESMTPS id a1", None),
        ("from helo.example ([192.0.2.5]) by mx.google.com with ESMTPS id a1", None),
    ],
)
def test_gmail_ends_looked_up_names_in_a_dot(text, rdns):
    hop = parse_received(f"{text}; {DATE}")
    assert (hop.dialect, hop.rdns, str(hop.ip)) == ("gmail", rdns, IP)


@pytest.mark.parametrize(
    "text",
    [
        "(qmail 4711 invoked by uid 1000); 22 Nov 2026 10:00:00 -0000",
        "by mx.example (Postfix, from userid 33) id 4XY; " + DATE,
        "(from www@localhost) by mx.example (8.17.1/8.17.1/Submit) id 4XY; " + DATE,
        "from localhost (localhost) by mx.example (8.17.1/8.17.1) id 4XY; " + DATE,
        "from www by mx.example with local (Exim 4.98) id 1abc; " + DATE,
        "from root (uid 0) (envelope-from root@mx.example) id e1 by mx.example (DragonFly Mail Agent v0.13); " + DATE,
        "from localhost (mx.example [local]) by mx.example (OpenSMTPD) with ESMTPA id 0a; " + DATE,
        "from mail pickup service by mx.example with Microsoft SMTPSVC; " + DATE,
    ],
)
def test_local_hops(text):
    hop = parse_received(text)
    assert (hop.local, hop.ip, hop.rdns, hop.time) == (True, None, None, TIME)


@pytest.mark.parametrize(
    "text",
    [
        "from a (b.example [192.0.2.5]) (Authenticated sender: joe) by mx (Postfix) with ESMTP id 1",
        "from a (b.example [192.0.2.5]) by mx (Postfix) with ESMTPSA id 1",
        "from a (b.example [192.0.2.5]) (authenticated bits=0) by mx (8.17.1/8.17.1) with ESMTP id 1",
        "from b.example ([192.0.2.5] helo=a) by mx with esmtpsa (Exim 4.98) id 1",
        "from [192.0.2.5] (account joe HELO a) by mx (CommuniGate Pro SMTP 6.2) with ESMTP id 1",
    ],
)
def test_authenticated_hops(text):
    assert parse_received(text).authenticated


def test_all_fields():
    hop = parse_received(
        "from h.example (r.example [192.0.2.5]) by mx.example with esmtps (Exim 4.98) (envelope-from <a@example.org>) "
        f"id 1abc-01 for user@example.net; {DATE}"
    )
    assert (hop.with_, hop.id, hop.for_, hop.sender, hop.time) == (
        "esmtps",
        "1abc-01",
        "user@example.net",
        "a@example.org",
        TIME,
    )
    assert not hop.authenticated
    assert not hop.local


def test_trace_is_top_first_and_bounded():
    raw = b"".join(b"Received: from a by h%d.example; x\n" % number for number in range(500))
    trace = parse(raw + b"\nbody").trace
    assert [hop.by for hop in trace[:2]] == ["h0.example", "h1.example"]
    assert len(trace) == 100


def test_the_field_is_kept_as_text():
    assert parse(b"Received: from a\n\tby b; x\n\n").trace[0].text == "from a by b; x"


@given(st.text(max_size=200))
def test_never_raises(text):
    parse_received(text)


@given(st.lists(st.sampled_from(["from", "by", "with", "id", "for", "via", "(", ")", "[192.0.2.5]", "a.example", ";", '"', "helo=x",
                                 "HELO", "(Postfix)", "(Exim 4)", "<a@b>", "unknown", "1 Jan 2026 10:00:00 -0000"]), max_size=25))  # fmt: skip
def test_never_raises_on_its_own_words(words):
    hop = parse_received(" ".join(words))
    assert hop.rdns in (None, "a.example")
    assert hop.ip in (None, ip_address(IP))
