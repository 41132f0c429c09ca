"""What looks for all pieces at once says what the plan says, of any mail."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ndrfilter import Filter
from ndrfilter.gate import check
from ndrfilter.gate.plans import plan_of
from ndrfilter.gate.quick import Quick, address_of
from ndrfilter.message.charset import field_text

FIELDS = [
    "From", "Return-Path", "Subject", "Content-Type", "Message-ID", "Received", "Auto-Submitted", "Precedence",
    "X-Mailer", "Sender", "Reply-To", "Delivered-To", "In-Reply-To", "List-Id", "X-Failed-Recipients", "Mailing-List",
    "Authentication-Results", "X-Autoreply", "To",
]  # fmt: skip
SENDERS = [
    None,
    "",
    "<>",
    "anna@example.net",
    "mailer-daemon@example.net",
    "odd one",
    "spamblocker-challenge@x.example",
]

FRONTS = [b"From anna Tue Jan  2 03:04:05 2024\n", b"From x\nReceived: x\n", b"From :\n", b"X-Odd \n", b" x\n"]
ENDS = [b" x\n", b" \n", b"odd\n", b"a" * 201 + b":\n", b"a\rb: c\n", b"Subject: x\r\n", b":\n"]
ODD = [
    "anna@example.net",
    "Anna <a@b>",
    '"Anna, B" <a@b>',
    "(x) a@b",
    "a@b (Anna)",
    "<a@b>, <c@d>",
    "a@b.",
    "<>",
    "",
    " ",
    "é",
    "ſ",
    "\t",
    "=?utf-8?q?=46?=",
    "=?utf-8?q?=09=00?=",
    "x",
]
ADDRESSED = [
    "anna@b.example", "<anna@b.example>", "anna", "@", ".", " ", "<", ">", '"', "(x)", "\n ", ",", "\\", "=?x?=", "\xa0",
]  # fmt: skip


def pieces(tree):
    """All pieces of text in a plan."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, tuple | list | dict):
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from pieces(part)


@pytest.fixture(scope="module")
def plan():
    return plan_of(
        Filter.from_config(
            {"site": {"domains": ["example.com"], "relays": ["mail.example.com"], "complete": ["relays"]}}
        )
    )


@pytest.fixture(scope="module")
def quick(plan):
    return Quick(plan)


def written(draw, text):
    """A field's value as somebody may write it: folded, encoded, in 8 bits."""
    how = draw(st.sampled_from(["plain", "plain", "folded", "q", "b", "latin-1", "spaced"]))
    data = text.encode("utf-8", "replace")
    if how == "folded":
        return data.replace(b" ", draw(st.sampled_from([b"\n ", b"\n\t", b"\n  "])))
    if how == "q":
        return b"=?utf-8?q?%b?=" % "".join(f"={code:02X}" for code in data).encode()
    if how == "b":
        return b"=?utf-8?b?%b?=" % b64encode(data)
    if how == "latin-1":
        return text.encode("latin-1", "replace")
    return b"\t" + data.upper().replace(b" ", b"\t") + b" " if how == "spaced" else data


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_it_says_what_the_plan_says(plan, quick, data):
    words = [*sorted(set(pieces(plan[2]))), *ODD]
    some = st.lists(st.sampled_from(words), max_size=3)
    value = some.map(" ".join) | some.map("".join)
    fields = data.draw(st.lists(st.tuples(st.sampled_from(FIELDS), value), max_size=6))
    fields += data.draw(st.lists(st.tuples(st.sampled_from(sorted(plan[3])).map(bytes.decode), value), max_size=1))
    head = data.draw(st.sampled_from([b"", b"", b"", *FRONTS]))
    for name, text in fields:
        shape = data.draw(st.sampled_from([str, str, str.upper, str.lower]))
        head += shape(name).encode() + data.draw(st.sampled_from([b": ", b":", b":  "]))
        head += written(data.draw, text) + b"\n"
    head += data.draw(st.sampled_from([b"", b"", b"", b"", *ENDS]))
    raw = head + b"\n--b\nContent-Type: " + data.draw(value).encode("utf-8", "replace") + b"\n\ntext\n"
    raw = raw.replace(b"\n", data.draw(st.sampled_from([b"\n", b"\n", b"\r\n"])))
    sender = data.draw(st.sampled_from(SENDERS))
    assert quick.closed(raw, sender, field_text) == check.closed(raw, plan, sender, field_text)


LINES = [b"From: a@b", b"From x", b"From ", b"From : x", b" ", b"\t", b"  x", b"\r", b"a:b", b"a b: c", b":", b"x", b"",
         b"a" * 200 + b":", b"a" * 201 + b":", b"\xe9: x", b"Subject: failure\r", b"Subject: failure", b" notice",
         b"To:", b"From: Anna", b"\x0cTo: x", b"a\0: x", b"To: \0\x7f"]  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(ADDRESSED), max_size=6))
@example(["anna@b.example", "\n ", "anna"])
def test_it_reads_the_same_address(parts):
    value = "".join(parts).encode("latin-1")
    header = b"\nsubject: from:\nfrom:%b\nto: x\n" % value
    wanted = check.address_in(value.replace(b"\n ", b" "))
    assert address_of(header, b"from") == (wanted[2].encode() if wanted else None if wanted is None else b"")


@pytest.mark.parametrize("start", [" ", '"', '"x"', "a", "a@", "<a@", "<a@b"])
@pytest.mark.parametrize("piece", [" ", ".", "a", '"a" ', "a@", "a@b "])
def test_a_hostile_value_is_read_in_time(start, piece):
    value = (start + piece * check.MAX_HEADER)[: check.MAX_HEADER].encode()  # with squares in it this hangs
    assert address_of(b"\nfrom:%b\nto: x\n" % value, b"from") in (None, b"")


def test_an_address_that_is_not_there_or_there_twice():
    assert address_of(b"\nsubject: from: a@b\n", b"from") == b""
    assert address_of(b"\nfrom: a@b\nx: y\nfrom: a@b\n", b"from") is None


@settings(max_examples=600, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"])), max_size=7))
def test_it_takes_the_same_headers_for_clean(plan, quick, lines):
    raw = b"".join(line + end for line, end in lines)
    assert quick.closed(raw, None, field_text) == check.closed(raw, plan, None, field_text)


@pytest.mark.parametrize("count", [check.MAX_LINES - 1, check.MAX_LINES, check.MAX_LINES + 1])
@pytest.mark.parametrize("size", [check.MAX_HEADER, check.MAX_HEADER + 1])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_it_has_the_same_bounds(plan, quick, count, size, end):
    head = (b"a:" + end) * (count - 1)
    raw = head + b"b:" + b"c" * (size - len(head) - 2 - 2 * len(end)) + end * 2
    bounded = count <= check.MAX_LINES and size <= check.MAX_HEADER
    assert quick.closed(raw, None, field_text) == check.closed(raw, plan, None, field_text) == bounded
