"""HELO and EHLO: the greeting is the client's own word, in whatever place and dialect the recorder notes it."""

from __future__ import annotations

import pytest
from attack_mail import OURS, bounce

DIALECTS = {
    "postfix": "from {helo} (host66.spam.example [203.0.113.66]) by mx.receiver.example (Postfix) with ESMTP id 4XY",
    "postfix without a name": "from {helo} (unknown [203.0.113.66]) by mx.receiver.example (Postfix) with ESMTPS id 4XY",
    "postfix, TLS noted": "from {helo} (unknown [203.0.113.66]) (using TLSv1.3 with cipher X (256/256 bits)) by mx.receiver.example (Postfix) with ESMTPS id 4XY",
    "exim": "from host66.spam.example ([203.0.113.66] helo={helo}) by mx.receiver.example with esmtp (Exim 4.98) id 1abcde-00",
    "exim without a name": "from [203.0.113.66] (helo={helo}) by mx.receiver.example with esmtps (Exim 4.98) id 1abcde-00",
    "exim with a port": "from [203.0.113.66] (port=4711 helo={helo}) by mx.receiver.example with esmtps (Exim 4.98) id 1abcde-00",
    "sendmail": "from {helo} (host66.spam.example [203.0.113.66]) by mx.receiver.example (8.17.1/8.17.1) with ESMTP id 4XY",
    "sendmail, forged": "from {helo} (mail.example.com [203.0.113.66] (may be forged)) by mx.receiver.example (8.17.1/8.17.1) with ESMTP id 4XY",
    "sendmail without a name": "from {helo} ([203.0.113.66]) by mx.receiver.example (8.17.1/8.17.1) with ESMTP id 4XY",
    "sendmail, ident": "from {helo} (IDENT:mail.example.com@host66.spam.example [203.0.113.66]) by mx.receiver.example (8.9.3/8.9.3) with ESMTP id 4XY",
    "qmail": "from unknown (HELO {helo}) (203.0.113.66) by mx.receiver.example with SMTP",
    "qmail with a name": "from host66.spam.example (HELO {helo}) (203.0.113.66) by mx.receiver.example with SMTP",
    "qmail, ident": "from unknown (HELO {helo}) (mail.example.com@203.0.113.66) by mx.receiver.example with SMTP",
    "exchange": "from {helo} (203.0.113.66) by mx.receiver.example (198.51.100.25) with Microsoft SMTP Server (version=TLS1_2) id 15.1.1",
    "exchange 2003": "from {helo} ([203.0.113.66]) by mx.receiver.example with Microsoft SMTPSVC(6.0.3790.0)",
    "exchange online": "from {helo} (203.0.113.66) by AM0EUR01FT001.mail.protection.outlook.com (10.1.2.3) with Microsoft SMTP Server id 15.20.1 via Frontend Transport",
    "opensmtpd": "from {helo} (host66.spam.example [203.0.113.66]) by mx.receiver.example (OpenSMTPD) with ESMTP id 0a1b",
    "opensmtpd without a name": "from {helo} (<unknown> [203.0.113.66]) by mx.receiver.example (OpenSMTPD) with ESMTP id 0a1b",
    "gmail": "from {helo} (host66.spam.example. [203.0.113.66]) by mx.google.com with ESMTPS id a1si1",
    "gmail without a name": "from {helo} ([203.0.113.66]) by mx.google.com with ESMTPS id a1si1",
    "halon": "from {helo} (unknown [203.0.113.66]) by mx.receiver.example (Halon) with ESMTPS id 4711",
    "courier": "from {helo} ([::ffff:203.0.113.66]) by mx.receiver.example with ESMTP id 0000000000123456.000000005E1A2B3C.00001234",
    "courier with a name": "from {helo} (host66.spam.example [::ffff:203.0.113.66]) by mx.receiver.example with ESMTP id 0000000000123456.000000005E1A2B3C.00001234",
    "ironport": "from unknown (HELO {helo}) ([203.0.113.66]) by mx.receiver.example with ESMTP/TLS/AES256",
    "domino": "from {helo} ([203.0.113.66]) by mx.receiver.example (IBM Domino Release 9.0.1) with ESMTP id 2026",
    "communigate": "from {helo} ([203.0.113.66] verified) by mx.receiver.example (CommuniGate Pro SMTP 6.2) with ESMTPS id 9",
    "haraka": "from {helo} (host66.spam.example [203.0.113.66]) by mx.receiver.example (Haraka/3.0) with ESMTPS id A.1",
    "kerio": "from {helo} ([203.0.113.66]) by mx.receiver.example (Kerio Connect 9.4) with ESMTPS",
    "mailenable": "from {helo} ([203.0.113.66]) by mx.receiver.example with MailEnable ESMTP",
    "mdaemon": "from {helo} ([203.0.113.66]) by mx.receiver.example (MDaemon PRO v23) with ESMTP id md5",
    "momentum": "from [203.0.113.66] ([203.0.113.66:1234] helo={helo}) by mx.receiver.example (envelope-from <a@b>) (ecelerity 4.2) with ESMTP id A1",
    "powermta": "from {helo} (203.0.113.66) by mx.receiver.example (PowerMTA v5.0) id h1",
    "oracle": "from {helo} (host66.spam.example [203.0.113.66]) by mx.receiver.example (Oracle Communications Messaging Server 8.0) with ESMTPS id <0X>",
    "mxlogic": "from unknown [203.0.113.66] (EHLO {helo}) by mx.receiver.example(mxl_mta-6.5.0-4) with ESMTP id f",
    "unknown software": "from {helo} (203.0.113.66) by mx.receiver.example with ESMTP id 1",
}
GREETINGS = (
    "mail.example.com", "MAIL.EXAMPLE.COM.", "[192.0.2.10]", "192.0.2.10", "[IPv6:2001:db8::10]", "localhost",
    "mail.example.com[192.0.2.10]", "mail.example.com]", "(mail.example.com", "mail.example.com)", "x helo=mail.example.com",
    "mail.example.com (mail.example.com [192.0.2.10])", "mail.example.com ([192.0.2.10])", "x (HELO mail.example.com) (192.0.2.10)",
    "mail.example.com (mail.example.com [192.0.2.10]) by mx.receiver.example (Postfix) with ESMTPS id 1; x", "x by mail.example.com",
    "authenticated", "x (Authenticated sender: alice@example.com)", "x with local", '"mail.example.com"', "mail.example.com. [192.0.2.10]",
)  # fmt: skip


VERIFIED = {"communigate"}  # it says so only where it looked the greeting up and found the address


@pytest.mark.parametrize("greeting", GREETINGS)
@pytest.mark.parametrize("dialect", sorted(DIALECTS.keys() - VERIFIED))
def test_a_greeting_is_never_believed(judge, dialect, greeting):
    result = judge(bounce(DIALECTS[dialect].replace("{helo}", greeting)))
    assert result.verdict != "genuine"
    assert result.original.handover == ""


@pytest.mark.parametrize("greeting", [greeting for greeting in GREETINGS if " " not in greeting])
def test_a_recorder_that_notes_the_greeting_alone_is_never_believed(judge, greeting):
    assert judge(bounce(f"from {greeting} by mx.receiver.example with SMTP id 1")).verdict != "genuine"


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_a_relay_that_the_recorder_only_heard_is_never_condemned(judge, dialect):
    """The same lines as our relay at an address that nobody listed would leave behind."""
    assert judge(bounce(DIALECTS[dialect].replace("{helo}", "mail.example.com"))).verdict != "backscatter"


@pytest.mark.parametrize("greeting", GREETINGS)
def test_odd_greetings_below_our_relay_change_nothing(judge, greeting):
    inside = f"from {greeting} (unknown [10.0.0.9]) by mail.example.com (Postfix) with ESMTPSA id 3AA0B0C"
    assert judge(bounce(OURS, inside)).verdict == "genuine"
