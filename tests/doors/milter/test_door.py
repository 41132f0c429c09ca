"""Verdicts as an MTA is told them: fields, actions, what passes whatever happens."""

from pathlib import Path

import pytest

from ndrfilter import limits
from ndrfilter.service.ward import Ward

FORGED = b"""\
From: MAILER-DAEMON@mx.receiver.example
To: alice@example.com
Subject: Undelivered Mail
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

no such user
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.receiver.example

Final-Recipient: rfc822; bob@receiver.example
Action: failed
Status: 5.1.1

--b
Content-Type: message/rfc822

Received: from host66.spam.example (host66.spam.example [203.0.113.66])
\tby mx.receiver.example (Postfix) with ESMTP id 1; Sun, 22 Nov 2026 10:00:00 +0000
From: alice@example.com
To: bob@receiver.example
Message-ID: <77@mailer.spam.example>
Subject: pills

buy
--b--
"""
LETTER = b"From: bob@remote.example\nSubject: hi\n\nhello\n"
COMPLETE = {"site": {"domains": ["example.com"], "relays": ["192.0.2.8/29"], "receivers": ["mail.example.com"],
                     "complete": ["relays"]}}  # fmt: skip


def forged(kit, raw=FORGED, mta=None, **config):
    """What is said about a forged bounce: the header, and the other packets."""
    packets = (mta or kit.Mta(**{**COMPLETE, **config})).about(raw)
    return kit.applied(raw, packets)


def test_a_letter_gets_its_fields_at_the_top(kit):
    header, others = kit.applied(LETTER, kit.Mta().about(LETTER))
    assert header[:2] == [
        (b"X-NDR-Status", b" not-a-bounce; score=0.0; required=5.0; kind=none"),
        (b"X-NDR-Reason", b" Not a delivery report."),
    ]
    assert others == [("c", b"")]


def test_an_mta_that_puts_the_blank_in_front_gets_none_from_us(kit):
    said = kit.Mta().says(kit.offer(6, 0x1F, 0xFFFFF) + kit.message(LETTER) + kit.QUIT)
    assert (b"X-NDR-Reason", b"Not a delivery report.") in kit.applied(LETTER, said)[0]


def test_copies_go_first_whatever_their_case(kit):
    raw = b"X-NDR-Status: genuine\nSubject: hi\nx-ndr-status: genuine\nX-NDR-REASON : me\n\nX-NDR-Status: body\n"
    header, _ = kit.applied(raw, kit.Mta().about(raw))
    assert [name for name, _ in header] == [b"X-NDR-Status", b"X-NDR-Reason", b"Subject"]


def test_copies_go_however_many_other_names_stand_before_them(kit):
    raw = b"".join(b"X-%d: 1\n" % number for number in range(2_100)) + b"X-NDR-Status: genuine\n\n"
    header, _ = kit.applied(raw, kit.Mta().about(raw))
    assert [value for name, value in header if name == b"X-NDR-Status"] == [header[0][1]]
    assert header[0][1].startswith(b" not-a-bounce")


def test_backscatter_is_marked_unless_told_otherwise(kit):
    header, others = forged(kit)
    assert header[0][1].startswith(b" backscatter; score=")
    assert others == [("c", b"")]


@pytest.mark.parametrize(
    ("action", "told"),
    [("reject", ("y", b"550 5.7.1 You did not send this: someone forged your address.\0")), ("discard", ("d", b""))],
)
def test_backscatter_is_refused_or_dropped_where_that_is_asked_for(kit, action, told):
    assert forged(kit, actions={"backscatter": action})[1] == [told]


def test_what_is_held_back_has_its_verdict(kit):
    header, others = forged(kit, actions={"backscatter": "quarantine"})
    assert header[0][0] == b"X-NDR-Status"
    assert [letter for letter, _ in others] == ["q", "c"]


def test_an_mta_that_cannot_hold_mail_back_passes_it_marked(kit):
    mta = kit.Mta(**COMPLETE, actions={"backscatter": "quarantine"})
    said = mta.says(kit.offer(6, 0x1F) + kit.connect() + kit.helo() + kit.message(FORGED) + kit.QUIT)
    assert [letter for letter, _ in said] == ["i", "i", "c"]


def test_an_mta_that_cannot_change_a_header_is_not_asked_to(kit):
    said = kit.Mta(**COMPLETE).says(kit.offer(6, 0) + kit.connect() + kit.message(b"X-NDR-Status: x\n" + FORGED))
    assert said == [("c", b"")]


@pytest.mark.parametrize("ruleset", ["watch"])
def test_a_ruleset_that_watches_marks_only(kit, ruleset):
    assert forged(kit, actions={"backscatter": "reject"}, ruleset=ruleset)[1] == [("c", b"")]


def test_what_was_seen_in_part_is_never_refused(kit):
    header, _, body = FORGED.partition(b"\n\n")
    body = body.replace(b"\n", b"\r\n").replace(b"buy\r\n", b"buy\r\n" * (limits.MILTER_MESSAGE // 5))
    chunks = [kit.packet(b"B", body[at : at + 65_535]) for at in range(0, len(body), 65_535)]
    front = kit.message(header + b"\n\n").removesuffix(kit.packet(b"E"))
    mta = kit.Mta(**COMPLETE, actions={"backscatter": "reject"})
    silent = kit.offer(steps=kit.ALL_STEPS & ~0x400)
    said = mta.says(silent, kit.connect(), front, *chunks, kit.packet(b"E"), kit.QUIT)
    assert [letter for letter, _ in said] == ["i", "i", "c"]


def test_who_opted_out_gets_no_mark_and_no_copy(kit):
    raw = b"X-NDR-Status: genuine\n" + FORGED
    header, others = forged(kit, raw, opt_out=[kit.ALICE], actions={"backscatter": "reject"})
    assert not [name for name, _ in header if name.startswith(b"X-NDR")]
    assert others == [("c", b"")]


def test_a_rule_set_that_breaks_lets_mail_pass(kit, monkeypatch):
    mta = kit.Mta(**COMPLETE)
    monkeypatch.setattr(mta.desk.filter, "at_once", lambda _facts: 1 / 0)
    header, others = forged(kit, mta=mta)
    assert header[0] == (b"X-NDR-Status", b" undetermined; error=internal")
    assert others == [("c", b"")]


def test_without_memory_mail_passes_and_the_log_says_so(kit):
    mta = kit.Mta(ward=Ward(memory=100), **COMPLETE, actions={"backscatter": "reject"})
    header, others = forged(kit, mta=mta)
    assert header[0] == (b"X-NDR-Status", b" undetermined; error=memory")
    assert others == [("c", b"")]
    assert mta.watcher.remarks == [{"id": "4Fq7Ys2b", "unjudged": "memory"}]


def test_memory_is_given_back(kit):
    ward = Ward(memory=3 * len(FORGED))
    mta = kit.Mta(ward=ward, **COMPLETE)
    said = mta.says(kit.offer() + (kit.message(FORGED) + kit.packet(b"A")) * 50 + kit.QUIT)
    assert len(said) == 150
    assert ward.free == 3 * len(FORGED)


def test_many_messages_byte_by_byte(kit):
    whole = kit.offer() + kit.connect() + kit.helo() + (kit.message(LETTER) + kit.message(FORGED)) * 3 + kit.QUIT
    mta = kit.Mta(**COMPLETE)
    assert mta.says(*(whole[at : at + 1] for at in range(len(whole)))) == mta.says(whole)
    assert [answer.result.verdict for _, answer in mta.watcher.answers] == ["not-a-bounce", "backscatter"] * 6


def test_the_question_has_the_envelope_and_the_delivery(kit):
    mta = kit.Mta()
    mta.about(LETTER, sender="<Bob@remote.example>", recipients=(kit.ALICE, "carol@example.com"))
    (question, _), *_ = mta.watcher.answers
    envelope = question.envelope
    assert (envelope.sender, envelope.recipients) == ("Bob@remote.example", (kit.ALICE, "carol@example.com"))
    assert (envelope.client_ip, envelope.client_name, envelope.helo) == (
        "198.51.100.25", "mx.receiver.example", "mx.receiver.example",
    )  # fmt: skip
    assert question.queue_id == "4Fq7Ys2b"
    assert question.raw.startswith(
        b"Received: from mx.receiver.example (mx.receiver.example [198.51.100.25]) by mail.example.com (Postfix)"
        b" with ESMTP id 4Fq7Ys2b; "
    )


def test_a_greeting_cannot_write_into_that_field(kit):
    mta = kit.Mta()
    mta.says(kit.offer() + kit.connect() + kit.helo("x) by evil (y\r\nX: z") + kit.message(LETTER) + kit.QUIT)
    (question, _), *_ = mta.watcher.answers
    assert question.raw.splitlines()[0].startswith(b"Received: from x__by_evil__y__X:_z (mx.receiver.example [")


@pytest.mark.parametrize(("outbound", "word"), [((), b"(Postfix, from userid 0)"), (("127.0.0.0/8",), b"(Postfix)")])
def test_programs_on_the_mtas_own_host_are_believed_where_they_are_ours(kit, outbound, word):
    mta = kit.Mta(outbound=outbound)
    mta.says(kit.offer() + kit.connect("localhost", "127.0.0.1", 0) + kit.message(FORGED) + kit.QUIT)
    (question, _), *_ = mta.watcher.answers
    assert question.raw.startswith(b"Received: by mail.example.com " + word + b" id 4Fq7Ys2b; ")
    assert question.envelope.client_ip is None


@pytest.mark.parametrize(
    ("file", "client", "verdict"),
    [("genuine-exim-full.eml", "exim", "genuine"), ("forged-exim-full.eml", "exim", "backscatter")],
)
def test_a_real_bounce_is_judged_by_who_brings_it(kit, file, client, verdict):
    site = {"domains": ["home-postfix.test"], "relays": ["mail.home-postfix.test", "192.0.2.25", "192.0.2.0/28"],
            "receivers": ["mail.home-postfix.test", "192.0.2.25"], "complete": ["relays"]}  # fmt: skip
    raw = (Path(__file__).parents[2] / "cases" / "dsn" / file).read_bytes()
    mta = kit.Mta(site=site)
    bounce = kit.message(raw, recipients=("alice@home-postfix.test",))
    mta.says(kit.offer() + kit.connect(f"mx.{client}.test", "198.51.100.26") + bounce + kit.QUIT)
    ((_, answer),) = mta.watcher.answers
    assert answer.result.verdict == verdict
