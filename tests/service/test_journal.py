"""The journal: whatever stands in a mail or comes from a peer, a line is one line, and says again what was meant."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_answers import answer, question

from ndrfilter import limits
from ndrfilter.service.desk import Remark
from ndrfilter.service.journal import Journal
from ndrfilter.service.journal_lines import read_json, read_plain
from ndrfilter.service.journal_sinks import ERROR, Sink

HOSTILE = st.text(st.characters() | st.sampled_from(' "<>,=:\\\n\r\t\x7f\x1b\u202e\u2028\u00a0\ud800'), max_size=40)
ITEMS = st.lists(HOSTILE, max_size=5)


class Kept(Sink):
    """Keeps what is written."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def _write(self, line):
        self.lines.append(line.decode())
        return True


def written(json=False, *answered, remark=None):
    kept = Kept()
    journal = Journal(kept, json)
    if remark:
        journal.remarked(remark)
    else:
        journal.answered(*answered)
    assert journal.lost == 0
    (line,) = kept.lines
    return line


def inner(text):
    return text[1:-1] if text[:1] == "<" and text[-1:] == ">" else text


def harmless(line):
    return all(unicodedata.category(char) not in ("Cc", "Cf", "Zl", "Zp", "Cs") for char in line)


READERS = [(False, read_plain), (True, read_json)]


def test_the_line_that_a_postmaster_greps_for():
    asked = question(
        "milter", "4XyZ12", "", ["you@example.com"], client_ip="203.0.113.5", client_name="host66.spam.example"
    )
    told = answer(rules=["A", "B"], undecided=[("C", "DNS TXT s1.example: timeout")], seconds=0.0123,
                  message_id="<77@mailer.example>", would="reject")  # fmt: skip
    assert written(False, asked, told) == (
        "4XyZ12: mid=<77@mailer.example> from=<> to=<you@example.com> verdict=backscatter score=7.5 required=5.0"
        " kind=failure rules=A,B undecided=C ms=12.3 action=header door=milter"
        ' client=host66.spam.example[203.0.113.5] would=reject why="DNS TXT *: timeout"'
    )


def test_the_line_on_the_page_about_logs_is_one_of_ours():
    page = (Path(__file__).resolve().parents[2] / "docs/service/logs.md").read_text(encoding="utf-8")
    shown = next(line for line in page.splitlines() if " ndrfilter[" in line).partition("]: ")[2]
    entry = read_plain(shown)
    assert (entry.queue_id, entry.word("verdict"), entry.word("why")) == ("4XyZ12", "backscatter", "DNS TXT *: timeout")
    table = set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (`.*?`) \|", page, re.M))))
    assert set(entry.fields) <= table


def test_the_same_as_json():
    line = json.loads(written(True, question(), answer(rules=["A"], troubles=[("plugin x", "Oops: 1")])))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line == {
        "level": "warning", "queue": "4XyZ", "mid": "", "from": "", "to": ["you@example.com"],
        "verdict": "backscatter", "score": 7.5, "required": 5.0, "kind": "failure", "rules": ["A"], "undecided": [],
        "ms": 0.0, "action": "header", "door": "http", "error": ["plugin x: Oops: 1"],
    }  # fmt: skip


def test_what_nobody_told_is_empty():
    line = written(False, question("http", "", None, ()), answer("undetermined", "none", unjudged="opt-out", action=""))
    assert line.startswith("NOQUEUE: mid=<> from= to= verdict=undetermined ")
    assert line.endswith(" action=none door=http unjudged=opt-out")
    entry = read_plain(line)
    assert (entry.queue_id, entry.fields["from"], entry.fields["to"], entry.fields["rules"]) == ("", (), (), ())


@pytest.mark.parametrize(("as_json", "read"), READERS)
@settings(deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE | st.none(), ITEMS, HOSTILE, HOSTILE, ITEMS)
def test_any_text_in_any_field_is_one_line_that_says_the_same(
    as_json, read, queue, mid, sender, to, client, what, rules
):
    asked = question("http", queue, sender, to, client_ip=client, client_name=what)
    told = answer(rules=rules, undecided=[(what, client)], troubles=[(what, mid)], message_id=mid)
    line = written(as_json, asked, told)
    assert harmless(line)
    assert len(line.encode()) <= limits.JOURNAL_LINE
    entry = read(line)
    assert entry.queue_id in (queue, "" if queue == "NOQUEUE" else queue)
    assert entry.fields["mid"] == (inner(mid),)
    assert entry.fields["from"] == (() if sender is None else (inner(sender),))
    assert entry.fields["to"] == tuple(map(inner, to))
    assert entry.fields["rules"] == tuple(rules)
    assert entry.fields["undecided"] == (what,)
    assert entry.fields["error"] == (f"{what}: {mid}",)
    assert entry.word("client") == (f"{what or 'unknown'}[{client}]" if client else "")
    assert [entry.word(name) for name in ("verdict", "score", "ms")] == ["backscatter", "7.5", "0.0"]


@pytest.mark.parametrize(("as_json", "read"), READERS)
@settings(deadline=None)
@given(HOSTILE, st.dictionaries(st.sampled_from(["refused", "action", "from", "to", "why"]), HOSTILE, min_size=1))
def test_remarks_too(as_json, read, queue, words):
    line = written(as_json, remark=Remark("policy", queue, tuple(words.items())))
    assert harmless(line)
    entry = read(line)
    marks = ("from", "to")
    assert entry.fields == {
        "door": ("policy",), **{name: (inner(word) if name in marks else word,) for name, word in words.items()}
    }  # fmt: skip


@pytest.mark.parametrize(("as_json", "read"), READERS)
@settings(deadline=None)
@given(st.text(max_size=5_000), st.lists(st.text(min_size=100, max_size=3_000), max_size=60))
def test_a_long_line_is_cut_and_can_still_be_read(as_json, read, mid, many):
    asked = question("http", mid, mid, many)
    line = written(as_json, asked, answer(rules=many, undecided=[(one, one) for one in many], message_id=mid))
    assert len(line.encode()) <= limits.JOURNAL_LINE - 200
    entry = read(line)
    assert len(entry.fields["to"]) <= limits.JOURNAL_ITEMS + 1
    for text, whole in zip(entry.fields["to"][:4], many, strict=False):
        assert text == inner(whole) or inner(whole).startswith(text.removesuffix("..."))


def test_a_list_is_cut_at_twenty_names():
    rules = [f"RULE_{number}" for number in range(23)]
    entry = read_plain(written(False, question(), answer(rules=rules)))
    assert entry.fields["rules"] == (*rules[:20], "+3")


def test_no_text_can_look_like_another_field():
    told = answer(
        "backscatter", troubles=[("plugin x", "boom verdict=genuine score=-9")], message_id="<a verdict=genuine>"
    )
    line = written(False, question(sender="x verdict=genuine"), told)
    assert re.findall(r"\bverdict=\S+", line) == ["verdict=backscatter"] or line.count(" verdict=") == 1


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_line_of_others_is_an_exception(text):
    for line in (text, f"ABC: {text}", f"ABC: verdict={text}", f'{{"queue":"x","a":{text}}}', f'{{"queue":{text}'):
        read_plain(line)
        read_json(line)


@pytest.mark.parametrize(
    "line",
    [
        "4XyZ: to=<a@b>, relay=mx.example[192.0.2.1]:25, status=sent (250 ok)",
        "listening: http on 127.0.0.1:80",
        "4XyZ: client=unknown[192.0.2.1] extra",
        "",
        "4XyZ:",
    ],
)
def test_lines_of_others_are_none_of_ours(line):
    assert read_plain(line) is None
    assert read_json(line) is None


def test_reading_a_hostile_line_takes_no_time():
    assert read_plain("A: a=" + "<," * 50_000) is None
    assert read_plain("A: " + "a= " * 1_000).fields == {"a": ()}
    assert read_plain("A: a=" + '"",' * 50_000) is None


def test_events_are_lines_each_with_the_text_made_visible():
    kept = Kept()
    Journal(kept).event("reload refused\n\x1b[31mred\u202e", ERROR)
    assert kept.lines == ["reload refused", "\\x1b[31mred\\u202e"]
    kept.lines.clear()
    Journal(kept, json=True).event("two\nlines", ERROR)
    (line,) = kept.lines
    assert json.loads(line).items() >= {"level": "error", "event": "two\nlines"}.items()


@settings(deadline=None)
@given(st.text(min_size=1) | st.text(min_size=2_000, max_size=6_000), st.booleans())
def test_any_event_is_lines_that_are_short_enough(text, as_json):
    kept = Kept()
    Journal(kept, as_json).event(text)
    assert all(harmless(line) and len(line.encode()) <= limits.JOURNAL_LINE - 200 for line in kept.lines)
    assert len(kept.lines) == (1 if as_json else len(text.splitlines()))
