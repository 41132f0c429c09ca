"""Exim's main log: what a real server wrote with several selectors, and what nobody must be able to make it say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter.sentlog.flight import Flight
from ndrfilter.sentlog.reader import Reader
from ndrfilter.sentlog.trust import Trust
from ndrfilter.site import Relay, Site

GOLDEN = ["default", "received", "all", "zone"]
SITE = Site(domains=("example.com",))
NAME = "1xV3qB-0000io-0G"
AUTHENTICATED = "H=(laptop.example) [203.0.113.9] P=esmtpsa X=TLS1.3:ECDHE_SECP256R1:256 CV=no A=plain:alice S=300"
OUTSIDE = "H=spam.example [203.0.113.66] P=esmtp S=300"
AWAY = "R=dnslookup T=remote_smtp H=mx.receiver.example [198.51.100.25]"
OURS = [["<1@example.com>", "alice@example.com", ["bob@receiver.example"]]]


def journey(
    submission=AUTHENTICATED,
    sender="alice@example.com",
    message_id=" id=1@example.com",
    delivery=f'=> bob@receiver.example {AWAY} C="250 Ok"',
    head="2026-11-22 09:26:31 ",
    name=NAME,
):
    """The lines of one message through Exim."""
    lines = [f"{name} <= {sender} {submission}{message_id}", f"{name} {delivery}", f"{name} Completed"]
    return "".join(f"{head}{line}\n" for line in lines)


@pytest.mark.parametrize("name", GOLDEN)
def test_real_logs(golden, sent, name):
    log, expected = golden(f"exim_{name}")
    assert sent(log) == expected
    assert sent(log, chosen="exim") == expected
    assert sent(log, chosen="postfix") == []


@pytest.mark.parametrize("name", GOLDEN)
def test_nothing_that_came_without_a_login_is_recorded(golden, sent, name):
    log, _ = golden(f"exim_{name}")
    assert b"noauth-relay" in log
    assert not [entry for entry in sent(log) if "noauth" in entry[0] or "stranger" in entry[0]]


@pytest.mark.parametrize(
    "head",
    [
        "2026-11-22 09:26:31 ",
        "2026-11-22 09:26:31.123 [3158] ",
        "2026-11-22 10:26:31 +0100 ",
        "2026-11-22 10:26:31.123 +0100 [3158] ",
        "Nov 22 09:26:31 mail exim[12]: 2026-11-22 09:26:31 ",
        "Nov 22 09:26:31 mail exim4[12]: ",
        "2026-11-22T09:26:31.123456+00:00 mail exim: [3158] ",
    ],
)
@pytest.mark.parametrize("name", [NAME, "1xV3qB-00000000io0-0G2a"])
def test_frames(sent, head, name):
    assert sent(journey(head=head, name=name)) == OURS


@pytest.mark.parametrize(
    "submission",
    [
        "H=(laptop) [203.0.113.9]:40000 I=[192.0.2.1]:587 P=esmtpsa L.- A=login:alice S=300 M8S=0 RT=0.01s",
        'H=a.example (b) [2001:db8::9] U=joe P=esmtpa A=cram:alice S=300 DN="/CN=x y"',
        "H=[203.0.113.9] P=utf8esmtpsa A=plain:alice S=3 RT=0.1s",
        "U=root P=local S=300",
        "U=www-data P=local-esmtp S=300",
        "H=localhost (x) [127.0.0.1] P=esmtp S=300",
        "H=([192.0.2.9]) [192.0.2.9] PRX=192.0.2.3 P=smtp S=300",
    ],
)
def test_who_may_send(sent, submission):
    assert sent(journey(submission), trust=Trust((SITE._replace(relays=(Relay.parse("192.0.2.8/29"),)),))) == OURS


@pytest.mark.parametrize(
    "submission",
    [
        OUTSIDE,
        "H=(x) [203.0.113.66] P=esmtps A=plain:alice S=300",
        "H=(x) [203.0.113.66] P=esmtp S=300 A=plain:alice P=esmtpa",
        "H=(x P=local) [203.0.113.66] P=esmtpa S=300",
        "H=(x) [127.0.0.1] P=esmtpa S=1) [203.0.113.66] P=esmtp S=300",
        "H=(x) [203.0.113.66] U=P=local P=esmtp S=300",
        "H=(x) [203.0.113.66] U=a P=esmtpa id=9@example.com P=esmtp S=300",
        'H=(x) [127.0.0.1] P=esmtpa id=9@example.com T=") [203.0.113.66] P=esmtp S=300',
        "U=alice P=esmtpa S=300",
        "U=amavis P=scanned-ok S=300",
        "P=local S=300",
        "R=1xV3qB-0000io-0F U=Debian-exim P=local S=300",
    ],
)
def test_who_may_not(sent, submission):
    assert sent(journey(submission), trust=Trust((SITE,), loopback=False)) == []


def test_settings_for_local_users(sent):
    trust = Trust((SITE,), local=frozenset({"root", "0"}))
    assert sent(journey("U=www-data P=local S=300"), trust=trust) == []
    assert sent(journey("U=root P=local S=300"), trust=trust) == OURS


@pytest.mark.parametrize("sender", ["<>", "bob@stranger.example", '"alice@example.com"@stranger.example', "alice"])
def test_other_senders_are_not_ours(sent, sender):
    assert sent(journey(sender=sender)) == []


def test_quoted_senders(sent):
    quoted = '"a b> H=x [1.2.3.4] P=esmtp"@example.com'
    assert sent(journey(sender=quoted)) == [["<1@example.com>", quoted, ["bob@receiver.example"]]]


@pytest.mark.parametrize(
    ("delivery", "recipients"),
    [
        (f'-> bob@receiver.example {AWAY} C="250 Ok"', ["bob@receiver.example"]),
        (f"** bob@receiver.example {AWAY}: SMTP error from remote mail server: 550 <c@d>", ["bob@receiver.example"]),
        (f"** bob@receiver.example F=<a@b> P=<a@b> {AWAY} X=TLS: 550", ["bob@receiver.example"]),
        ("** bob@receiver.example: Unrouteable address", ["bob@receiver.example"]),
        (
            "== bob@receiver.example R=dnslookup T=remote_smtp defer (-53): retry time not reached",
            ["bob@receiver.example"],
        ),
        ("== bob@receiver.example routing defer (-52): retry time not reached", ["bob@receiver.example"]),
        (f"=> b@x.example <list@example.com> {AWAY}", ["b@x.example", "list@example.com"]),
        (f'=> p q@x.example <"p q"@x.example> {AWAY}', ['"p q"@x.example']),
        (
            "=> b@x.example F=<a@b> P=<a@b> R=smart T=remote_smtp_smarthost S=386 H=h [::1]:587 I=[::1]:1 X=TLS",
            ["b@x.example"],
        ),
    ],
)
def test_deliveries(sent, delivery, recipients):
    assert [entry[2] for entry in sent(journey(delivery=delivery))] == [recipients]


@pytest.mark.parametrize(
    "delivery",
    [
        "=> alice <alice@example.com> R=local_user T=mail_spool",
        "=> /var/mail/x <bob@receiver.example> R=system_aliases T=address_file",
        "=> |/usr/bin/x <bob@receiver.example> R=userforward T=address_pipe",
        "=> bob@receiver.example R=queue T=archive",
        "** nobody@example.com: Unrouteable address",
        "=> bob@example.com R=scan T=amavis H=127.0.0.1 [127.0.0.1]:10024",
        f'=> x <y@z> R=out T=smtp H=h [1.2.3.4] C=@x.example <"x <y@z> R=out T=smtp H=h [1.2.3.4] C="@x.example> {AWAY}',
    ],
)
def test_what_did_not_go_to_another_server(sent, delivery):
    assert sent(journey(delivery=delivery)) == []


def test_mail_that_comes_in_again(sent):
    scanned = "H=localhost [127.0.0.1] P=esmtp S=400"
    inbound = journey(OUTSIDE, delivery="=> a <a@example.com> R=scan T=amavis")
    assert sent(inbound + journey(scanned, name="1xV3qB-0000io-0H")) == []
    assert sent(inbound + journey("U=list P=local S=400", name="1xV3qB-0000io-0H")) == []
    assert (
        sent(journey(delivery="=> a <a@example.com> R=scan T=amavis") + journey(scanned, name="1xV3qB-0000io-0H"))
        == OURS
    )


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (' id=1@example.com T="x id=2@example.com" from <a@b> for c@d', "<1@example.com>"),
        (' T="x\\" id=2@example.com" for c@d', None),
        (" for id=2@example.com", None),
        (" from <x id=2@example.com>", None),
        (' id="a b"@example.com', '<"a b"@example.com>'),
        ("", None),
    ],
)
def test_the_message_id(sent, fields, found):
    assert [entry[0] for entry in sent(journey(message_id=fields))] == ([found] if found else [])


def test_syslog_of_both_servers_in_one_file(sent):
    frame = "Nov 22 09:26:31 mail "
    log = journey(head=f"{frame}exim[1]: ") + f"{frame}postfix/smtpd[2]: 1xV3qB: client=x[203.0.113.66]\n"
    assert sent(log) == OURS
    assert sent(journey(head=f"{frame}eximstats[1]: 2026 ")) == []


words = st.sampled_from([
    "H=(x)", "[127.0.0.1]", "[203.0.113.9]", "P=esmtpa", "P=local", "U=root", "A=plain:alice", "S=1", "id=9@example.com", "T=remote_smtp", "R=x", "<=", "=>",
    "alice@example.com", "bob@receiver.example", "<", ">", '"', "\\", ":", " ", "(", ")", "C=", "H=h [1.2.3.4]", "for", "from", NAME,
])  # fmt: skip
hostile = st.one_of(st.text(max_size=60), st.lists(words, max_size=8).map(" ".join))


def printable(text):
    """As Exim writes what mail chose."""
    return "".join(char if char.isprintable() else f"\\{ord(char) % 512:03o}" for char in text)


def address(text):
    """As Exim writes an address: its local part quoted where need be."""
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"@stranger.example'


def taken(log):
    reader = Reader(Trust((SITE,)))
    reader.written(1795400000.0)
    for place, line in enumerate(log.encode().split(b"\n")):
        reader.read(line, place)
    return reader.take()


@given(hostile, hostile, hostile, hostile)
def test_nothing_that_outsiders_write_makes_their_mail_ours(helo, sender, message_id, subject):
    submission = f"H=({printable(helo)}) [203.0.113.66] P=esmtp S=300"
    fields = f' id={printable(message_id)} T="{printable(subject)}"'
    assert taken(journey(submission, address(sender), fields)) == []


@given(hostile, hostile, hostile)
def test_what_a_server_answers_and_mail_says_changes_no_recipient(subject, answer, quoted):
    delivery = f"** bob@receiver.example {AWAY}: SMTP error from remote mail server: {printable(answer)}"
    entries = taken(journey(message_id=f' id=1@example.com T="{printable(subject)}"', delivery=delivery))
    assert {(entry.message_id, entry.recipients) for entry in entries} <= {
        ("<1@example.com>", ("bob@receiver.example",))
    }


def test_flight_is_bounded(monkeypatch):
    from ndrfilter import limits

    monkeypatch.setattr(limits, "FOLLOW_MESSAGES", 3)
    log = "".join(journey(name=f"1xV3qB-0000io-0{letter}").rpartition("2026")[0] for letter in "ABCDE")
    reader = Reader(Trust((SITE,)))
    reader.written(1795400000.0)
    for place, line in enumerate(log.encode().split(b"\n")):
        reader.read(line, place)
    assert reader.dropped()
    assert not reader.dropped()
    assert isinstance(reader._flights[1], Flight)
