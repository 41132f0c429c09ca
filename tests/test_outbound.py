"""Stamps on the bytes of a message: what changes, what does not, for every style of line ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter.message import parse
from ndrfilter.outbound import apply, held_back
from ndrfilter.plugin import Stamp

ENDS = [b"\n", b"\r\n", b"\r", b"\r\r\n"]
MARK = Stamp(fields=(("X-Mark", "one two"),))


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("front", [[], [b"From alice Sun Nov 22 10:00:00 2026"]], ids=["plain", "mbox"])
@pytest.mark.parametrize(
    "trace", [[], [b"Return-Path: <a@b>", b"Received: from x", b"\tby y; now"]], ids=["new", "passed"]
)
def test_fields_stand_below_the_trace_in_the_message_s_own_line_ends(end, front, trace):
    above = end.join([*front, *trace, b""])
    below = end.join([b"Subject: x", b"\tfolded", b"From: a@b", b"", b"X-Mark: body", b" more", b""])
    out = apply(above + below, [MARK])
    assert out.startswith(above)
    assert out.endswith(below)
    added = out[len(above) : len(out) - len(below)]
    assert added in (b"X-Mark: one two" + end, b"X-Mark: one two\r\n")
    assert added.endswith(end) or end == b"\r\r\n"


@pytest.mark.parametrize("end", ENDS)
def test_an_old_field_goes_with_its_folded_lines(end):
    lines = [b"Received: x", b"x-mark : old", b" of ours", b"Subject: x", b"X-MARK:old", b"", b"X-Mark: body", b""]
    out = apply(end.join(lines), [MARK._replace(remove=("x-MARK",))])
    assert parse(out).headers.text("X-Mark") == "one two"
    assert out.endswith(end.join([b"Subject: x", b"", b"X-Mark: body", b""]))
    assert out.lower().count(b"x-mark") == 2


@pytest.mark.parametrize("end", ENDS)
def test_the_message_id_is_replaced_where_it_stands(end):
    raw = end.join([b"Subject: x", b"Message-Id:", b" <old@b>", b"From: a@b", b"", b"Message-Id: <old@b>", b""])
    new = end.join([b"Subject: x", b"Message-Id: <new@b>", b"From: a@b", b"", b"Message-Id: <old@b>", b""])
    assert apply(raw, [Stamp(message_id="<new@b>")]) == new


def test_a_missing_message_id_is_added():
    assert apply(b"Subject: x\n\nbody", [Stamp(message_id="<n@b>")]) == b"Message-ID: <n@b>\nSubject: x\n\nbody"


def test_several_stamps_add_up_and_the_first_message_id_holds():
    stamps = [Stamp((("X-A", "1"),), "<a@b>"), Stamp((("X-B", "2"),), "<c@d>")]
    assert apply(b"Message-ID: <o@b>\n\n", stamps) == b"X-A: 1\nX-B: 2\nMessage-ID: <a@b>\n\n"


def test_a_header_of_trace_alone_that_ends_early():
    assert apply(b"Received: x", [MARK]) == b"Received: x\nX-Mark: one two\n"
    assert apply(b"Received: x\n\nbody", [MARK]) == b"Received: x\nX-Mark: one two\n\nbody"


@pytest.mark.parametrize("raw", [b"", b"\n", b"body alone\n", b"\r\n\r\nX-A: b\r\n", b"From alice\n"])
def test_what_has_no_header_comes_back_as_it_is(raw):
    assert apply(raw, [MARK, Stamp(message_id="<n@b>")]) == raw


@pytest.mark.parametrize("raw", [b"A: b\rC: d\n\nbody", b"A: b\rC: d\r\rbody\n\n", b"A: b\r\r\rC: d\n\nbody"])
def test_where_readers_differ_on_what_a_line_is_nothing_changes(raw):
    assert apply(raw, [MARK]) == raw
    assert apply(b"A: b\n\nbody\rof old\r\nkind", [MARK]) == b"X-Mark: one two\nA: b\n\nbody\rof old\r\nkind"


def test_without_stamps_nothing_changes():
    assert apply(b"Subject: x\n\nbody", []) == b"Subject: x\n\nbody"


SIGNED = (
    b"DKIM-Signature: v=1; a=rsa-sha256; d=example.com; bh=h=x-other; h = From :\n\tMessage-ID:x-mark ; b=abc\n"
    b"From: a@b\nMessage-ID: <o@b>\nX-Mark: old\n\nbody\n"
)


def test_what_is_signed_stays_and_is_told():
    stamp = Stamp((("X-Mark", "new"), ("X-Other", "new")), "<n@b>", remove=("X-Mark",))
    assert apply(SIGNED, [stamp]) == b"X-Other: new\n" + SIGNED
    assert held_back(SIGNED, [stamp]) == ("X-Mark", "Message-ID")
    assert held_back(SIGNED, []) == ()
    assert held_back(SIGNED.partition(b"\n\tMess")[0] + b"\n\n", [stamp]) == ()


@pytest.mark.parametrize(
    "stamp",
    [
        Stamp((("X-A", "1\nX-B: 2"),)),
        Stamp((("X-A\n", "1"),)),
        Stamp((("X A", "1"),)),
        Stamp((("X-A", ""),)),
        Stamp((("X-A", "caf\xe9"),)),
        Stamp((("X-A", "a" * 998),)),
        Stamp(message_id="<a b@c>"),
        Stamp(message_id="<a@b>\r\nX-A: 1"),
        Stamp(message_id="a@b"),
    ],
)
def test_a_stamp_that_would_break_the_header_is_refused(stamp):
    with pytest.raises(ValueError, match=r"header|Message-ID"):
        apply(b"Message-ID: <o@b>\n\nbody", [stamp])
    with pytest.raises(ValueError, match=r"header|Message-ID"):
        apply(b"Subject: x\n\nbody", [stamp])


LINE = st.sampled_from([b"Subject: x", b" folded", b"Received: y", b"X-Mark: old", b"Message-ID: <o@b>", b"no field", b"\tz", b"From x", b": empty"])  # fmt: skip


@given(st.lists(LINE, max_size=12), st.sampled_from(ENDS), st.binary(max_size=60))
def test_the_body_is_never_touched(lines, end, body):
    raw = end.join([*lines, b"", body])
    tail = end + body if lines else raw
    out = apply(raw, [Stamp((("X-Mark", "new"),), "<n@b>", remove=("X-Mark",))])
    assert out.endswith(tail)
    assert out == raw or parse(out).headers.text("X-Mark") == "new"


@given(st.binary(max_size=300))
def test_any_bytes_at_all(raw):
    out = apply(raw, [MARK])
    assert out == raw or len(out) - len(raw) in range(len(b"X-Mark: one two\n"), len(b"X-Mark: one two\r\n") + 3)
