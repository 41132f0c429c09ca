"""The built-in facts have the types that they declare: the filter asks that of plugins' facts alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ndrfilter import Envelope, Filter, extensions
from ndrfilter.facts import BUILT_IN
from ndrfilter.facts.conform import conforms
from ndrfilter.facts.world import _OWN
from ndrfilter.schema import Unknown

CASES = Path(__file__).parents[1] / "cases"
SITE = {"site": {"domains": ["example.com"], "relays": ["mail.example.com", "192.0.2.0/24"], "complete": ["relays"]}}
REAL = sorted(path for path in CASES.glob("dsn/**/*") if path.suffix in (".eml", ".msg", ".txt"))
PIECES = st.sampled_from(
    [
        b"Received: from a (b [192.0.2.1]) by c; now\n", b"From: <a@b>\n", b"Subject: Undeliverable\n", b"\n", b"--b\n",
        b"Content-Type: multipart/report; boundary=b\n", b"Content-Type: message/delivery-status\n", b"Action: failed\n",
        b"Final-Recipient: rfc822; x@y.example\n", b"Content-Type: message/rfc822\n", b"Date: Mon, 1 Jan 2024 0:0 +0\n",
        b"Authentication-Results: mx; spf=pass\n", b"To: a, b@c\n", b"\xff\x00", b"http://a.example/x.exe\n",
    ]
)  # fmt: skip


def _wrong(raw):
    facts = Filter.from_config(SITE).facts(
        raw, Envelope(sender="", recipients=("a@example.com",), client_ip="192.0.2.1")
    )
    own = [spec for spec in facts.schema.facts.values() if spec.plugin in _OWN]
    assert len(own) > 60
    for spec in own:
        value = facts.fact(spec.name)
        if value is not None and not isinstance(value, Unknown) and not conforms(value, spec.type, facts.schema):
            yield spec.name, value
    assert facts.troubles == []


def test_the_modules_that_are_believed_are_the_built_in_ones():
    assert {module.__name__.rpartition(".")[2] for module in BUILT_IN} == _OWN
    assert {spec.plugin for spec in extensions.loaded().schema.facts.values()} > _OWN


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_of_real_bounces(path):
    assert list(_wrong(path.read_bytes())) == []


@given(st.lists(PIECES, max_size=40).map(b"".join))
@settings(max_examples=150, deadline=None)
def test_of_anything_else(raw):
    assert list(_wrong(raw)) == []


def test_what_is_known_beforehand_is_what_would_be_found_out():
    facts = Filter.from_config(SITE).facts(b"Subject: hello\n\nHow are you?\n")
    known = dict(facts)
    assert {"site.domains", "spf.original"} <= known.keys()
    for name, value in known.items():
        found = facts.schema.facts[name].fetch(facts)
        assert (found.get("x") == value.get("x")) if name == "site.vars" else found == value
