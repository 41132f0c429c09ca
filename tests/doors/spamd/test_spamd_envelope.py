"""Whom the envelope names, by what stands above the message and by whom the client asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter.doors.spamd.envelope import _TELLING, _header, envelope_of
from ndrfilter.message import parse

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


_PART = st.sampled_from([b"Return-Path", b"DELIVERED-TO ", b"received", b"Subject", b"X-Envelope-To\t", b"X-Received"])
_VALUE = st.sampled_from(
    [b" a@a.example", b" from x by y\n\tid 4XyZ4", b"", b" Return-Path: <x>", b" b\n Delivered-To: c"]
)
_BODY = st.sampled_from([b"", b"\nReturn-Path: <body@a.example>\n", b"\n\nDelivered-To: x\n\n"])


@given(
    st.lists(st.tuples(_PART, _VALUE), min_size=1, max_size=6),
    _BODY,
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.integers(0, 2),
)
def test_the_fields_are_those_of_the_header_as_the_judge_reads_it(fields, body, line_end, blank):
    raw = (b"\n" * blank + b"".join(name + b":" + value + b"\n" for name, value in fields) + body).replace(
        b"\n", line_end
    )
    told = {b"return-path", b"delivered-to", b"received", b"x-envelope-to"}
    wanted = [(name.lower(), value) for name, value in parse(raw).headers.pairs if name.lower() in told]
    assert [(name.lower(), value) for name, value in _TELLING.findall(b"\n" + _header(raw))] == wanted
