"""Postfix' log: what a real server wrote, and what nobody must be able to make it say."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from postfix_journey import OURS, OUTSIDE, RELAY, SITE, TIMES, journey

from ndrfilter.sentlog.trust import Trust

GOLDEN = ["plain", "sasl", "filter", "filter_xforward", "filter_pipe"]


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


@pytest.mark.parametrize("status", ["undeliverable", "deliverable", "filtered"])
def test_other_outcomes_are_no_attempt(sent, status):
    assert sent(journey(delivery=f"to=<bob@receiver.example>, {RELAY}{TIMES}status={status} (x)")) == []


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
