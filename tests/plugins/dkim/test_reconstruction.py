"""What relays and reporting servers do to a message, and that it is still known afterwards."""

import base64
import quopri

import pytest

HEADER, WHOLE = {"DKIM_HEADER_OURS"}, {"DKIM_OURS"}


def quoted(raw, mark):
    return b"".join(mark + line for line in raw.splitlines(keepends=True))


@pytest.mark.parametrize("mark", [b"> ", b">", b"    ", b"| "])
def test_quoted_and_indented(kit, said, mark):
    block = kit.headers_of(kit.original())
    raw = kit.bounce(b"", type_="text/plain", text="\n" + quoted(block, mark).decode() + "\n")
    assert said(raw) == HEADER


def test_below_a_separator_in_a_text(kit, said):
    text = "\n--- Below this line is a copy of the message.\n\n" + kit.original().decode()
    raw = kit.bounce(b"", type_="text/plain", text=text)
    assert said(raw) <= HEADER | WHOLE
    assert said(raw)


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_an_encoded_part(kit, said, encoding):
    message = kit.original()
    encode = base64.encodebytes if encoding == "base64" else quopri.encodestring
    raw = kit.bounce(encode(message), type_=f"message/rfc822\nContent-Transfer-Encoding: {encoding}")
    assert said(raw) == WHOLE


@pytest.mark.parametrize("canon", ["relaxed/simple", "simple/simple"])
@pytest.mark.parametrize("mark", [b"[EXTERNAL] ", b"[SPAM?]", b"***SPAM*** ", b"*****SPAM***** "])
def test_a_mark_before_the_subject(kit, said, canon, mark):
    message = kit.original(canon=canon).replace(b"Subject: ", b"Subject: " + mark)
    assert said(kit.headers_only(message)) == HEADER
    assert said(kit.bounce(message)) == WHOLE


def test_a_mark_that_was_ours(kit, said):
    message = kit.original(fields={**kit.FIELDS, "Subject": "[Ticket 4711] The figures"})
    assert said(kit.headers_only(message)) == HEADER


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_a_body_recoded_for_a_server_without_8bitmime(kit, said, encoding):
    fields = {**kit.FIELDS, "Content-Transfer-Encoding": "8bit"}
    body = "Die Zahlen für Oktober.\n".encode()
    message = kit.original(body, fields, signed=kit.SIGNED + ":content-transfer-encoding")
    encode = base64.encodebytes if encoding == "base64" else quopri.encodestring
    recoded = kit.headers_of(message).replace(b": 8bit", b": " + encoding.encode()) + b"\n" + encode(body)
    assert said(kit.headers_only(recoded)) == HEADER
    assert said(kit.bounce(recoded)) == WHOLE


def test_a_list_of_addresses_written_anew(kit, said):
    fields = {**kit.FIELDS, "To": "a@receiver.example,b@receiver.example"}
    message = kit.original(fields=fields)
    assert said(kit.headers_only(message.replace(b"a@receiver.example,b", b"a@receiver.example,\n\tb"))) == HEADER


def test_several_things_at_once(kit, said):
    fields = {**kit.FIELDS, "To": "a@receiver.example,b@receiver.example", "Content-Transfer-Encoding": "8bit"}
    message = kit.original(fields=fields, signed=kit.SIGNED + ":content-transfer-encoding")
    changed = message.replace(b"e,b@", b"e, b@").replace(b"8bit", b"base64").replace(b"t: The", b"t: [EXT] The")
    assert said(kit.headers_only(changed)) == HEADER


def test_one_thing_where_undoing_another_would_be_wrong(kit, said):
    fields = {**kit.FIELDS, "To": "a@receiver.example,b@receiver.example", "Subject": "[Ticket 4711] The figures"}
    message = kit.original(fields=fields)
    assert said(kit.headers_only(message.replace(b"e,b@", b"e, b@"))) == HEADER
    spaced = kit.original(fields={**fields, "To": "a@receiver.example, b@receiver.example", "Subject": "The figures"})
    assert said(kit.headers_only(spaced.replace(b"Subject: ", b"Subject: [EXT] "))) == HEADER


@pytest.mark.parametrize("fold", [b"\n ", b"\n\t"])
@pytest.mark.parametrize("canon", ["relaxed/simple", "simple/simple"])
def test_a_long_line_folded_on_the_way(kit, said, canon, fold):
    message = kit.original(canon=canon).replace(b"The figures for", b"The figures" + fold + b"for")
    assert said(kit.headers_only(message)) == HEADER


def test_refolding_with_relaxed_rules(kit, said):
    message = (
        kit.original().replace(b";\n\t", b"; ").replace(b"b=", b"b=\n  ").replace(b"Alice Ames", b"Alice\n   Ames")
    )
    assert said(kit.headers_only(message)) == HEADER


def test_a_body_that_a_mailbox_file_has_quoted(kit, said):
    message = kit.original()
    assert b"\nFrom here on" in message
    assert said(kit.bounce(message.replace(b"\nFrom here", b"\n>From here"))) == WHOLE


def test_empty_lines_at_the_end(kit, said):
    assert said(kit.bounce(kit.original() + b"\n\n\n")) == WHOLE


def test_blanks_at_line_ends_with_relaxed_rules(kit, said):
    assert said(kit.bounce(kit.original().replace(b"below.\n", b"below.  \t\n"))) == WHOLE
    assert said(kit.bounce(kit.original(canon="relaxed/simple").replace(b"below.\n", b"below. \n"))) == HEADER


def test_fields_above_and_fields_that_are_not_signed(kit, said):
    message = b"Return-Path: <alice@example.com>\nX-Spam-Score: 3\n" + kit.original().replace(
        b"MIME-V", b"X-Note: 1\nMIME-V"
    )
    assert said(kit.headers_only(message)) == HEADER


def test_what_cannot_be_undone_proves_nothing(kit, said):
    assert said(kit.headers_only(kit.original().replace(b"The figures", b"=?utf-8?q?The_figures?="))) == set()
    assert said(kit.headers_only(kit.original(canon="simple/simple").replace(b"Subject: ", b"Subject:"))) == set()
