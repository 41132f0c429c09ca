"""Names and addresses that look like ours, or stand where they mean nothing."""

from __future__ import annotations

import pytest
from attack_mail import OURS, STRANGER, bounce

LIKE_OURS = (
    "mail.example.com.evil.example", "evilmail.example.com.example", "xmail.example.com", "mail.example.com.example",
    "mail-example.com", "mail.example.comm", "mail.example.co", "mail.example.org", "mail_example.com.evil.example",
    "mail.example.com-evil.example", "192.0.2.10.evil.example", "mail.example.com.203.0.113.66.evil.example",
    "example.com", "xn--mil-ema.example.com.evil.example",
)  # fmt: skip


@pytest.mark.parametrize("name", LIKE_OURS)
@pytest.mark.parametrize("helo", ["mail.example.com", "same"])
def test_a_name_that_begins_or_ends_like_ours(judge, name, helo):
    helo = name if helo == "same" else helo
    hop = f"from {helo} ({name} [203.0.113.66]) by mx.receiver.example (Postfix) with ESMTP id A"
    result = judge(bounce(hop))
    assert result.verdict != "genuine"
    assert result.original.handover == ""


@pytest.mark.parametrize("name", [name for name in LIKE_OURS if not name.endswith("example.com")])
def test_and_it_does_not_save_the_forger(judge, name):
    assert (
        judge(bounce(f"from {name} ({name} [203.0.113.66]) by mx.receiver.example (Postfix) with ESMTP id A")).verdict
        == "backscatter"
    )


@pytest.mark.parametrize("pattern", ["*.example.com", "example.com"])
@pytest.mark.parametrize("name", ["mail.example.com.evil.example", "evilexample.com", "example.com.evil.example"])
def test_patterns_end_at_dots(judge, pattern, name):
    hop = f"from {name} ({name} [203.0.113.66]) by mx.receiver.example (Postfix) with ESMTP id A"
    assert judge(bounce(hop), relays=[pattern]).verdict == "backscatter"


HOST = "from h.spam.example (h.spam.example [203.0.113.66])"


@pytest.mark.parametrize(
    "hop",
    [
        HOST + " (envelope-from <x@[192.0.2.10]>) by mx.receiver.example (Postfix) with ESMTP id A",
        HOST + " (mail.example.com [192.0.2.10]) by mx.receiver.example (Postfix) with ESMTP id A",
        HOST + " ([192.0.2.10]) by mx.receiver.example (Postfix) with ESMTP id A",
        HOST + " by mx.receiver.example ([192.0.2.10]) (Postfix) with ESMTP id A",
        HOST + " by mx.receiver.example (mail.example.com [192.0.2.10]) with ESMTP id A",
        HOST + " by mx.receiver.example (Postfix) with ESMTP id mail.example.com",
        HOST + " by mx.receiver.example (Postfix) with ESMTP id 192.0.2.10",
        HOST + " by mx.receiver.example (Postfix) with ESMTP id A for <[192.0.2.10]@receiver.example>",
        HOST + ' by mx.receiver.example (Postfix) with ESMTP id A for <"(mail.example.com [192.0.2.10])"@receiver.example>',
        "from h.spam.example (h.spam.example [203.0.113.66] ([192.0.2.10])) by mx.receiver.example (Postfix) with ESMTP id A",
        "from h.spam.example (mail.example.com@h.spam.example [203.0.113.66]) by mx.receiver.example (8.17.1/8.17.1) with ESMTP id A",
        "from h.spam.example ([203.0.113.66] ident=mail.example.com) by mx.receiver.example with esmtp (Exim 4.98) id 1abcde-00",
        "from [192.0.2.10] (h.spam.example [203.0.113.66]) by mx.receiver.example (Postfix) with ESMTP id A",
        "from [IPv6:::ffff:192.0.2.10] (h.spam.example [203.0.113.66]) by mx.receiver.example (Postfix) with ESMTP id A",
        "from h.spam.example (h.spam.example [203.0.113.66]) via mail.example.com by mx.receiver.example with ESMTP id A",
    ],
)  # fmt: skip
def test_our_name_and_address_in_comments_ids_and_literals(judge, hop):
    result = judge(bounce(hop))
    assert result.verdict != "genuine"
    assert result.original.handover == ""


IDENTITY = {
    "message id": {"message_id": "<4711.abc@example.com>"},
    "message id of the relay": {"message_id": "<20261122.3AA0B0C@mail.example.com>"},
    "conversation": {"below": "In-Reply-To: <1@example.com>\nReferences: <1@mail.example.com> <2@example.com>\n"},
    "sender": {"below": "Sender: alice@example.com\nX-Sender: alice@example.com\nErrors-To: alice@example.com\n"},
    "SRS": {"below": "X-SRS: SRS0=HHHH=TT=example.com=alice@mail.example.com\n"},
    "X-Received": {"below": f"X-Received: {OURS}; Sun, 22 Nov 2026 10:00:00 +0000\n"},
    "X-Originating-IP": {"below": "X-Originating-IP: [192.0.2.10]\nX-Mailer: mail.example.com\n"},
    "signature": {
        "below": "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=k1; h=from:date:message-id; bh=AAAA; b=AAAA\n"
    },
}


@pytest.mark.parametrize("identity", IDENTITY)
def test_our_name_in_fields_that_anybody_can_write(judge, identity):
    assert judge(bounce(STRANGER, **IDENTITY[identity])).verdict != "genuine"
    assert judge(bounce(OURS, **IDENTITY[identity])).verdict == "genuine"


def test_all_of_them_together(judge):
    below = "".join(parts.get("below", "") for parts in IDENTITY.values())
    assert judge(bounce(STRANGER, below=below, message_id="<1@example.com>")).verdict != "genuine"
