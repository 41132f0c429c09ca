"""The site that is attacked, and a builder of bounces in which every line that an attacker may write can be written.

mail.example.com [192.0.2.10] is our relay and mx.example.com [192.0.2.25] our receiver. mx.receiver.example
[198.51.100.25] reports failures, honestly. host66.spam.example [203.0.113.66] is the attacker's.
"""

from __future__ import annotations

import pytest

from ndrfilter import Envelope, Filter

SITE = {
    "domains": ["example.com"],
    "relays": ["mail.example.com", "192.0.2.8/29"],
    "receivers": ["mx.example.com", "192.0.2.25"],
    "authserv_id": "mx.example.com",
    "complete": ["relays"],
}
OURS = "from mail.example.com (mail.example.com [192.0.2.10]) by mx.receiver.example (Postfix) with ESMTPS id 5C0FFEE"
STRANGER = "from host66.spam.example (host66.spam.example [203.0.113.66]) by mx.receiver.example (Postfix) with ESMTP id 5C0FFEE"
SUBMITTED = "from [10.0.0.9] (unknown [10.0.0.9]) by mail.example.com (Postfix) with ESMTPSA id 3AA0B0C"
BROUGHT = (
    "from mx.receiver.example (mx.receiver.example [198.51.100.25]) by mx.example.com (Postfix) with ESMTPS id 7F00AA"
)
WRITTEN = "by mx.receiver.example (Postfix) id 5C0FFEE"
DATE = "Sun, 22 Nov 2026 10:00:00 +0000"

TEMPLATE = """\
Return-Path: <>
{outer}Date: {date}
From: Mail Delivery System <MAILER-DAEMON@{reporter}>
To: alice@example.com
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Message-Id: <20261122100004.5C0FFEE@{reporter}>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_report"
{fields}
--=_report
Content-Type: text/plain; charset=us-ascii

This is the mail system at host {reporter}.

{text}
<nobody@receiver.example>: unknown user: "nobody"

--=_report
Content-Type: message/delivery-status

Reporting-MTA: dns; {reporter}
Arrival-Date: {date}

Final-Recipient: rfc822; nobody@receiver.example
Action: failed
Status: 5.1.1
Diagnostic-Code: X-Postfix; unknown user: "nobody"

{before}--=_report
Content-Type: message/rfc822

Return-Path: <alice@example.com>
{above}{trace}{below}From: alice@example.com
To: nobody@receiver.example
Subject: Offer
Date: {date}
Message-ID: {message_id}

{body}

{after}--=_report--
"""


def received(*hops):
    """Received lines, top first."""
    return "".join(f"Received: {hop}; {DATE}\n" for hop in hops)


def bounce(
    *hops, above="", below="", outer=(BROUGHT, WRITTEN), reporter="mx.receiver.example", fields="", text="", body="Buy.",
    message_id="<77@host66.spam.example>", before="", after="",
):  # fmt: skip
    """A bounce of a message with the Received lines `hops`; the other parts are text, put in as they are.

    `above` and `below` are fields above and below those lines; `fields` are the bounce's own; `before` and `after` are
    parts of the report around the original.
    """
    return TEMPLATE.format(
        outer=received(*outer), trace=received(*hops), date=DATE, above=above, below=below, reporter=reporter,
        fields=fields, text=text, body=body, message_id=message_id, before=before, after=after,
    ).encode()  # fmt: skip


@pytest.fixture(scope="session")
def judge():
    """The result of a check at our site, or one that differs in some parts; the bounce came from `client`."""

    def run(raw, *, client=("198.51.100.25", "mx.receiver.example"), recipients=("alice@example.com",), **site):
        envelope = Envelope(sender="", recipients=recipients, client_ip=client[0], client_name=client[1])
        return Filter.from_config({"site": {**SITE, **site}}).check(raw, envelope=envelope)

    return run
