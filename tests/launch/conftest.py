"""A launcher for a site, written once; the whole filter beside it, and the launcher with no way back to it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from argparse import Namespace
from functools import cached_property
from pathlib import Path

import pytest

from ndrfilter import Filter
from ndrfilter.doors import filtered

ROOT = Path(__file__).resolve().parents[2]
CONFIG = "site: {domains: [example.com], relays: [mail.example.com]}\n"


class Site:
    """A configuration in a folder of its own, its cache, and the launcher for it."""

    def __init__(self, folder: Path, config: str = CONFIG) -> None:
        self.folder, self.cache = folder, folder / "cache"
        self.config, self.launcher = folder / "ndrfilter.yml", folder / "ndrfilter-filter"
        self.config.write_text(config)

    def environment(self, **more: str) -> dict[str, str]:
        """One without anybody's configuration or envelope."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "NDRFILTER_CACHE": str(self.cache)}
        return env | {"NDRFILTER_STATE": str(self.folder / "state")} | more

    def command(self, *args: str | Path, **options):
        """Run a command of ndrfilter."""
        command = [sys.executable, "-m", "ndrfilter", *map(str, args)]
        options = {"env": self.environment(PYTHONPATH=str(ROOT)), **options}
        return subprocess.run(command, capture_output=True, timeout=120, **options)

    def compile(self) -> None:
        """Write the launcher; rules that are compiled already need not be compiled again."""
        self.cache.mkdir(exist_ok=True)
        for known in Path(os.environ["NDRFILTER_CACHE"]).glob("rules-*"):
            shutil.copy2(known, self.cache)
        done = self.command("-c", self.config, "compile", "--launcher", self.launcher)
        assert done.returncode == 0, done.stderr.decode()
        assert f"launcher written: {self.launcher}" in done.stdout.decode()

    @property
    def alone(self) -> Path:
        """The launcher without the whole filter to fall to: what it cannot do itself ends with 75."""
        path = self.folder / "alone"
        path.write_text(
            re.sub(r"^command = \[.*?,", "command = ['/nonexistent/python',", self.launcher.read_text(), flags=re.M)
        )
        path.chmod(0o755)
        return path

    def launch(self, raw: bytes, *args: str, path: Path | None = None, env=(), **options):
        """Filter a message by the launcher."""
        options = {
            "env": self.environment(**dict(env)),
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            **options,
        }
        return subprocess.run([path or self.launcher, *args], input=raw, timeout=120, **options)

    def whole(self, raw: bytes, *args: str, env=()):
        """Filter a message by `ndrfilter filter`, which a busy machine may take its time for."""
        args = args if "--max-seconds" in args else (*args, "--max-seconds", "100")
        more = {"input": raw, "env": self.environment(PYTHONPATH=str(ROOT), **dict(env))}
        return self.command("-c", self.config, "filter", *args, **more)

    @cached_property
    def _judge(self) -> Filter:
        return Filter.from_config(self.config)

    def filtered(self, raw: bytes) -> bytes:
        """What `ndrfilter filter` writes without arguments, worked out in this process."""
        nobody = dict.fromkeys(("sender", "recipient", "client_ip", "client_name", "helo"))
        return filtered.judged(raw, self._judge, Namespace(**nobody))


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Site:
    """A site with a launcher; not to be changed."""
    site = Site(tmp_path_factory.mktemp("made"))
    site.compile()
    return site


@pytest.fixture
def copied(made, tmp_path) -> Site:
    """The same launcher, with a cache of its own that may be changed."""
    own = Site(tmp_path)
    shutil.copytree(made.cache, own.cache)
    own.launcher.write_text(made.launcher.read_text().replace(str(made.cache), str(own.cache)))
    own.launcher.chmod(0o755)
    own.config = made.config
    return own


@pytest.fixture
def bare(tmp_path) -> Site:
    """A site without a launcher."""
    return Site(tmp_path)


@pytest.fixture
def site(bare) -> Site:
    """One that has a launcher, and may be changed."""
    bare.compile()
    return bare


@pytest.fixture(scope="session")
def unbound(tmp_path_factory) -> Site:
    """One whose launcher was not told a configuration: it took the one at home. Not to be changed."""
    own = Site(tmp_path_factory.mktemp("unbound"))
    home = own.folder / ".config" / "ndrfilter"
    home.mkdir(parents=True)
    shutil.copy(own.config, home / "ndrfilter.yml")
    done = own.command("compile", "--launcher", own.launcher)
    assert done.returncode == 0, done.stderr
    return own
