import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter.doors.reply import annotate, annotate_error
from ndrfilter.engine.result import Hit

OURS = re.compile(
    rb"X-NDR-Status: [^\r\n]*(?:(?:\r\n|\n|\r) [^\r\n]*)*(\r\n|\n|\r)X-NDR-Reason: [^\r\n]*(?:\1 [^\r\n]*)*\1"
)


def split(raw: bytes) -> tuple[bytes, bytes, bytes]:
    """What stands before our fields, they themselves, and what comes after."""
    found = OURS.search(raw)
    assert found, raw
    return raw[: found.start()], found[0], raw[found.end() :]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_stands_first_with_the_line_ends_of_the_message(end, backscatter):
    raw = end.join([b"Subject: x", b"To: a@b", b"", b"body", b""])
    before, ours, after = split(annotate(raw, backscatter))
    assert (before, after) == (b"", raw)
    assert re.sub(re.escape(end), b"", ours).isascii()
    assert b"\n" not in ours.replace(end, b"")
    assert b"\r" not in ours.replace(end, b"")


def test_the_first_line_decides_in_a_mixed_message(backscatter):
    raw = b"Subject: x\r\nTo: a@b\n\nbody\n"
    _before, ours, after = split(annotate(raw, backscatter))
    assert ours.count(b"\r\n") == ours.count(b"\n")
    assert after == raw


def test_a_bare_cr_in_a_message_with_lf_is_no_line_end_of_ours(backscatter):
    raw = b"Subject: x\rTo: a@b\nCc: c@d\n\nbody\n"
    _before, ours, after = split(annotate(raw, backscatter))
    assert b"\r" not in ours
    assert after == raw


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_stands_after_a_leading_from_line(end, backscatter):
    line = b"From MAILER-DAEMON Mon Nov 16 10:00:00 2026" + end
    raw = end.join([b"Subject: x", b"", b"body", b""])
    before, _ours, after = split(annotate(line + raw, backscatter))
    assert (before, after) == (line, raw)


def test_a_from_field_with_a_blank_before_its_colon_is_no_from_line(backscatter):
    raw = b"From : a@b\nSubject: x\n\n"
    before, _ours, after = split(annotate(raw, backscatter))
    assert (before, after) == (b"", raw)


def test_a_from_line_without_an_end_gets_one(backscatter):
    before, _ours, after = split(annotate(b"From me", backscatter))
    assert (before, after) == (b"From me\n", b"\n")


@pytest.mark.parametrize(
    ("raw", "after"),
    [
        (b"", b"\n"),
        (b"hello world\n", b"\nhello world\n"),
        (b"hello\r\nworld: yes\r\n", b"\r\nhello\r\nworld: yes\r\n"),
        (b"\nbody\n", b"\nbody\n"),
        (b"\r\nbody\r\n", b"\r\nbody\r\n"),
        (b"\xd0\xcf\x11\xe0\x00\x00", b"\n\xd0\xcf\x11\xe0\x00\x00"),
        (b"Subject: x", b"Subject: x"),
        (b">From me Mon\nSubject: x\n\n", b">From me Mon\nSubject: x\n\n"),
    ],
)
def test_a_message_without_a_header_gets_an_empty_line_and_no_other_does(raw, after, backscatter):
    assert split(annotate(raw, backscatter))[2] == after


@pytest.mark.parametrize(
    ("raw", "after"),
    [
        (b"X-NDR-Status: genuine\nSubject: x\n\nb\n", b"Subject: x\n\nb\n"),
        (b"Subject: x\nx-ndr-STATUS: genuine\n\nb\n", b"Subject: x\n\nb\n"),
        (b"Subject: x\nX-NDR-Status \t: genuine\nTo: a@b\n\nb\n", b"Subject: x\nTo: a@b\n\nb\n"),
        (b"Subject: x\nX-NDR-Status: genuine;\n score=1\n\trules=A\nTo: a@b\n\nb\n", b"Subject: x\nTo: a@b\n\nb\n"),
        (b"X-NDR-Status: 1\nX-NDR-Reason: 2\nX-NDR-Status: 3\nTo: a@b\n\n", b"To: a@b\n\n"),
        (b"Subject: x\r\nX-NDR-Reason: 2\r\n\r\nb\r\n", b"Subject: x\r\n\r\nb\r\n"),
        (b"Subject: x\rX-NDR-Reason: 2\r\rb\r", b"Subject: x\r\rb\r"),
        (b"Subject: x\rX-NDR-Reason: 2\nTo: a@b\n\n", b"Subject: x\nTo: a@b\n\n"),
        (b"Subject: x\nX-NDR-Status: genuine", b"Subject: x\n"),
        (b"X-NDR-Status: genuine\n\nb\n", b"\nb\n"),
        (b"X-NDR-Status: genuine\nhello\n", b"\nhello\n"),
    ],
)
def test_copies_that_came_in_are_removed(raw, after, backscatter):
    assert split(annotate(raw, backscatter))[2] == after


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: x\n\nX-NDR-Status: quoted in a body\n",
        b"Subject: x\r\n\r\nX-NDR-Status: quoted in a body\r\n",
        b"X-NDR-Statuses: y\nOX-NDR-Status: z\nSubject: x\n X-NDR-Status: folded\n\n",
    ],
)
def test_what_only_looks_like_a_copy_stays(raw, backscatter):
    assert split(annotate(raw, backscatter))[2] == raw


FIELD_NAMES = st.sampled_from([b"Subject", b"Received", b"X-Spam-Status", b"X-NDR-Other", b"To "])
COPY_NAMES = st.sampled_from([b"X-NDR-Status", b"x-ndr-reason", b"X-Ndr-Status \t", b"X-NDR-REASON"])
VALUES = st.binary(max_size=12).map(lambda value: value.translate(None, b"\r\n"))
FIELD = st.tuples(st.booleans(), FIELD_NAMES, COPY_NAMES, st.lists(VALUES, min_size=1, max_size=3))
FIELDS = st.lists(FIELD, max_size=6)


@given(FIELDS, st.binary(max_size=60), st.sampled_from([b"\n", b"\r\n", b"\r"]), st.booleans())
def test_without_our_fields_it_is_the_input_minus_its_copies(backscatter, fields, body, end, from_line):
    front = b"From a@b Mon Nov 16 10:00:00 2026" + end if from_line else b""
    body = body.replace(b"\n", b"") if end == b"\r" else body
    raw, expected = front, b""
    for is_copy, name, copy, values in fields:
        field = (copy if is_copy else name) + b":" + (end + b"\t").join(values) + end
        raw += field
        expected += b"" if is_copy else field
    expected += end + body
    before, _ours, after = split(annotate(raw + end + body, backscatter))
    assert (before, after) == (front, expected)


@given(st.binary(max_size=200))
def test_any_bytes_come_through(backscatter, raw):
    before, _ours, after = split(annotate(raw, backscatter))
    end = b"\r\n" if after.startswith(b"\r\n") else after[:1]
    if raw.startswith(b"From "):
        assert before + after == raw or b"From" in before
    else:
        assert after in (raw, end + raw)


def unfolded(ours: bytes) -> list[str]:
    return re.sub(rb"\n ", b" ", ours).decode().splitlines()


def test_status_says_what_the_contract_says(backscatter):
    status, reason = unfolded(split(annotate(b"Subject: x\n\n", backscatter))[1])
    assert status.replace(", ", ",") == (
        "X-NDR-Status: backscatter; score=9.0; required=5.0; kind=failure; "
        "rules=ORIGINAL_FROM_STRANGER,ORIGINAL_SPF_FAIL,MESSAGE_ID_NOT_OURS,FAKE_LINK"
    )
    assert reason == "X-NDR-Reason: You did not send this: someone forged your address."


def test_lines_are_folded_after_commas_and_rules_are_cut_at_twenty(backscatter):
    hits = tuple(Hit(f"A_RULE_WITH_THE_NUMBER_{number}", "backscatter", 1.0, "trace", "") for number in range(33))
    result = backscatter._replace(hits=hits, score=-100.0, kind="virus-notice")
    ours = split(annotate(b"Subject: x\n\n", result))[1]
    lines = ours.decode().split("\nX-NDR-Reason")[0].split("\n")
    assert all(len(line) <= 78 for line in lines)
    assert all(line.endswith((",", ";")) for line in lines[:-1])
    rules = "".join(line.strip() for line in lines).split("rules=")[1].split(",")
    assert len(rules) == 21
    assert rules[-1] == "+13"


def test_nothing_from_mail_can_end_our_header(backscatter):
    advice = backscatter.advice._replace(reason="Grüße – \r\nX-Evil: 1\n\nbody\x00\x1b[31m " + "long words " * 100)
    _before, ours, after = split(annotate(b"Subject: x\n\n", backscatter._replace(advice=advice)))
    assert after == b"Subject: x\n\n"
    assert ours.isascii()
    assert re.fullmatch(rb"[ -~\n]*", ours)
    assert all(len(line) <= 78 for line in ours.split(b"\n"))
    assert len(ours) < 700


def test_a_score_that_rounds_to_zero_has_no_sign(backscatter):
    assert b"score=0.0;" in annotate(b"", backscatter._replace(score=-0.04))


def test_an_error_is_said():
    answer = annotate_error(b"Subject: x\n\n", "config", "It is broken.")
    assert answer == b"X-NDR-Status: undetermined; error=config\nX-NDR-Reason: It is broken.\nSubject: x\n\n"


@pytest.mark.parametrize(
    "piece", [b"\r", b"\n ", b"X-NDR-Status:\n", b"X-NDR-Status:\r", b" \t\r", b"From ", b"\r\r\n"]
)
def test_hostile_repetition_is_read_once(piece, backscatter):
    raw = b"Subject: x\n" + piece * 300_000
    assert len(annotate(raw, backscatter)) > 100
