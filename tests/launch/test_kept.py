"""What the launcher keeps: used while it fits and could be nobody else's; else the whole filter does the work."""

from __future__ import annotations

import marshal
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ndrfilter.launch import first, samples

PATIENT = ("--max-seconds", "100")
RULE = 'language 1\nrule OWN { describe "x" when author.domain == "remote.example" toward genuine 1.0 }\n'


def kept(site) -> list[Path]:
    return [path for path in site.cache.iterdir() if path.name.startswith(("start-", "bundle-"))]


def alone(site, raw: bytes = samples.ORDINARY, **options) -> int:
    """How the launcher ends that has nothing to fall to: 0 if it needs nothing."""
    return site.launch(raw, path=site.alone, **options).returncode


def says(site, raw: bytes = samples.ORDINARY) -> bytes:
    """What the launcher says of the message, which must be what the filter says."""
    done = site.launch(raw, *PATIENT)
    whole = site.whole(raw)
    assert (done.stdout, done.stderr, done.returncode) == (whole.stdout, whole.stderr, whole.returncode)
    return done.stdout.partition(b"\n")[0]


def test_what_changes_makes_it_stale(site):
    assert alone(site) == alone(site, samples.ALL[0]) == 0
    site.config.write_text("site: {domains: [example.org]}\n")
    assert alone(site) == alone(site, samples.ALL[0]) == 75
    assert says(site).startswith(b"X-NDR-Status: not-a-bounce;")
    site.compile()
    assert alone(site) == 0


@pytest.mark.parametrize("name", ["rules/own.ndr", "rulesets/own.yml"])
def test_a_file_that_comes_makes_it_stale(site, name):
    path = site.folder / name
    path.parent.mkdir()
    path.write_text(RULE if name.endswith(".ndr") else "description: own\n")
    assert alone(site) == 75


def test_a_rule_of_the_site(bare):
    (bare.folder / "rules").mkdir()
    (bare.folder / "rules" / "own.ndr").write_text(RULE)
    bare.compile()
    says(bare)
    says(bare, samples.ALL[0])
    (bare.folder / "rules" / "own.ndr").write_text(RULE.replace("1.0", "1.5"))
    assert alone(bare) == 75


def test_a_broken_configuration(site):
    site.config.write_text("site: [\n")
    assert says(site) == b"X-NDR-Status: undetermined; error=config"
    site.config.unlink()
    assert says(site) == b"X-NDR-Status: undetermined; error=config"


def test_a_configuration_that_is_broken_has_no_launcher(bare):
    bare.config.write_text("site: [\n")
    assert bare.command("-c", bare.config, "compile", "--launcher", bare.launcher).returncode == 2
    assert not bare.launcher.exists()


@pytest.mark.parametrize("damage", [b"", b"garbage", None], ids=["empty", "garbage", "short"])
@pytest.mark.parametrize("which", ["start-", "bundle-"])
def test_damage(copied, which, damage):
    (path,) = (path for path in kept(copied) if path.name.startswith(which))
    path.write_bytes(path.read_bytes()[:-9] if damage is None else damage)
    assert alone(copied, samples.ALL[0]) == 75
    says(copied, samples.ALL[0])


def test_nothing_is_kept_any_more(copied):
    shutil.rmtree(copied.cache)
    assert alone(copied) == 75
    says(copied)


def test_a_bundle_of_another_run(copied):
    (path,) = (path for path in kept(copied) if path.name.startswith("bundle-"))
    bundle = first.read(str(copied.cache), path.name)
    payload = marshal.dumps(bundle | {"pair": b"another"})
    path.write_bytes(first.head(len(payload)) + payload)
    assert alone(copied) == 0
    assert alone(copied, samples.ALL[0]) == 75


@pytest.mark.parametrize("mode", [0o666, 0o664])
@pytest.mark.parametrize("which", ["start-", "bundle-"])
def test_what_others_may_write_is_not_read(copied, which, mode):
    (path,) = (path for path in kept(copied) if path.name.startswith(which))
    path.chmod(mode)
    assert alone(copied, samples.ALL[0]) == 75


def test_a_folder_that_others_may_write_is_not_read(copied):
    copied.cache.chmod(0o777)
    assert alone(copied) == 75


def test_a_link_is_not_followed(copied, tmp_path):
    (path,) = (path for path in kept(copied) if path.name.startswith("start-"))
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert alone(copied) == 75


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
def test_what_belongs_to_somebody_else_is_not_read(copied):
    for path in kept(copied):
        os.chown(path, 12345, -1)
    assert alone(copied) == 75


def test_a_cache_that_nobody_may_write_is_enough(copied):
    for path in kept(copied):
        path.chmod(0o444)
    copied.cache.chmod(0o555)
    assert alone(copied) == alone(copied, samples.ALL[0]) == 0
    copied.cache.chmod(0o755)


def test_a_secret_configuration_is_kept_as_secretly(site):
    site.config.chmod(0o600)
    site.compile()
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept(site))
    assert alone(site) == 0


def test_another_interpreter(copied):
    text = copied.launcher.read_text()
    copied.launcher.write_text(re.sub(r"hexversion == \d+", "hexversion == 1", text))
    assert alone(copied) == 75
    says(copied)


def test_a_launcher_that_cannot_be_written(bare):
    for place in (bare.config / "launcher", "/proc/x"):
        done = bare.command("-c", bare.config, "compile", "--launcher", place)
        assert done.returncode == 75
        assert b"Traceback" not in done.stderr


def test_without_a_path_the_launcher_lies_beside_what_is_kept(bare):
    done = bare.command("-c", bare.config, "compile")
    assert done.returncode == 0
    bare.launcher = bare.cache / "ndrfilter-filter"
    assert alone(bare) == 0


class TestUnbound:
    """A launcher of no certain configuration takes the one that the filter would find."""

    def test_the_one_at_home(self, unbound):
        assert alone(unbound) == 0

    def test_another_that_is_named(self, unbound):
        assert alone(unbound, env={"NDRFILTER_CONFIG": str(unbound.config)}) == 75
        assert alone(unbound, env={"XDG_CONFIG_HOME": str(unbound.folder / "other")}) == 75
        assert alone(unbound, env={"HOME": "/nonexistent"}) == 75

    def test_the_same_that_is_named(self, unbound):
        own = unbound.folder / ".config" / "ndrfilter" / "ndrfilter.yml"
        assert alone(unbound, env={"NDRFILTER_CONFIG": str(own)}) == 0
        assert alone(unbound, env={"XDG_CONFIG_HOME": str(unbound.folder / ".config")}) == 0


def test_plugins_that_ask_the_network_or_remember(bare):
    bare.config.write_text(
        "site: {domains: [example.com], relays: [mail.example.com], complete: [log]}\n"
        f"plugins: [spf, dkim, sent_log]\nstate: {bare.folder / 'state'}\ndns: {{servers: ['127.0.0.1:9'], timeout: 1s}}\n"
    )
    bare.compile()
    says(bare)
    says(bare, samples.ALL[0])


def _runs(path: str, **options) -> bool:
    try:
        return subprocess.run([path, "-c", "pass"], **options).returncode == 0
    except PermissionError:
        return False


def test_as_somebody_else(site):
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    nobody = {"user": 65534, "group": 65534}
    if not _runs(sys._base_executable, **nobody):
        pytest.skip("the interpreter lies where only its owner may look")
    for folder in (site.folder, *list(site.folder.parents)[:-2]):
        if folder.stat().st_uid == 0 and folder != Path("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o055)
    done = subprocess.run([site.alone], input=samples.ALL[0], capture_output=True, env=site.environment(), **nobody)
    assert done.returncode == 0, done.stderr


def test_ordinary_mail_is_decided_by_the_start_alone(copied):
    """It has a plan of the gate: no bundle is read, and nothing is left to the whole filter."""
    (path,) = (path for path in kept(copied) if path.name.startswith("start-"))
    assert first.read(str(copied.cache), path.name)["ordinary"]["gate"]
    for path in kept(copied):
        if path.name.startswith("bundle-"):
            path.unlink()
    assert alone(copied) == 0
    assert alone(copied, samples.ALL[0]) == 75


def test_only_a_few_are_kept(site):
    for number in range(12):
        for kind in ("start", "bundle"):
            (site.cache / f"{kind}-{number}").write_bytes(b"old")
            os.utime(site.cache / f"{kind}-{number}", (number, number))
    before = set(kept(site))
    site.compile()
    left = set(kept(site))
    assert len(left) == 16
    assert {path for path in before if path.name.endswith("-0")} & left == set()
    assert alone(site) == 0
