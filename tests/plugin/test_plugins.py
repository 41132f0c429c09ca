"""Plugins: the documented example works, and one that misbehaves is named while the rest goes on."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType

import pytest

from ndrfilter import Envelope, Filter
from ndrfilter.plugin import Evidence, FactSpec, RecordSpec, Unknown, hookimpl
from ndrfilter.plugin.host import Host
from ndrfilter.schema import BOOLEAN, NUMBER, STRING, FieldSpec, list_of, record

BOUNCE = b"""\
Return-Path: <>
From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
To: alice@example.com
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

This is the mail system at host mx.example.org.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; bob@example.org
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 user unknown

--b
Content-Type: text/rfc822-headers

From: alice@example.com
Message-ID: <1@example.com>
X-Acme-Ticket: T-123456

--b--
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs a module under the entry point group, as pip would."""

    def install(name: str, files: dict[str, str], more: Mapping[str, object] = MappingProxyType({})) -> Filter:
        for path, text in files.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[ndrfilter]\nacme = {name}\n")
        monkeypatch.syspath_prepend(tmp_path)
        from ndrfilter import knowledge

        knowledge._loaded.cache_clear()
        return Filter.from_config({"site": {"domains": ["example.com"]}, **more})

    yield install
    from ndrfilter import knowledge

    knowledge._loaded.cache_clear()
    sys.modules.pop("ndrfilter_acme", None)


def documented(root: Path) -> dict[str, str]:
    """The files of the documented package, each in its documented place."""
    text = (root / "docs/plugins.md").read_text()
    return dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```", text, re.S | re.M))


def check(filter_: Filter):
    return filter_.check(BOUNCE, envelope=Envelope(sender="", recipients=("alice@example.com",)))


def test_the_documented_plugin_works(root, installed):
    files = documented(root)
    assert len([line for line in files["ndrfilter_acme/__init__.py"].splitlines() if line.strip()]) <= 30
    assert tomllib.loads(files["pyproject.toml"])["project"]["entry-points"]["ndrfilter"] == {"acme": "ndrfilter_acme"}
    result = check(installed("ndrfilter_acme", files, {"plugins": [{"acme": {"header": "X-Acme-Ticket"}}]}))
    hit = next(hit for hit in result.hits if hit.name == "ACME_TICKET")
    assert hit.text == "the original carries our ticket number T-123456"
    assert hit.evidence == "content"
    assert result.errors == ()


HEAD = """
from ndrfilter.plugin import Evidence, FactSpec, hookimpl
from ndrfilter.schema import NUMBER
from pathlib import Path
@hookimpl
def rules():
    return [Path(__file__).parent / "r"]
@hookimpl
def declare(settings):
"""
RULE = 'language 1\nrule ACME { describe "x" when acme.n > 1 toward genuine 1.0 }\n'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("    def n(facts):\n        raise ValueError('kaput')\n", "acme.n: ValueError: kaput"),
        ("    def n(facts):\n        raise SystemExit(4)\n", "acme.n: SystemExit: 4"),
        ("    def n(facts):\n        return 'three'\n", "acme.n is declared number, got str"),
    ],
)
def test_a_fact_that_breaks_is_unknown_and_named(installed, body, said):
    fact = '    return [FactSpec("acme.n", NUMBER, Evidence.CONTENT, "a number", n)]\n'
    result = check(installed("ndrfilter_acme", {"ndrfilter_acme.py": HEAD + body + fact, "r/r.ndr": RULE}))
    assert result.kind == "failure"
    assert any(error.where == "plugin acme" and said in error.what for error in result.errors)
    assert any(undecided.name == "ACME" and "acme" in undecided.cause for undecided in result.undecided)


@pytest.mark.parametrize(
    "source",
    ["raise RuntimeError('no')", "raise SystemExit(4)", HEAD + "    raise KeyError('x')\n", "import nothing_like_it"],
)
def test_a_plugin_that_cannot_load_is_left_out_and_named(installed, source):
    result = check(installed("ndrfilter_acme", {"ndrfilter_acme.py": source}))
    assert result.kind == "failure"
    assert [error.where for error in result.errors] == ["plugin acme"]


def module(**functions):
    made = ModuleType("acme")
    for name, function in functions.items():
        setattr(made, name, hookimpl(function))
    return made


def plugin(*declared):
    return module(declare=lambda settings: declared)


def fact(name="acme.x", type_=BOOLEAN, **more):
    return FactSpec(name, type_, Evidence.CONTENT, "x", **({"fetch": lambda facts: True} | more))


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ((fact(), fact()), "declared already"),
        ((fact(type_=record("nothing")),), "no record nothing"),
        ((fact(type_=list_of(record("nothing"))),), "no record nothing"),
        ((fact(fetch=None),), "one of fetch and afetch"),
        (("a string",), "expected FactSpec or RecordSpec"),
        ((RecordSpec("r", (FieldSpec("f", record("q"), "f"),), "r"),), "no record q"),
    ],
)
def test_declarations_that_cannot_stand_are_refused(declared, said):
    host = Host()
    host.add("good", plugin(fact("good.y", NUMBER, fetch=lambda facts: 1)), {})
    host.add("acme", plugin(*declared), {})
    loaded = host.loaded()
    assert list(loaded.schema.facts) == ["good.y"]
    assert [name for name, _ in loaded.troubles] == ["acme"]
    assert said in loaded.troubles[0][1]


def test_an_unknown_hook_is_refused():
    host = Host()
    host.add("acme", module(declair=lambda settings: ()), {})
    assert "declair" in host.loaded().troubles[0][1]


def test_settings_reach_the_plugin():
    seen = []
    host = Host()
    host.add("acme", module(declare=lambda settings: seen.append(settings) or ()), {"header": "X-Q"})
    assert seen == [{"header": "X-Q"}]


def test_unknown_says_why():
    assert Unknown("no answer").cause == "no answer"
    assert STRING.kind == "string"
