"""Plugins: the documented example works, and one that misbehaves is named while the rest goes on."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType

import pytest

from ndrfilter import Envelope, Filter, extensions, knowledge
from ndrfilter.errors import ConfigError
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


def _forget():
    extensions.forget()
    knowledge._loaded.cache_clear()


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
        _forget()
        site = {} if "sites" in more else {"site": {"domains": ["example.com"]}}
        return Filter.from_config({**site, **more})

    yield install
    _forget()
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
def declare():
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
    return module(declare=lambda: declared)


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
    host.add("good", lambda: plugin(fact("good.y", NUMBER, fetch=lambda facts: 1)))
    host.add("acme", lambda: plugin(*declared))
    loaded = host.loaded()
    assert list(loaded.schema.facts) == ["good.y"]
    assert [name for name, _ in loaded.troubles] == ["acme"]
    assert said in loaded.troubles[0][1]


def test_an_unknown_hook_is_refused():
    host = Host()
    host.add("acme", lambda: module(declair=lambda: ()))
    assert "declair" in host.loaded().troubles[0][1]


CONFIGURED = """
from ndrfilter.plugin import Evidence, FactSpec, Setting, SettingError, hookimpl
from ndrfilter.schema import NUMBER, STRING
@hookimpl
def settings():
    return [Setting("days", "duration", "how long", 86400.0), Setting("label", "text", "what to call it", required=True)]
@hookimpl
def configure(values):
    if values["label"] == "bad":
        raise SettingError("label", "bad is no label", "another one")
    return (values["label"], values["days"])
@hookimpl
def declare():
    return [FactSpec("acme.label", STRING, Evidence.CONTENT, "the label", lambda facts: facts.settings("acme")[0])]
@hookimpl
def rules():
    from pathlib import Path
    return [Path(__file__).parent / "r"]
"""
LABEL = 'language 1\nrule ACME_LABEL { describe "says {acme.label}" when acme.label exists toward genuine 1.0 }\n'


def labels(result):
    return [hit.text for hit in result.hits if hit.name == "ACME_LABEL"]


def test_a_section_of_the_configuration_reaches_the_plugins_facts_site_by_site(installed):
    files = {"ndrfilter_acme.py": CONFIGURED, "r/r.ndr": LABEL}
    own = {"domains": ["example.com"], "plugins": {"acme": {"label": "ours"}}}
    sites = {"sites": [own, {"domains": ["example.org"]}], "plugins": [{"acme": {"label": "common"}}]}
    filter_ = installed("ndrfilter_acme", files, sites)
    for recipient, label in (("alice@example.com", "ours"), ("alice@example.org", "common")):
        result = filter_.check(BOUNCE, envelope=Envelope(sender="", recipients=(recipient,)))
        assert labels(result) == [f"says {label}"]


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({}, "plugins.acme: label is missing"),
        ({"label": "x", "day": "1d"}, 'unknown key "day" in plugins.acme'),
        ({"label": "x", "days": "ten"}, 'plugins.acme.days: a duration is wanted, not "ten"'),
        ({"label": "bad"}, "plugins.acme.label: bad is no label"),
    ],
)
def test_a_mistake_in_a_section_is_told(installed, section, said):
    with pytest.raises(ConfigError) as raised:
        installed("ndrfilter_acme", {"ndrfilter_acme.py": CONFIGURED}, {"plugins": [{"acme": section}]})
    assert said in [found.message for found in raised.value.diagnostics]


def test_each_plugin_is_asked_for_itself_alone():
    host = Host()
    for name in ("one", "two"):
        host.add(
            name, lambda name=name: module(configure=lambda values: (name, dict(values)), stamp=lambda settings: name)
        )
    plugins = host.loaded().plugins
    assert [plugins[name].configure({"a": 1}) for name in ("one", "two")] == [("one", {"a": 1}), ("two", {"a": 1})]
    assert [plugins[name].stamp(None, {}) for name in ("one", "two")] == ["one", "two"]


def test_unknown_says_why():
    assert Unknown("no answer").cause == "no answer"
    assert STRING.kind == "string"
