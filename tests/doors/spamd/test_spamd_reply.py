"""The replies: their shape by the client's version, the headers that recipes look for, the report."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter.doors.spamd.markup import header_of, marked
from ndrfilter.doors.spamd.protocol import Request
from ndrfilter.doors.spamd.reply import reply
from ndrfilter.doors.spamd.report import report
from ndrfilter.engine.result import Hit, Trouble, Undecided
from ndrfilter.service.desk import Answer

RAW = b"Return-Path: <>\nSubject: x\n\nbody\n"
RSPAMD = re.compile(r"X-Spam-Status: \S+, score=([-\d.]+)\s.*tests=(.*,?)(\s*\S+)\sautolearn.*")


def answered(method: str, minor: int, result, raw: bytes = RAW, **more) -> tuple[bytes, bytes]:
    head, _, body = reply(Request(method, minor, "", raw), Answer(result, "header", **more)).partition(b"\r\n\r\n")
    return head, body


@pytest.mark.parametrize("minor", [2, 3, 5])
@pytest.mark.parametrize("method", ["CHECK", "SYMBOLS", "REPORT", "REPORT_IFSPAM", "PROCESS", "HEADERS"])
def test_the_shape_is_what_spamd_gives_that_version(method, minor, backscatter):
    head, body = answered(method, minor, backscatter)
    first, *fields = head.decode().split("\r\n")
    spam = f"Spam: {'Yes' if method == 'REPORT_IFSPAM' else 'True'} ; 9.0 / 5.0"
    length = f"Content-length: {len(body)}"
    assert first == "SPAMD/1.1 0 EX_OK"
    if method == "CHECK":
        assert (fields, body) == ([spam], b"")
    elif minor >= 3:
        assert fields == [length, spam]
    else:
        assert fields == [length if method in ("PROCESS", "HEADERS") else spam]


@pytest.mark.parametrize(
    ("name", "said"),
    [("backscatter", "True ; 9.0 / 5.0"), ("fake", "True ; 6.0 / 5.0"), ("genuine", "False ; -6.0 / 5.0"),
     ("undetermined", "False ; 2.0 / 5.0"), ("ordinary", "False ; 0.0 / 5.0")],
)  # fmt: skip
def test_says_spam_of_what_is_unwanted(name, said, results):
    head, _ = answered("CHECK", 5, results[name])
    assert head.endswith(f"Spam: {said}".encode())


def test_a_score_that_reads_like_the_threshold_is_not_said_of_ham(results):
    near = results["undetermined"]._replace(score=4.99)
    assert answered("CHECK", 5, near)[0].endswith(b"False ; 4.9 / 5.0")


def test_symbols_carry_the_prefix_and_begin_with_the_verdict(backscatter):
    assert answered("SYMBOLS", 5, backscatter)[1].startswith(b"NDR_BACKSCATTER,NDR_ORIGINAL_FROM_STRANGER,")
    assert b"NDR_NEW_IDEA" not in answered("SYMBOLS", 5, backscatter)[1]
    assert answered("SYMBOLS", 2, backscatter)[1].endswith(b"\r\n")


def test_process_marks_for_recipes_on_either_kind_of_field(backscatter):
    lines = answered("PROCESS", 5, backscatter)[1].decode().splitlines()
    assert lines[0].startswith("X-NDR-Status: backscatter; score=9.0; required=5.0;")
    assert "X-Spam-Flag: YES" in lines
    assert "X-Spam-Level: *********" in lines
    assert [line for line in lines if line.startswith("X-Spam-Status: Yes, score=9.0 required=5.0 tests=")]


def test_ham_has_no_flag(results):
    body = answered("PROCESS", 5, results["ordinary"])[1]
    assert b"X-Spam-Flag" not in body
    assert b"X-Spam-Level" not in body
    assert b"X-Spam-Status: No, score=0.0 required=5.0 tests=none autolearn=disabled" in body


@pytest.mark.parametrize("name", ["backscatter", "genuine", "undetermined", "fake", "ordinary"])
def test_rspamd_finds_score_and_symbols(name, results):
    body = answered("HEADERS", 5, results[name])[1].decode()
    unfolded = re.sub(r"[\r\n]+[\t ]", " ", body)
    found = next(filter(None, map(RSPAMD.match, unfolded.splitlines())))
    assert float(found[1]) is not None
    assert re.fullmatch(r"none|NDR_\w+(?:,\s*NDR_\w+)*", found[2] + found[3])


def test_copies_that_came_in_are_gone_but_not_what_a_sender_called_his_own(backscatter):
    forged = b"x-spam-status : No\nX-Spam-Report: a\n\tb\nX-NDR-Status: genuine\nX-Spam-Prev-Subject: y\nX-Spammer: z\n"
    out = marked(forged + RAW, Answer(backscatter, "header"))
    assert out.endswith(b"X-Spam-Prev-Subject: y\nX-Spammer: z\n" + RAW)
    assert b"genuine" not in out
    assert out.count(b"-Report:") == 0


def test_who_wants_no_judgement_gets_the_message_as_it_was(results):
    raw = b"X-Spam-Status: No\n" + RAW
    assert answered("PROCESS", 5, results["undetermined"], raw, unjudged="opt-out")[1] == raw
    assert answered("HEADERS", 5, results["undetermined"], raw, unjudged="opt-out")[1] == raw.removesuffix(b"body\n")


def test_what_nobody_could_judge_says_so(results):
    body = answered("PROCESS", 5, results["undetermined"], unjudged="internal")[1]
    assert body.startswith(b"X-NDR-Status: undetermined; error=internal\n")
    assert body.endswith(RAW)


def as_spamc_joins(raw: bytes, header: bytes) -> bytes:
    """What `spamc --headers` prints: the header it got, and of its own copy what is behind the first empty line."""
    found = re.search(rb"\r\n\r\n|\n\n", raw)
    return header + raw[found.end() :] if found else raw


LINES = st.lists(
    st.sampled_from(
        [b"Subject: x", b"X-Spam-Status: No", b" folded", b"", b"body", b"From x", b"X-NDR-Reason: y", b"\r"]
    ),
    max_size=8,
)


@given(LINES, st.sampled_from([b"\n", b"\r\n", b"\r"]), st.binary(max_size=20))
def test_with_headers_alone_spamc_prints_what_process_returns(backscatter, lines, end, tail):
    raw = end.join(lines) + tail
    answer = Answer(backscatter, "header")
    joined = as_spamc_joins(raw, header_of(raw, answer))
    assert joined in (marked(raw, answer), raw)


NASTY = st.text(max_size=600)


@given(NASTY, NASTY, NASTY)
def test_the_report_is_short_plain_lines_whatever_mail_says(backscatter, text, cause, trouble):
    evil = backscatter._replace(
        hits=tuple(Hit(f"RULE_{number}", "backscatter", 1.0, "trace", text) for number in range(40)),
        undecided=tuple(Undecided("OPEN", cause + str(number)) for number in range(40)),
        errors=tuple(Trouble(trouble, trouble) for _ in range(40)),
        reporting_mta=text,
    )
    made = report(evil)
    lines = made.decode("ascii").split("\n")
    assert lines.pop() == ""
    assert all(line.strip() and len(line) <= 78 and line.isprintable() for line in lines)
    assert len(made) < 32_000


def test_the_report_says_what_a_person_needs(backscatter):
    text = report(backscatter).decode()
    assert text.startswith("ndrfilter: BACKSCATTER (9.0 of 5.0): delivery failure, written by Postfix at")
    assert "someone forged your address" in text
    assert "+4.0 NDR_ORIGINAL_FROM_STRANGER: handed over by" in text
    assert "undecided: ORIGINAL_DKIM_OURS (no signature came back)" in text
