"""Postfix' log: what a real server wrote, and what nobody must be able to make it say."""

import re
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter.sentlog.trust import Trust
from ndrfilter.site import Relay, Site

GOLDEN = ["plain", "sasl", "filter", "filter_xforward", "filter_pipe"]
SITE = Site(domains=("example.com",))


def journey(
    queue="4F1A22220A",
    client="client=laptop.example[203.0.113.9], sasl_method=PLAIN, sasl_username=alice",
    message_id="<1@example.com>",
    sender="alice@example.com",
    delivery="to=<bob@receiver.example>, relay=mx.receiver.example[198.51.100.25]:25, delay=1.2, delays=0.1/0/1/0.1, "
    "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 77)",
    agent="smtp",
    tag="postfix",
    head="Nov 22 09:20:45 mail",
    end=True,
):
    """The lines of one message through Postfix."""
    first = f"{tag}/pickup[8]: {queue}: {client}" if client.startswith("uid=") else f"{tag}/smtpd[9]: {queue}: {client}"
    lines = [
        *([first] if client else []),
        *([f"{tag}/cleanup[3]: {queue}: message-id={message_id}"] if message_id is not None else []),
        f"{tag}/qmgr[4]: {queue}: from=<{sender}>, size=300, nrcpt=1 (queue active)",
        f"{tag}/{agent}[5]: {queue}: {delivery}",
        *([f"{tag}/qmgr[4]: {queue}: removed"] if end else []),
    ]
    return "".join(f"{head} {line}\n" for line in lines)


OURS = [["<1@example.com>", "alice@example.com", ["bob@receiver.example"]]]
OUTSIDE = "client=spam.example[203.0.113.66]"
LOOPBACK = "client=localhost[127.0.0.1]"
TO_FILTER = (
    "to=<bob@receiver.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, "
    "status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 5B00000002)"
)


@pytest.mark.parametrize("name", GOLDEN)
def test_real_logs(golden, sent, name):
    log, expected = golden(f"postfix_{name}")
    assert sent(log) == expected
    assert sent(log, chosen="postfix") == expected
    assert sent(log, chosen="exim") == []


@pytest.mark.parametrize("name", GOLDEN)
def test_nothing_that_came_from_outside_is_ever_recorded(golden, sent, name):
    log, _ = golden(f"postfix_{name}")
    assert b"forged" in log
    assert not [entry for entry in sent(log) if "forged" in entry[0] or "stranger" in entry[0]]


@pytest.mark.parametrize(
    "head",
    [
        "Nov 22 09:20:45 mail",
        "Nov  2 09:20:45 mail",
        "2026-11-22T09:20:45.123456+01:00 mail",
        "2026-11-22T09:20:45+0100 mail",
        "2026-11-22T09:20:45Z mail.example.com",
        "<22>Nov 22 09:20:45 mail",
    ],
)
@pytest.mark.parametrize("tag", ["postfix", "postfix-out", "postfix/submission", "mta-2"])
def test_frames(sent, head, tag):
    assert sent(journey(head=head, tag=tag)) == OURS


def test_solaris_message_ids_and_carriage_returns(sent):
    log = re.sub(r"(\[\d\]: )", r"\1[ID 197553 mail.info] ", journey())
    assert sent(log.replace("\n", "\r\n")) == OURS


@pytest.mark.parametrize(
    "client",
    [
        "client=laptop.example[203.0.113.9]:40000, sasl_method=LOGIN, sasl_username=alice@example.com",
        "client=laptop.example[203.0.113.9], sasl_username=alice",
        "client=unknown[2001:db8::9], sasl_method=PLAIN, sasl_username=alice, sasl_sender=alice@example.com",
        "client=localhost[127.0.0.1]",
        "client=localhost[::1]",
        "client=app.example.com[192.0.2.10]",
        "client=box[198.51.100.7]",
        "uid=1000 from=<alice>",
        "uid=33 from=<alice@example.com>",
    ],
)
def test_who_may_send(sent, client):
    site = SITE._replace(relays=(Relay.parse("192.0.2.8/29"), Relay.parse("203.0.113.0/24", shared=True)))
    assert sent(journey(client=client), trust=Trust((site,), networks=(ip_network("198.51.100.7"),))) == OURS


@pytest.mark.parametrize(
    "client",
    [
        OUTSIDE,
        "client=shared.example[203.0.113.70]",
        "client=mx.example.com[192.0.2.11]",
        "client=localhost[203.0.113.66]",
        "client=unknown[unknown]",
        "client=localhost[127.0.0.1",
        "client=spam.example[203.0.113.66], orig_client=other.example[203.0.113.67]",
        "client=localhost[127.0.0.1], orig_client=spam.example[203.0.113.66]",
        "client=localhost[127.0.0.1], orig_queue_id=77AAAAA, orig_client=spam.example[203.0.113.66]:1025",
        "client=spam.example[203.0.113.66], sasl_method=PLAIN",
        "client=spam.example[203.0.113.66], helo=x, sasl_username=alice",
        "uid=5103 from=<alice@example.com> orig_id=77AAAAA",
        "",
    ],
)
def test_who_may_not(sent, client):
    site = SITE._replace(
        relays=(Relay.parse("192.0.2.8/29"), Relay.parse("203.0.113.0/24", shared=True)),
        receivers=(Relay.parse("192.0.2.11"),),
    )
    assert sent(journey(client=client), trust=Trust((site,))) == []


def test_settings_for_local_users_and_programs(sent):
    only_root = Trust((SITE,), local=frozenset({"0", "root"}))
    assert sent(journey(client="uid=33 from=<www-data>"), trust=only_root) == []
    assert sent(journey(client="uid=0 from=<root>"), trust=only_root) == OURS
    assert sent(journey(client="uid=0 from=<root>"), trust=Trust((SITE,), local=frozenset())) == []
    assert sent(journey(client=LOOPBACK), trust=Trust((SITE,), loopback=False)) == []


@pytest.mark.parametrize(
    "sender", ["", "bob@stranger.example", "alice@example.com.stranger.example", "alice@notexample.com", "alice", "@"]
)
def test_other_senders_are_not_ours(sent, sender):
    assert sent(journey(sender=sender)) == []


@pytest.mark.parametrize("sender", ["Alice@EXAMPLE.com", "alice@sub.example.com", "prvs=1234abcdef=alice@example.com"])
def test_senders_of_ours(sent, sender):
    assert sent(journey(sender=sender)) == [["<1@example.com>", sender, ["bob@receiver.example"]]]


RELAY = "relay=mx.receiver.example[198.51.100.25]:25, "
TIMES = "delay=1.2, delays=0.1/0/1/0.1, dsn=5.1.1, "


@pytest.mark.parametrize(
    ("delivery", "recipients"),
    [
        (f"to=<bob@receiver.example>, {RELAY}{TIMES}status=bounced (host said: 550)", ["bob@receiver.example"]),
        (f"to=<bob@receiver.example>, {RELAY}conn_use=3, {TIMES}status=deferred (x)", ["bob@receiver.example"]),
        (f"to=<bob@receiver.example>, relay=none, {TIMES}status=bounced (Host not found)", ["bob@receiver.example"]),
        (f"to=<bob@receiver.example>, relay=none, {TIMES}status=expired", ["bob@receiver.example"]),
        (f"to=<b@x.example>, orig_to=<list>, {RELAY}{TIMES}status=sent (ok)", ["b@x.example", "list"]),
        (f'to=<"b o>b"@x.example>, {RELAY}{TIMES}status=sent (ok)', ['"b o>b"@x.example']),
        (f"to=<müller@x.example>, {RELAY}{TIMES}status=sent (ok)", ["müller@x.example"]),
        (f"to=<b@x.example>, {RELAY}delay=1.2, status=sent (ok)", ["b@x.example"]),
    ],
)
def test_deliveries(sent, delivery, recipients):
    assert [entry[2] for entry in sent(journey(delivery=delivery))] == [recipients]


@pytest.mark.parametrize(
    ("agent", "recorded"),
    [("smtp", 1), ("relay", 1), ("error", 1), ("lmtp", 0), ("local", 0), ("virtual", 0), ("pipe", 0), ("discard", 0)],
)
def test_delivery_agents(sent, agent, recorded):
    assert len(sent(journey(agent=agent))) == recorded


def test_an_undeliverable_local_recipient_is_not_sent_away(sent):
    delivery = f"to=<bob@example.com>, relay=none, {TIMES}status=bounced (x)"
    assert sent(journey(agent="error", delivery=delivery)) == []


def test_the_way_to_a_filter_is_not_the_way_out(sent):
    """As for mail that fetchmail brings: it enters on this machine, in our name, and stays."""
    delivery = TO_FILTER.replace("bob@receiver.example", "bob@example.com")
    assert sent(journey(client=LOOPBACK, delivery=delivery)) == []
    assert sent(journey(client=LOOPBACK, delivery=TO_FILTER)) == OURS


@pytest.mark.parametrize("status", ["undeliverable", "deliverable", "filtered"])
def test_other_outcomes_are_no_attempt(sent, status):
    assert sent(journey(delivery=f"to=<bob@receiver.example>, {RELAY}{TIMES}status={status} (x)")) == []


def test_a_second_queue_id_of_inbound_mail_is_inbound_mail(sent):
    log = journey("5B00000001", OUTSIDE, delivery=TO_FILTER, end=False) + journey("5B00000002", LOOPBACK)
    assert sent(log) == []
    assert sent(journey("5B00000001", delivery=TO_FILTER) + journey("5B00000002", LOOPBACK)) == OURS


def test_inbound_mail_that_a_list_or_a_forwarding_sends_on(sent):
    inbound = journey(
        "5B00000001", OUTSIDE, agent="local", delivery=f"to=<a@example.com>, relay=local, {TIMES}status=sent"
    )
    for client in (LOOPBACK, "uid=38 from=<list>", ""):
        assert sent(inbound + journey("5B00000002", client)) == []


def test_our_own_mail_that_an_alias_sends_on(sent):
    own = journey("5B00000001", agent="local", delivery=f"to=<a@example.com>, relay=local, {TIMES}status=sent")
    assert sent(own + journey("5B00000002", "")) == OURS


def test_once_an_id_came_from_outside_only_a_login_makes_it_ours(sent):
    log = journey("5B00000001") + journey("5B00000002", OUTSIDE, delivery=TO_FILTER)
    again = journey("5B00000003", LOOPBACK, delivery=f"to=<more@x.example>, {RELAY}{TIMES}status=sent (ok)")
    assert sent(log + again) == OURS


def test_mail_without_an_id_through_a_filter(sent):
    """The filter's Postfix gives it an id, by which nobody can tell whose it is: the filter's answer can."""
    made = "<20261122092045.5B00000002@mail.example.com>"
    outside = journey("5B00000001", OUTSIDE, None, delivery=TO_FILTER).splitlines(keepends=True)
    arrival, queued, handed, gone = journey("5B00000002", LOOPBACK, made).splitlines(keepends=True)[:4]
    assert sent("".join([*outside[:2], arrival, queued, handed, outside[2], gone])) == []
    assert sent("".join([*outside[:2], arrival, queued, handed, gone, outside[2]])) == []
    assert len(sent("".join([arrival, queued, handed, gone]))) == 1


def test_where_a_filter_is_seen_an_id_made_here_does_not_make_mail_ours(sent):
    filtered = journey("5B00000001", delivery=TO_FILTER) + journey("5B00000002", LOOPBACK)
    made = journey("5B00000003", LOOPBACK, "<20261122092045.5B00000003@mail.example.com>")
    assert sent(filtered + made) == OURS
    assert len(sent(made)) == 1


def test_xforward_tells_the_first_client(sent):
    log = journey("5B00000001", delivery=TO_FILTER, end=False)
    client = "client=localhost[127.0.0.1], orig_queue_id={}, orig_client=laptop.example[203.0.113.9]"
    other = f"to=<carol@receiver.example>, {RELAY}{TIMES}status=sent (ok)"
    follow = journey("5B00000002", client.format("5B00000001"), "<2@example.com>", delivery=other)
    assert len(sent(log + follow)) == 2
    assert len(sent(log + follow.replace("orig_queue_id=5B00000001", "orig_queue_id=5B00000009"))) == 1


def test_queue_ids_of_another_host_or_an_earlier_message(sent):
    here, there = (
        journey(head="Nov 22 09:20:45 a"),
        journey(head="Nov 22 09:20:45 b", client="", message_id="<2@example.com>"),
    )
    lines = zip(here.splitlines(keepends=True), there.splitlines(keepends=True), strict=False)
    assert sent("".join(a + b for a, b in lines)) == OURS
    reused = journey(end=False) + journey(client=OUTSIDE, message_id="<2@example.com>")
    assert sent(reused) == OURS


def test_resent_and_missing_ids(sent):
    log = journey().replace(
        "message-id=<1@example.com>",
        "message-id=<1@example.com>\nNov 22 09:20:46 mail "
        "postfix/cleanup[3]: 4F1A22220A: resent-message-id=<2@example.com>",
    )
    assert [entry[0] for entry in sent(log)] == ["<1@example.com>", "<2@example.com>"]
    assert sent(journey(message_id="")) == sent(journey(message_id="<>")) == sent(journey(message_id=None)) == []


def test_repeated_and_foreign_lines_change_nothing(sent):
    noise = (
        "Nov 22 09:20:45 mail postfix/smtpd[9]: message repeated 2 times: [ 4F1A22220A: client=x[203.0.113.66]]\n"
        "Nov 22 09:20:45 mail last message repeated 3 times\n"
        "Nov 22 09:20:45 mail postfix/smtpd[9]: NOQUEUE: client=x[203.0.113.66]\n"
        "Nov 22 09:20:45 mail postfix/cleanup[3]: 4F1A22220A: warning: header Subject: message-id=<9@example.com>\n"
        "Nov 22 09:20:45 mail dovecot: lmtp(alice): 4F1A22220A: from=<bob@receiver.example>\n"
        "\n\0\n\xff\n"
    )
    lines = journey().splitlines(keepends=True)
    assert sent("".join(line + noise for line in lines)) == OURS


hostile = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from([
            "client=localhost[127.0.0.1]", ", sasl_method=PLAIN, sasl_username=alice", "message-id=", "<1@example.com>", "from=<alice@example.com>",
            ", size=1, nrcpt=1 (queue active)", "to=<bob@receiver.example>", RELAY, TIMES, "status=sent (ok)", "> ", ", ", ": ", '"', "\\", "]", "[",
            "Nov 22 09:20:45 mail postfix/smtpd[9]: ", "4F1A22220A", "uid=0 from=<a>", "queued as 4F1A22220A", "@", "alice@example.com",
        ]),
        max_size=8,
    ).map("".join),
)  # fmt: skip


def sanitised(text):
    """As Postfix writes what mail chose: no control characters."""
    return "".join("?" if ord(char) < 32 or ord(char) == 127 or 0xD800 <= ord(char) < 0xE000 else char for char in text)


@given(hostile, hostile, hostile, hostile)
def test_nothing_that_outsiders_write_makes_their_mail_ours(message_id, sender, recipient, answer):
    from ndrfilter.sentlog.reader import Reader

    log = journey(
        client=OUTSIDE,
        message_id=sanitised(message_id),
        sender=sanitised(sender),
        delivery=f"to=<{sanitised(recipient)}>, {RELAY}{TIMES}status=bounced (host said: {sanitised(answer)})",
    )
    reader = Reader(Trust((SITE,)))
    reader.written(1795400000.0)
    for place, line in enumerate(log.encode(errors="replace").split(b"\n")):
        reader.read(line, place)
    assert reader.take() == []


@given(hostile, hostile)
def test_what_a_server_answers_and_mail_says_changes_no_recipient(message_id, answer):
    from ndrfilter.sentlog.reader import Reader

    delivery = f"to=<bob@receiver.example>, {RELAY}{TIMES}status=bounced (host said: {sanitised(answer)})"
    reader = Reader(Trust((SITE,)))
    reader.written(1795400000.0)
    for place, line in enumerate(journey(message_id=sanitised(message_id), delivery=delivery).encode().split(b"\n")):
        reader.read(line, place)
    assert {entry.recipients for entry in reader.take()} <= {("bob@receiver.example",)}
