"""What looks for all pieces at once says what the plan says, of any mail."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ndrfilter import Filter
from ndrfilter.gate import check
from ndrfilter.gate.plans import plan_of
from ndrfilter.gate.quick import Quick
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

ODD = ["anna@example.net", "<>", "", " ", "é", "ſ", "\t", "=?utf-8?q?=46?=", "=?utf-8?q?=09=00?=", "x"]


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


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_it_says_what_the_plan_says(plan, quick, data):
    words = [*sorted(set(pieces(plan[2]))), *ODD]
    value = st.lists(st.sampled_from(words), max_size=3).map(" ".join) | st.lists(
        st.sampled_from(words), max_size=3
    ).map("".join)
    fields = data.draw(st.lists(st.tuples(st.sampled_from(FIELDS), value), max_size=6))
    fields += data.draw(st.lists(st.tuples(st.sampled_from(sorted(plan[3])).map(bytes.decode), value), max_size=1))
    head = "".join(f"{name}: {text}\n" for name, text in fields).encode("utf-8", "replace")
    raw = head + b"\n--b\nContent-Type: " + data.draw(value).encode("utf-8", "replace") + b"\n\ntext\n"
    sender = data.draw(st.sampled_from(SENDERS))
    assert quick.closed(raw, sender, field_text) == check.closed(raw, plan, sender, field_text)
