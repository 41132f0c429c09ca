"""Bounces by which it is found out what judging one needs, the first of the most usual kind; and an ordinary mail."""

from __future__ import annotations

_STANDARD = b"""\
Return-Path: <>
Received: from mx.victim.example (mx.victim.example [198.51.100.7])
\tby mail.example.com (Postfix) with ESMTPS id 4XQ
\tfor <you@example.com>; Mon, 6 Jan 2025 10:00:02 +0000 (UTC)
Date: Mon, 6 Jan 2025 10:00:01 +0000 (UTC)
From: MAILER-DAEMON@mx.victim.example (Mail Delivery System)
To: you@example.com
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Message-ID: <20250106100001.4XR@mx.victim.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="4XR.1/mx.victim.example"

This is a MIME-encapsulated message.

--4XR.1/mx.victim.example
Content-Description: Notification
Content-Type: text/plain; charset=utf-8

I'm sorry to have to inform you that your message could not be delivered.

<bob@victim.example>: host mx.victim.example[198.51.100.7] said: 550 5.1.1
    <bob@victim.example>: Recipient address rejected: User unknown (in reply to RCPT TO command)

--4XR.1/mx.victim.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.victim.example
Arrival-Date: Mon, 6 Jan 2025 10:00:00 +0000 (UTC)

Final-Recipient: rfc822; bob@victim.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.victim.example
Diagnostic-Code: smtp; 550 5.1.1 <bob@victim.example>: Recipient address rejected: User unknown

--4XR.1/mx.victim.example
Content-Description: Undelivered Message
Content-Type: message/rfc822

Received: from host66.spam.example (host66.spam.example [203.0.113.66])
\tby mx.victim.example (Postfix) with ESMTP id 4XR
\tfor <bob@victim.example>; Mon, 6 Jan 2025 09:59:59 +0000 (UTC)
From: "You" <you@example.com>
To: bob@victim.example
Subject: =?utf-8?B?TWVldGluZw==?=
Message-ID: <77@mailer.spam.example>
Date: Mon, 6 Jan 2025 09:59:58 +0000

Look: https://shop.example/

--4XR.1/mx.victim.example--
"""

_PLAIN = b"""\
From: Mail Delivery System <mailer-daemon@victim.example>
To: you@example.com
Subject: failure notice
Date: Mon, 6 Jan 2025 10:00:01 +0000

Hi. This is the program at victim.example.
I'm afraid I wasn't able to deliver your message to the following addresses.

<bob@victim.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <you@example.com>
Received: (qmail 77 invoked from network); 6 Jan 2025 09:59:59 -0000
Received: from unknown (HELO spam.example) (203.0.113.66)
  by victim.example with SMTP; 6 Jan 2025 09:59:59 -0000
From: you@example.com
To: bob@victim.example
Subject: hello
Message-ID: <78@spam.example>

text
"""

_ENCODED = b"""\
Return-Path: <MAILER-DAEMON>
From: postmaster@victim.example
To: you@example.com
Subject: =?iso-8859-1?Q?Unzustellbar=3A_Gr=FC=DFe?=
Date: Mon, 6 Jan 2025 10:00:01 +0000
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: multipart/alternative; boundary=c

--c
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Ihre Nachricht konnte nicht zugestellt werden. Gr=FC=DFe
--c
Content-Type: text/html; charset=windows-1252
Content-Transfer-Encoding: base64

PGh0bWw+PGJvZHk+PHA+Ym9iQHZpY3RpbS5leGFtcGxlPC9wPjxhIGhyZWY9Imh0dHBzOi8vc2hv
cC5leGFtcGxlLyI+eDwvYT48L2JvZHk+PC9odG1sPg==
--c--
--b
Content-Type: message/delivery-status
Content-Transfer-Encoding: 7bit

Reporting-MTA: dns;exchange.victim.example

Final-Recipient: RFC822;bob@victim.example
Action: failed
Status: 5.2.2
Diagnostic-Code: smtp;552 5.2.2 mailbox full

--b
Content-Type: text/rfc822-headers

Received: from [203.0.113.66] (helo=spam.example)
\tby exchange.victim.example with esmtp (Exim 4.96)
\tid 1tUk; Mon, 06 Jan 2025 09:59:59 +0000
DKIM-Signature: v=1; a=rsa-sha256; d=spam.example; s=x; h=from; bh=AAAA; b=BBBB
From: you@example.com
To: bob@victim.example
Message-ID: <79@spam.example>
--b--
"""

ORDINARY = b"""\
From: a@remote.example
To: you@example.com
Subject: lunch
Message-ID: <1@remote.example>
Date: Mon, 6 Jan 2025 10:00:01 +0000

At noon?
"""

ALL = (_STANDARD, _PLAIN, _ENCODED, _STANDARD.replace(b"\n", b"\r\n"))
