"""A bounce that the attacker writes from beginning to end, with a perfect trace inside."""

from __future__ import annotations

import pytest
from attack_mail import BROUGHT, OURS, SUBMITTED, WRITTEN, bounce

PERFECT = bounce(OURS, SUBMITTED, message_id="<1@example.com>")
UNTOLD = (None, None)
STRANGERS = [
    ("203.0.113.66", "host66.spam.example"),
    ("203.0.113.66", "mx.receiver.example.evil.example"),
    ("203.0.113.66", "mxreceiver.example"),
    ("203.0.113.66", "dsl-66.receiver.example"),
    ("203.0.113.66", "203-0-113-66.receiver.example"),
    ("203.0.113.66", "ec2-203-0-113-66.eu-west-1.compute.receiver.example"),
]


@pytest.mark.parametrize("client", STRANGERS)
def test_brought_by_a_host_that_it_does_not_name(judge, client):
    assert judge(PERFECT, client=client).verdict == "undetermined"


@pytest.mark.parametrize("client", STRANGERS)
def test_the_same_as_our_receiver_noted_it(judge, client):
    hop = f"from mx.receiver.example ({client[1]} [{client[0]}]) by mx.example.com (Postfix) with ESMTPS id 7F00AA"
    raw = bounce(OURS, SUBMITTED, outer=(hop, BROUGHT, WRITTEN))
    assert judge(raw, client=UNTOLD).verdict == "undetermined"


CLAIMS = {
    "our server wrote it": {"reporter": "mail.example.com"},
    "they verified us": {"above": "Authentication-Results: mx.receiver.example; dkim=pass header.d=example.com; dmarc=pass header.from=example.com; "
                         "spf=pass smtp.mailfrom=alice@example.com\n"},
    "we answered": {"below": "In-Reply-To: <1@example.com>\nReferences: <1@example.com>\n", "message_id": "<2@example.com>"},
    "a forwarder": {"below": "X-Tenant: ours\n"},
}  # fmt: skip
TOGETHER = {key: value for parts in CLAIMS.values() for key, value in parts.items()}
TOPS = {
    "our relay": (OURS, SUBMITTED),
    "heard of our relay": (
        "from mail.example.com (unknown [198.51.100.77]) by mx.receiver.example (Postfix) with ESMTP id 1",
    ),
    "a host of ours": (
        "from www.example.com (www.example.com [198.51.100.77]) by mx.receiver.example (Postfix) with ESMTP id 1",
        SUBMITTED,
    ),
    "our own server": (SUBMITTED,),
}


@pytest.mark.parametrize("top", TOPS)
@pytest.mark.parametrize("claims", [*CLAIMS.values(), TOGETHER], ids=[*CLAIMS, "all"])
@pytest.mark.parametrize("cut", [False, True])
def test_claims_do_not_add_up(judge, top, claims, cut):
    raw = bounce(*TOPS[top], **claims)
    if cut:  # only the first lines came back, it says
        kept = [line for line in raw.split(b"\n") if not line.startswith((b"From: alice", b"Message-ID:"))]
        raw = b"\n".join(kept).replace(b"Subject: Offer\nDate: ", b"Subject: Offer\nX-Date: ")
    assert judge(raw, client=STRANGERS[0]).verdict == "undetermined"


def test_the_reporting_server_itself_is_believed(judge):
    assert judge(PERFECT).verdict == "genuine"
    assert judge(PERFECT, client=UNTOLD).verdict == "genuine"


@pytest.mark.parametrize(
    "client", [("198.51.100.26", "out2.receiver.example"), ("198.51.100.26", None), ("203.0.113.50", None)]
)
def test_its_other_hosts_and_those_without_a_name_are_believed(judge, client):
    assert judge(PERFECT, client=client).verdict == "genuine"


def test_a_gateway_of_another_name_that_says_what_it_passed_on(judge):
    through = (
        "from out.gateway.example (out.gateway.example [203.0.113.50]) by mx.example.com (Postfix) with ESMTPS id 1",
        "from mx.receiver.example (mx.receiver.example [198.51.100.25]) by out.gateway.example (Postfix) with ESMTPS id 2",
        WRITTEN,
    )
    raw = bounce(OURS, SUBMITTED, outer=through)
    assert judge(raw, client=("203.0.113.50", "out.gateway.example")).verdict == "genuine"


def test_it_is_never_held_against_the_bounce(judge):
    result = judge(PERFECT, client=STRANGERS[0])
    assert not [hit for hit in result.hits if hit.toward == "backscatter" and hit.evidence == "trace"]
