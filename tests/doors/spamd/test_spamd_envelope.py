"""Whom the envelope names, by what stands above the message and by whom the client asks for."""

from __future__ import annotations

import pytest

from ndrfilter.doors.spamd.envelope import envelope_of

RECEIVED = b"Received: from a by b; Sun, 22 Nov 2026 09:30:02 +0000\n"
CASES = {
    "nobody tells": (b"Subject: x\n\n", "", None, ()),
    "a mailbox": (b"Return-Path: <>\nX-Original-To: +t@a.example\nDelivered-To: a@a.example\n\n", "", "", ("+t@a.example",)),
    "Exim, a bounce": (b"From MAILER-DAEMON Sun Nov 22\nX-Envelope-To: a@a.example, b@b.example\n" + RECEIVED + b"\n",
                       "nobody", "", ("a@a.example", "b@b.example")),
    "Exim, a letter": (b"From x@y.example Sun Nov 22\nX-Envelope-From: <x@y.example>\nX-Envelope-To: a@a.example\n\n",
                       "", "x@y.example", ("a@a.example",)),
    "a milter": (b"X-Envelope-From: <x@y.example>\nX-Envelope-To: <a@a.example>\nX-Envelope-To: <b@a.example>\n"
                 b"Received: from us\nReturn-Path: <>\nDelivered-To: forged@z.example\n\n",
                 "", "x@y.example", ("a@a.example", "b@a.example")),
    "the client names him": (RECEIVED + b"Delivered-To: forged@z.example\n\n", "a@a.example", None, ("a@a.example",)),
    "the client names a login": (RECEIVED + b"Delivered-To: a@a.example\n\n", "root", None, ("a@a.example",)),
    "above what the client names": (b"X-Original-To: prvs=1=a@a.example\n\n", "a@a.example", None, ("prvs=1=a@a.example",)),
    "fetched": (RECEIVED + b"Return-Path: <>\nDelivered-To: a@a.example\n\n", "", "", ("a@a.example",)),
    "a From field": (b"From : x@y.example\n\n", "", None, ()),
    "no mail": (b"\xff\x00", "", None, ()),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_envelope(name):
    raw, user, sender, recipients = CASES[name]
    found, _ = envelope_of(raw, user)
    assert (found.sender, tuple(found.recipients)) == (sender, recipients)


@pytest.mark.parametrize(
    ("received", "queue_id"),
    [(b" from a by b (Postfix) with ESMTP id 3CC5420E303\n\tfor <a@a.example>; Sun", "3CC5420E303"),
     (b" from a by b with esmtp (Exim 4.96)\n\tid 1xV0qM-0004Vt-0k\n\tfor a@a.example; Sun", "1xV0qM-0004Vt-0k"),
     (b" from a by b with LMTP id kD8xB+3VyGf/AQAA; Sun", "kD8xB+3VyGf/AQAA"),
     (b" from id by id; Sun", ""), (b" from a by b id \x1b[31mred; Sun", ""), (b"", "")],
)  # fmt: skip
def test_the_id_in_the_log_is_that_of_the_last_server(received, queue_id):
    raw = b"Return-Path: <>\nReceived:" + received + b"\nReceived: from x by y id EARLIER1; Sat\nSubject: z\n\n"
    assert envelope_of(raw, "")[1] == queue_id
