"""Authentication-Results and their like, written by the attacker."""

from __future__ import annotations

import pytest
from attack_mail import OURS, STRANGER, bounce

PASS = "dkim=pass header.d=example.com; spf=pass smtp.mailfrom=alice@example.com; dmarc=pass header.from=example.com"
FORGED = {
    "their name": f"Authentication-Results: mx.receiver.example; {PASS}\n",
    "our name": f"Authentication-Results: mx.example.com; {PASS}\n",
    "ARC": f"ARC-Authentication-Results: i=1; mx.receiver.example; {PASS}\n",
    "Received-SPF": "Received-SPF: pass (mx.receiver.example: domain of alice@example.com designates 203.0.113.66 as permitted sender)\n"
    " envelope-from=alice@example.com; client-ip=192.0.2.10\n",
    "all": f"Authentication-Results: mx.receiver.example; {PASS}\nAuthentication-Results: mx.receiver.example; auth=pass; arc=pass\n"
    f"ARC-Authentication-Results: i=2; mx.receiver.example; {PASS}\nReceived-SPF: pass envelope-from=alice@example.com\n",
}


@pytest.mark.parametrize("forged", FORGED)
def test_below_the_stranger(judge, forged):
    result = judge(bounce(STRANGER, below=FORGED[forged]))
    assert result.verdict == "backscatter"
    assert not [hit.name for hit in result.hits if hit.name.startswith("REPORTED_")]


@pytest.mark.parametrize("forged", FORGED)
def test_below_lines_that_the_attacker_wrote_himself(judge, forged):
    lines = (
        STRANGER,
        "from x.spam.example (x.spam.example [203.0.113.67]) by host66.spam.example (Postfix) with ESMTP id B",
    )
    assert judge(bounce(*lines, below=FORGED[forged])).verdict == "backscatter"


@pytest.mark.parametrize("forged", FORGED)
def test_with_our_authserv_id_in_the_bounce_itself(judge, forged):
    """In the bounce's own header, below a Received line that others wrote."""
    assert judge(bounce(STRANGER, fields=FORGED[forged].rstrip("\n"))).verdict == "backscatter"


@pytest.mark.parametrize("forged", FORGED)
def test_on_top_of_what_the_reporting_server_wrote(judge, forged):
    """Only the reporting server can write above its own Received line. Even its word alone does not suffice."""
    assert judge(bounce(STRANGER, above=FORGED[forged])).verdict != "genuine"


@pytest.mark.parametrize("forged", FORGED)
def test_they_take_nothing_from_a_real_bounce(judge, forged):
    failed = FORGED[forged].replace("pass", "fail")
    for parts in ({"above": failed}, {"below": failed}, {"fields": failed.rstrip("\n")}):
        assert judge(bounce(OURS, **parts)).verdict == "genuine"


@pytest.mark.parametrize("helo", ["mail.example.com", "host66.spam.example"])
@pytest.mark.parametrize("name", ["unknown", "host66.spam.example"])
def test_a_copy_of_a_message_that_we_signed_sent_on_by_a_stranger(judge, helo, name):
    """The reporting server verified the signature, and says so truthfully. We signed it once; that is all."""
    hop = f"from {helo} ({name} [203.0.113.66]) by mx.receiver.example (Postfix) with ESMTP id 5C0FFEE"
    verified = "Authentication-Results: mx.receiver.example; dkim=pass header.d=example.com; dmarc=pass header.from=example.com; spf=fail smtp.mailfrom=alice@example.com\n"
    identity = {"below": "In-Reply-To: <1@example.com>\n", "message_id": "<2@example.com>"}
    assert judge(bounce(hop, above=verified, **identity)).verdict == "undetermined"
