"""Another customer of a relay that we share with him."""

from __future__ import annotations

import pytest
from attack_mail import STRANGER, bounce

TENANT = "11111111-2222-3333-4444-555555555555"
OTHER = "99999999-8888-7777-6666-555555555555"
CLOUD = [{"name": "*.outbound.protection.outlook.com", "shared": True, "account": TENANT}]
FIELD = "X-MS-Exchange-CrossTenant-Id"
HOP = (
    "from EUR05.outbound.protection.outlook.com (mail-am6eur05.outbound.protection.outlook.com [203.0.113.70])"
    " by mx.receiver.example (Postfix) with ESMTPS id 5C0FFEE"
)


def verdict(judge, fields, hops=(HOP,), relays=CLOUD):
    return judge(bounce(*hops, below=fields), relays=relays).verdict


@pytest.mark.parametrize("name", [FIELD, FIELD.lower(), FIELD.upper(), "X-MS-Exchange-CrossTenant-id"])
@pytest.mark.parametrize("account", [TENANT, TENANT.upper(), f" {TENANT} "])
def test_our_own_account_in_any_case_is_ours(judge, name, account):
    assert verdict(judge, f"{name}: {account}\n") == "genuine"


def test_another_account_is_a_stranger(judge):
    assert verdict(judge, f"{FIELD}: {OTHER}\n") == "backscatter"


NOT_OURS = {
    "none": "",
    "twice, ours first": f"{FIELD}: {TENANT}\n{FIELD}: {OTHER}\n",
    "twice, ours last": f"{FIELD}: {OTHER}\n{FIELD.upper()}: {TENANT}\n",
    "ours in a comment": f"{FIELD}: {OTHER} ({TENANT})\n",
    "ours before a comment": f"{FIELD}: {TENANT} ({OTHER})\n",
    "ours and more": f"{FIELD}: {TENANT}, {OTHER}\n",
    "ours, folded": f"{FIELD}: {OTHER}\n {TENANT}\n",
    "ours, encoded, and the relay's own": f"{FIELD}: =?us-ascii?q?{TENANT}?=\n{FIELD}: {OTHER}\n",
    "in fields that customers write": f"X-OriginatorOrg: example.com\nX-Tenant: {TENANT}\nX-Account: {TENANT}\nX-MS-Exchange-CrossTenant-Id-x: {TENANT}\n",
    "in the name of a field": f"{FIELD}-{TENANT}: 1\n",
    "a piece of ours": f"{FIELD}: {TENANT[:-1]}\n",
    "empty": f"{FIELD}:\n",
}


@pytest.mark.parametrize("fields", NOT_OURS)
def test_our_account_where_the_relay_did_not_write_it(judge, fields):
    assert verdict(judge, NOT_OURS[fields]) != "genuine"


@pytest.mark.parametrize("where", ["text", "body", "fields"])
def test_our_account_anywhere_else(judge, where):
    raw = bounce(HOP, **{where: f"{FIELD}: {TENANT}"})
    assert judge(raw, relays=CLOUD).verdict == "undetermined"


def test_our_account_without_the_relay(judge):
    assert verdict(judge, f"{FIELD}: {TENANT}\n", hops=(STRANGER,)) != "genuine"
    assert (
        verdict(
            judge, f"{FIELD}: {TENANT}\n", hops=(STRANGER, HOP.replace("mx.receiver.example", "host66.spam.example"))
        )
        == "undetermined"
    )


def test_a_relay_of_that_name_that_nobody_looked_up(judge):
    heard = HOP.replace("mail-am6eur05.outbound.protection.outlook.com", "unknown")
    assert verdict(judge, f"{FIELD}: {TENANT}\n", hops=(heard,)) == "undetermined"


HOSTER = [{"name": "*.hoster.example", "shared": True, "account": "example.com", "header": "Received"}]
OUT = "from out7.hoster.example (out7.hoster.example [203.0.113.7]) by mx.receiver.example (Postfix) with ESMTPS id 5C0FFEE"
LOGINS = {
    "postfix": "from [10.0.0.9] (host9.isp.example [203.0.113.99]) (Authenticated sender: {login}) by out7.hoster.example (Postfix) with ESMTPSA id 1",
    "communigate": "from [203.0.113.99] (account {login} HELO [10.0.0.9]) by out7.hoster.example (CommuniGate Pro SMTP 6.2) with ESMTPSA id 1",
}


@pytest.mark.parametrize("dialect", LOGINS)
def test_a_login_that_the_relay_itself_noted(judge, dialect):
    for login, expected in (
        ("alice@example.com", "genuine"),
        ("Alice@Example.COM", "genuine"),
        ("mallory@other.example", "backscatter"),
    ):
        assert verdict(judge, "", hops=(OUT, LOGINS[dialect].replace("{login}", login)), relays=HOSTER) == expected


@pytest.mark.parametrize(
    "login",
    [
        "alice@example.com.evil.example",
        "alice@evilexample.com",
        "alice@example.com@evil.example",
        "example.com@evil.example",
        '"alice@example.com"@evil.example',
    ],
)
def test_a_login_that_looks_like_ours(judge, login):
    assert verdict(judge, "", hops=(OUT, LOGINS["postfix"].replace("{login}", login)), relays=HOSTER) != "genuine"


INSIDE = "from out7.hoster.example (localhost [127.0.0.1]) by out7.hoster.example (Postfix) with ESMTP id 2"
ALICE = LOGINS["postfix"].replace("{login}", "alice@example.com")
MALLORY = LOGINS["postfix"].replace("{login}", "mallory@other.example")


def test_a_login_behind_the_relay_s_own_filter(judge):
    assert verdict(judge, "", hops=(OUT, INSIDE, ALICE), relays=HOSTER) == "genuine"


@pytest.mark.parametrize(
    "hops",
    [
        (OUT, MALLORY, ALICE),
        (OUT, INSIDE, MALLORY, ALICE),
        (OUT, "by out7.hoster.example (Postfix, from userid 33) id 2", ALICE),
        (OUT, "from web by out7.hoster.example with local (Exim 4.98) id 1abcde-00", ALICE),
        (OUT, "from pc (host9.isp.example [203.0.113.99]) by out7.hoster.example (Postfix) with ESMTP id 2", ALICE),
        (OUT, "from pc (host9.isp.example [203.0.113.99]) by out7.hoster.example (Postfix) with ESMTPSA id 2", ALICE),
        (OUT, ALICE.replace("out7.hoster.example", "mail.elsewhere.example")),
        (
            OUT,
            "from x (Authenticated sender: alice@example.com) (host9.isp.example [203.0.113.99]) by out7.hoster.example (Postfix) with ESMTP id 2",
        ),
        (STRANGER, ALICE),
    ],
    ids=[
        "below another",
        "below another and a filter",
        "below a script",
        "below exim's",
        "taken in",
        "unnamed login",
        "elsewhere",
        "greeting",
        "no relay",
    ],
)
def test_a_login_that_the_other_customer_wrote_below(judge, hops):
    assert verdict(judge, "", hops=hops, relays=HOSTER) != "genuine"
