"""Compiled rules on disk: used when they fit, ignored when they do not, and never read where another could write."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ndrfilter import knowledge
from ndrfilter.adapters import cache
from ndrfilter.config import load
from ndrfilter.errors import RuleError

IMAGE = {"rules": (("A", 1.5, None, True, frozenset({"x"})),), "lists": {"k": ("n", ("a",))}}


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A configuration with a rule of its own, and a cache folder of its own."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "names.txt").write_text("one.example\n")
    (tmp_path / "rules" / "lets.ndr").write_text('language 1\nlet odd = subject contains "odd"\n')
    (tmp_path / "rules" / "own.ndr").write_text(
        'language 1\nimport "lets.ndr"\nlist names = file "names.txt"\n'
        'rule OWN { describe "x" when odd or author.domain within names toward genuine 1.0 }\n'
    )
    config = tmp_path / "ndrfilter.yml"
    config.write_text("site: {domains: [example.com]}\n")
    monkeypatch.setenv("NDRFILTER_CACHE", str(tmp_path / "cache"))
    knowledge._loaded.cache_clear()
    yield config
    knowledge._loaded.cache_clear()


def from_cache(config) -> bool:
    """Whether the rules come from the cache: only the sources have warnings, tests and worlds."""
    knowledge._loaded.cache_clear()
    return not knowledge.of(load(config)).program.tests


def test_kept_rules_are_used_and_say_the_same(site):
    assert not from_cache(site)
    fresh = knowledge.of(load(site)).program
    knowledge.keep(load(site))
    assert from_cache(site)
    kept = knowledge.of(load(site)).program
    assert [rule._replace(condition=0, describe=0, trace=0) for rule in kept.rules] == [
        rule._replace(condition=0, describe=0, trace=0) for rule in fresh.rules
    ]
    assert [one.name for one in kept.recognisers] == [one.name for one in fresh.recognisers]
    assert [found.entries for found in kept.lists.values()] == [found.entries for found in fresh.lists.values()]
    assert ("one.example",) in [found.entries for found in kept.lists.values()]


@pytest.mark.parametrize("name", ["rules/own.ndr", "rules/lets.ndr", "rules/names.txt"])
def test_a_changed_file_makes_the_cache_stale(site, name):
    knowledge.keep(load(site))
    path = site.parent / name
    path.write_text(path.read_text() + "\n# changed\n")
    assert not from_cache(site)


def test_a_new_file_makes_the_cache_stale(site):
    knowledge.keep(load(site))
    (site.parent / "rules" / "second.ndr").write_text("language 1\n")
    assert not from_cache(site)


def test_broken_rules_are_not_kept(site):
    (site.parent / "rules" / "bad.ndr").write_text("language 1\nrule {")
    with pytest.raises(RuleError):
        knowledge.keep(load(site))


@pytest.mark.parametrize("damage", [b"", b"garbage", None], ids=["empty", "garbage", "one bit"])
def test_a_damaged_cache_is_ignored(site, damage):
    path, _ = knowledge.keep(load(site))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data) if damage is None else damage)
    assert not from_cache(site)


@pytest.mark.parametrize("what", ["file", "folder"])
@pytest.mark.parametrize("mode", [0o020, 0o002])
def test_what_others_may_write_is_not_read(tmp_path, what, mode):
    path = cache.write("k", IMAGE, tmp_path / "c")
    assert cache.read("k", (tmp_path / "c",)) == IMAGE
    spoiled = path if what == "file" else path.parent
    spoiled.chmod(spoiled.stat().st_mode | mode)
    assert cache.read("k", (tmp_path / "c",)) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_belongs_to_others_is_not_read(tmp_path, what):
    path = cache.write("k", IMAGE, tmp_path / "c")
    os.chown(path if what == "file" else path.parent, 65_534, 65_534)
    assert cache.read("k", (tmp_path / "c",)) is None


def test_links_and_pipes_are_not_read(tmp_path):
    path = cache.write("k", IMAGE, tmp_path / "c")
    path.rename(path.parent / "real")
    path.symlink_to("real")
    assert cache.read("k", (tmp_path / "c",)) is None
    path.unlink()
    os.mkfifo(path, 0o600)
    assert cache.read("k", (tmp_path / "c",)) is None


def test_only_a_few_are_kept(tmp_path):
    for number in range(12):
        cache.write(f"k{number}", IMAGE, tmp_path)
    assert len(list(tmp_path.glob("rules-*"))) == cache._KEPT
    assert cache.read("k11", (tmp_path,)) == IMAGE


def ndrfilter(folder, *command, stdin=b""):
    """The program with that cache folder; what it imports is on standard error."""
    env = {**os.environ, "NDRFILTER_CACHE": str(folder)}
    return subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "ndrfilter", *command], env=env, input=stdin, capture_output=True
    )


def test_a_filter_uses_what_the_command_kept_and_never_loads_the_parser(tmp_path):
    mail = b"From: a@example.org\nSubject: hello\n\nHow are you?\n"
    before = ndrfilter(tmp_path / "c", "filter", "--max-seconds", "0", stdin=mail)
    assert b"lark" in before.stderr
    assert not (tmp_path / "c").exists()
    assert ndrfilter(tmp_path / "c", "compile").returncode == 0
    after = ndrfilter(tmp_path / "c", "filter", "--max-seconds", "0", stdin=mail)
    assert b"lark" not in after.stderr
    assert after.stdout == before.stdout != b""


SERVED = (
    "from ndrfilter import Filter; f = Filter.from_config(None); f.prepare(); print(f.loaded.plan(f.ruleset) is None)"
)


def served(folder, code=SERVED):
    """What a process that judges much mail imports, and what it prints."""
    env = {**os.environ, "NDRFILTER_CACHE": str(folder)}
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", code], env=env, capture_output=True, check=True)
    return done.stderr, done.stdout


def test_the_gates_plan_is_kept_with_the_rules_and_not_derived_again(tmp_path):
    assert b"ndrfilter.gate.derive" in served(tmp_path / "c")[0]
    assert ndrfilter(tmp_path / "c", "compile").returncode == 0
    imported, printed = served(tmp_path / "c")
    assert b"ndrfilter.gate.quick" in imported
    assert b"ndrfilter.gate.derive" not in imported
    assert printed == b"False\n"


def test_the_plan_of_another_ruleset_is_another(tmp_path):
    (tmp_path / "rulesets").mkdir()
    (tmp_path / "rulesets/calm.yml").write_text('extends: default\nmodes: {"fake/*.ndr": off}\n')
    (tmp_path / "ndrfilter.yml").write_text("ruleset: calm\n")
    code = SERVED.replace("None", repr(str(tmp_path / "ndrfilter.yml")), 1)
    assert ndrfilter(tmp_path / "c", "compile").returncode == 0
    assert b"ndrfilter.gate.derive" in served(tmp_path / "c", code)[0]
    assert ndrfilter(tmp_path / "c", "-c", str(tmp_path / "ndrfilter.yml"), "compile").returncode == 0
    assert b"ndrfilter.gate.derive" not in served(tmp_path / "c", code)[0]
    assert b"ndrfilter.gate.derive" not in served(tmp_path / "c")[0]


def test_what_is_kept_is_found_by_every_process():
    """What the name is made of may hold no set: each process orders those in its own way."""
    code = "from ndrfilter import config, extensions, knowledge as k; c = config.from_mapping({})\n"
    code += "print(k._key(k._inputs(c), extensions.loaded()))"
    seeds = ({**os.environ, "PYTHONHASHSEED": str(seed)} for seed in range(6))
    assert len({subprocess.check_output([sys.executable, "-c", code], env=env) for env in seeds}) == 1


def test_the_command_says_where_it_cannot_write(tmp_path):
    (tmp_path / "file").write_text("")
    done = ndrfilter(tmp_path / "file" / "x", "compile")
    assert done.returncode == 75
    assert b"cannot be written" in done.stderr
