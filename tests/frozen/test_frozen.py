"""A filter that was frozen and thawed says what the ordinary one says, and knows what it was made of."""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ndrfilter import Envelope, Filter, config, extensions, knowledge, resources
from ndrfilter.adapters.clock import FixedClock
from ndrfilter.frozen import NotFrozenError, freeze, thaw

ROOT = Path(__file__).resolve().parents[2]
NOW = FixedClock(1_795_341_600.0)
SITE = {"domains": ["example.com"], "relays": ["mail.example.com", "192.0.2.0/24"], "complete": ["relays"]}
PLUGINS = {
    "token": {"keys": {"one": "0123456789abcdef0123"}},
    "batv": {"keys": {"1": "0123456789abcdef0123"}},
    "sent_log": {},
    "dkim": {},
    "spf": {},
}
MAILS = sorted(ROOT.glob("rules/**/*.eml"))


def both(made: config.Config) -> tuple[Filter, Filter]:
    """The ordinary filter, and the one that went through data on disk."""
    return Filter(made, clock=NOW), thaw(marshal.loads(marshal.dumps(freeze(made))), clock=NOW)


@pytest.mark.parametrize(
    "mapping",
    [
        {"site": SITE},
        {},
        {"sites": [SITE, {"domains": ["example.org"], "relays": ["2001:db8::/32"], "vars": {"a": "b"}}]},
        {"site": SITE, "ruleset": "strict"},
    ],
)
def test_the_rules_own_mails_are_judged_alike(mapping):
    plain, thawed = both(config.from_mapping(mapping))
    assert MAILS
    for path in MAILS:
        for envelope in (None, Envelope(sender="", recipients=("someone@example.com",), client_ip="192.0.2.1")):
            raw = path.read_bytes()
            assert thawed.check(raw, envelope=envelope) == plain.check(raw, envelope=envelope), path


@pytest.mark.shared("corpus")
@pytest.mark.parametrize("mapping", [{"site": SITE}, {}])
def test_the_corpus_is_judged_alike(mapping):
    plain, thawed = both(config.from_mapping(mapping))
    mails = sorted(path for path in Path(os.environ["NDRFILTER_SHARED"], "corpus").rglob("*") if path.is_file())
    assert mails
    for path in mails[::5]:
        raw = path.read_bytes()[:1_000_000]
        assert thawed.check(raw, envelope=Envelope("")) == plain.check(raw, envelope=Envelope("")), path


def test_plugins_keep_their_settings_and_their_facts():
    plain, thawed = both(config.from_mapping({"site": SITE, "plugins": PLUGINS}))
    raw = MAILS[0].read_bytes()
    one, other = (judge.facts(raw, Envelope("")) for judge in (plain, thawed))
    assert set(other.plugins.keys()) == set(PLUGINS) <= set(one.plugins)
    for name in PLUGINS:
        assert other.settings(name) == one.settings(name)
    assert other.schema.facts.keys() == one.schema.facts.keys()
    for name, spec in one.schema.facts.items():
        same = other.schema.facts[name]._replace(doc=spec.doc, fetch=spec.fetch, afetch=spec.afetch)
        assert (same, other.schema.facts[name].fetch is None) == (spec, spec.fetch is None)
        assert type(other.fact(name)) is type(one.fact(name)), name


def test_a_plugin_that_is_off_says_nothing_and_is_not_imported():
    code = (
        "import marshal, sys; from ndrfilter.frozen import thaw; judge = thaw(marshal.load(sys.stdin.buffer));"
        "judge.check(b'From: <a@example.org>\\n\\nx'); print(*sys.modules)"
    )
    data = marshal.dumps(freeze(config.from_mapping({"site": SITE})))
    done = subprocess.run([sys.executable, "-c", code], input=data, cwd=ROOT, capture_output=True, check=True)
    heavy = {"yaml", "pluggy", "lark", "pathlib", "argparse", "typing", "dataclasses", "inspect", "json", "asyncio"}
    loaded = set(done.stdout.decode().split())
    assert "ndrfilter.api" in loaded
    assert not {name for name in loaded if name.startswith("ndrfilter_plugins")} | (heavy & loaded - _START)


_START = set(
    subprocess.run(
        [sys.executable, "-c", "import sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    ).stdout.split()
)


def test_a_rule_goes_when_its_time_comes(site):
    (site.parent / "rules" / "own.ndr").write_text(
        'language 1\nrule OWN { describe "x" when size > 0 exempt "so" expires 2027-01-01 }\n'
    )
    data = freeze(config.load(site))
    before, after = (thaw(data, clock=FixedClock(time)) for time in (NOW.time, NOW.time + 10 * 365 * 86_400.0))
    assert "OWN" in before.ruleset.rules
    assert "OWN" not in after.ruleset.rules


@pytest.fixture
def site(tmp_path):
    """A configuration with everything beside it that it may have."""
    for name in ("rules", "rulesets"):
        (tmp_path / name).mkdir()
    (tmp_path / "rules" / "names.txt").write_text("one.example\n")
    (tmp_path / "rules" / "own.ndr").write_text(
        'language 1\nlist names = file "names.txt"\n'
        'rule OWN { describe "x" when author.domain within names exempt "so" }\n'
    )
    (tmp_path / "rulesets" / "mine.yml").write_text("extends: default\n")
    (tmp_path / "partners.txt").write_text("b.example\n")
    (tmp_path / "domains.txt").write_text("example.com\n")
    (tmp_path / "secret").write_text("one 0123456789abcdef0123\n")
    (tmp_path / "secret").chmod(0o600)
    path = tmp_path / "ndrfilter.yml"
    path.write_text(
        "site: {domains_file: domains.txt}\nruleset: mine\nlists: {partners: partners.txt}\n"
        "plugins: {token: {keys: secret}}\n"
    )
    return path


NAMES = (
    "ndrfilter.yml",
    "rules/own.ndr",
    "rules/names.txt",
    "rulesets/mine.yml",
    "partners.txt",
    "domains.txt",
    "secret",
)


@pytest.mark.parametrize("name", NAMES)
def test_every_file_that_it_was_made_of_is_stamped(site, name):
    kept = freeze(config.load(site))["stamps"]
    path = site.parent / name
    os.utime(path, ns=(1, 1))
    assert knowledge.stamps(Path(name) for name, _, _ in kept) != kept


@pytest.mark.parametrize("name", ["rules/new.ndr", "rules/below/new.ndr", "rulesets/default.yml"])
def test_a_new_file_is_noticed(site, name):
    kept = freeze(config.load(site))["stamps"]
    path = site.parent / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("language 1\n")
    assert knowledge.stamps(Path(name) for name, _, _ in kept) != kept


def test_a_folder_beside_the_configuration_is_noticed(tmp_path):
    path = tmp_path / "ndrfilter.yml"
    path.write_text("site: {domains: [example.com]}\n")
    kept = freeze(config.load(path))["stamps"]
    assert (str(tmp_path / "rules"), 0, -1) in kept
    (tmp_path / "rules").mkdir()
    assert knowledge.stamps(Path(name) for name, _, _ in kept) != kept


def test_a_configuration_that_would_come_first_is_noticed(tmp_path, monkeypatch):
    monkeypatch.delenv("NDRFILTER_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    machine = Path("/etc/ndrfilter/ndrfilter.yml")
    from ndrfilter.frozen.freezing import _earlier

    assert list(_earlier(machine)) == [tmp_path / "home/ndrfilter/ndrfilter.yml"]
    assert list(_earlier(tmp_path / "other.yml")) == []


def test_what_is_no_plain_data_is_refused(monkeypatch):
    made = config.from_mapping({"site": SITE})
    with pytest.raises(NotFrozenError, match="plugin odd"):
        freeze(made._replace(settings={"odd": object()}))


def test_plugins_of_other_packages_are_refused(monkeypatch):
    monkeypatch.setattr(resources, "installed_plugins", lambda: ("acme",))
    with pytest.raises(NotFrozenError, match="acme"):
        freeze(config.from_mapping({"site": SITE}))


def test_the_marker_is_pluggys():
    from pluggy import HookimplMarker

    from ndrfilter.plugin import hookimpl

    marker = HookimplMarker("ndrfilter")
    for options in ({}, {"tryfirst": True}, {"specname": "declare"}):
        ours, theirs = (made(lambda: (), **options).ndrfilter_impl for made in (hookimpl, marker))
        assert ours == theirs
    assert extensions.loaded().plugins.keys() >= {"content", "bounce", "client", "origin", *resources.plugin_names()}
