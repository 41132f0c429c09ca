"""Each delivery is one use of a proof: the milter sees a message before our MTA has noted that it came."""

from ndrfilter import Envelope, outbound
from ndrfilter.doors.milter.mail import Mail, Peer

LETTER = b"From: alice@example.com\nTo: bob@remote.example\nMessage-ID: <1@example.com>\nDate: Sun, 22 Nov 2026 11:00:00 +0000\n\nhi\n"
BOUNCE = b"""\
From: MAILER-DAEMON@mx.receiver.example
To: alice@example.com
Subject: Undelivered Mail
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

no such user
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.receiver.example

Final-Recipient: rfc822; bob@remote.example
Action: failed
Status: 5.1.1

--b
Content-Type: message/rfc822

%s
--b--
"""
USES = 3


def test_a_proof_that_is_sent_again_and_again_is_used_up(kit, tmp_path):
    token = {"token": {"keys": {"k1": "a secret for the tests only"}, "uses": USES}}
    mta = kit.Mta(plugins=[token], state=tmp_path)
    marks = mta.desk.filter.stamps(LETTER, Envelope("alice@example.com", ("bob@remote.example",)))
    bounce = BOUNCE % outbound.apply(LETTER, [stamp for _, stamp in marks])
    for number in (1, 1, *range(2, 3 * USES)):  # the first is asked about twice
        mta.about(bounce, queue_id=f"Q{number}")
    proven = [any(hit.name == "TOKEN_PROOF" for hit in answer.result.hits) for _, answer in mta.watcher.answers]
    assert proven == [True] * (USES + 1) + [False] * (len(proven) - USES - 1)


def test_the_milter_and_who_is_asked_later_count_one_delivery_once(kit, tmp_path):
    token = {"token": {"keys": {"k1": "a secret for the tests only"}, "uses": 1}}
    mta = kit.Mta(plugins=[token], state=tmp_path)
    marks = mta.desk.filter.stamps(LETTER, Envelope("alice@example.com", ("bob@remote.example",)))
    bounce = BOUNCE % outbound.apply(LETTER, [stamp for _, stamp in marks])
    mta.about(bounce, queue_id="Q1")
    written = (
        b"Received: from mx.receiver.example (mx.receiver.example [198.51.100.25])\n"
        b"\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\n"
        b"\tby mail.example.com (Postfix) with ESMTPS id %s\n"
        b"\tfor <alice@example.com>; Sun, 22 Nov 2026 12:00:07 +0000 (UTC)\n"
    )
    for queue_id, proven in ((b"Q1", True), (b"Q2", False)):
        later = mta.desk.filter.check(written % queue_id + bounce, envelope=Envelope("", ("alice@example.com",)))
        assert any(hit.name == "TOKEN_PROOF" for hit in later.hits) is proven


def test_without_a_queue_id_or_a_name_nothing_is_made_up():
    mail = Mail(lambda _: True)
    assert mail.received(Peer(mta="mail.example.com"), trusted=False, now=0.0) == b""
    mail.queue_id = "Q1"
    assert mail.received(Peer(), trusted=False, now=0.0) == b""
    assert mail.received(Peer(mta="mail.example.com"), trusted=False, now=0.0) != b""
