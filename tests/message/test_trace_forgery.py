"""What a client says of itself (greeting, ident answer, envelope) never becomes a name or an address of the peer."""

import pytest

from ndrfilter.message.trace import parse_received

DATE = "Sun, 22 Nov 2026 10:00:00 +0000"
IP = "192.0.2.5"


@pytest.mark.parametrize(
    "text",
    [
        "from r.example (HELO authenticated) (192.0.2.5) by mx with SMTP; 22 Nov 2026 10:00:00 -0000",
        "from r.example (HELO auth=yes) (authenticated@192.0.2.5) by mx with SMTP; 22 Nov 2026 10:00:00 -0000",
        "from r.example ([192.0.2.5] helo=a=b) by mx with esmtp (Exim 4.98) id 1",
        "from authenticated (authenticated@r.example [192.0.2.5]) by mx (8.17.1/8.17.1) with ESMTP id 1",
    ],
)
def test_a_greeting_cannot_say_authenticated(text):
    assert not parse_received(text).authenticated


def test_an_ident_answer_cannot_turn_the_greeting_into_a_name():
    hop = parse_received("from ours.example (x helo=y@r.example [192.0.2.5]) by mx (8.17.1/8.17.1) with ESMTP id 1")
    assert hop.helo == "ours.example"
    assert hop.rdns != "ours.example"


@pytest.mark.parametrize(
    "text",
    [
        "from [192.0.2.66] by mx.example with ESMTP id 1",  # may be the greeting
        "from 192.0.2.66 by mx.example with ESMTP id 1",
        "from host.example by mx.example ([192.0.2.66]) with ESMTP id 1",
        "from host.example by mx.example with ESMTP id [192.0.2.66]",
        'from host.example by mx.example with ESMTP id 1 for <"x [192.0.2.66]"@example.org>',
        "from host.example by mx.example (envelope-from <a@[192.0.2.66]>) id 1",
        "from host.example ([999.0.2.66]) by mx.example id 1",
    ],
)
def test_what_is_no_address_of_the_peer(text):
    hop = parse_received(text)
    assert hop.ip is None
    assert hop.rdns is None


@pytest.mark.parametrize(
    "notes",
    [
        "(envelope-from <x@[192.0.2.66]>)",
        "(Authenticated sender: x [192.0.2.66])",
        "(x@[192.0.2.66])",
        "(using TLSv1.3 [192.0.2.66])",
    ],
)
def test_addresses_in_notes_are_none_of_the_peer(notes):
    hop = parse_received(
        f"from h.example (r.example [192.0.2.5]) {notes} by mx.example (Postfix) with ESMTP id 1; {DATE}"
    )
    assert (hop.rdns, str(hop.ip)) == ("r.example", IP)


@pytest.mark.parametrize("name", ["client.example", "auth.example", "authenticated.example", "tls.example"])
def test_names_that_look_like_notes(name):
    hop = parse_received(f"from h.example ({name} [192.0.2.5]) by mx.example (Postfix) with ESMTP id 1; {DATE}")
    assert (hop.rdns, str(hop.ip)) == (name, IP)


def test_two_addresses_in_doubt():
    hop = parse_received(
        f"from h.example (a.example [192.0.2.66]) (b.example [192.0.2.5]) by mx.example with SMTP id 1; {DATE}"
    )
    assert (hop.rdns, hop.ip) == (None, None)


def test_a_recipient_cannot_pretend_a_dialect():
    hop = parse_received(
        'from ours.example ([192.0.2.5]) by mx with ESMTP id 1 for <"(Exim 4.98)"@example.org>; ' + DATE
    )
    assert hop.dialect == ""
    assert hop.rdns is None


@pytest.mark.parametrize(
    "greeting",
    [
        "x (ours.example [192.0.2.9])",
        "x by ours.example (Postfix) with ESMTP",
        'x "',
        "x (",
        "from ours.example",
        "[192.0.2.9]",
    ],
)
def test_a_greeting_cannot_bring_its_own_name(greeting):
    hop = parse_received(f"from {greeting} (unknown [192.0.2.5]) by mx.example (Postfix) with ESMTP id 1; {DATE}")
    assert hop.rdns is None
    assert str(hop.ip) in ("None", IP)


@pytest.mark.parametrize(
    "text",
    [
        "from x) (ours.example [192.0.2.66] (unknown [192.0.2.5]) by mx.example (Postfix) with ESMTP id 1",
        "from (ours.example (unknown [192.0.2.5]) by mx.example (Postfix) with ESMTP id 1",
        "from (ours.example [192.0.2.66]) [192.0.2.5] by mx.example",
        "from [192.0.2.5] (EHLO x (ours.example [192.0.2.66])) by mx.example with SMTP",
        "from x.example (IDENT:x [192.0.2.66] y@r.example [192.0.2.5]) by mx.example (8.9.3/8.9.3) with ESMTP id 1",
        "from localhost ([127.0.0.1]) (unknown [192.0.2.5]) by mx.example with ESMTP id 1",
        "from x with local (unknown [192.0.2.5]) by mx.example (Postfix) with ESMTP id 1",
        "from localhost id 1 (r.example [192.0.2.5]) by mx.example with ESMTP id 1",
        "from x by mx.example (unknown [192.0.2.5]) by mx.example (Postfix) with ESMTP id 1",
    ],
)
def test_a_field_that_says_two_things_of_its_client_says_nothing(text):
    hop = parse_received(f"{text}; {DATE}")
    assert (hop.helo, hop.rdns, hop.ip, hop.forged, hop.local, hop.authenticated) == (
        None,
        None,
        None,
        True,
        False,
        False,
    )


@pytest.mark.parametrize(
    "text",
    [
        "from root (uid 0) (envelope-from a@b.example) id e0 by mx.example (DragonFly Mail Agent v0.13)",
        "from a@b.example by mx.example by uid 706 with qmail-scanner-1.22 (clear)",
    ],
)
def test_programs_with_an_order_of_their_own(text):
    hop = parse_received(f"{text}; {DATE}")
    assert hop.local
    assert not hop.forged


def test_a_first_word_that_the_lookup_does_not_bear_out():
    hop = parse_received(
        'from ours.example (r.example [192.0.2.5]:25 "EHLO ours.example") by mx.example with ESMTP id 1'
    )
    assert (hop.helo, hop.rdns, str(hop.ip)) == ("ours.example", None, IP)


@pytest.mark.parametrize(
    "note", ["Authenticated sender: joe", "authenticated as joe", "account joe HELO y", "AUTH: LOGIN joe"]
)
def test_a_greeting_cannot_bring_a_login(note):
    hop = parse_received(f"from x ({note}) (r.example [192.0.2.5]) by mx.example (Postfix) with ESMTP id 1; {DATE}")
    assert not hop.authenticated
    assert hop.login is None
