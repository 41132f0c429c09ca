"""ndrfilter as it is measured: the default ruleset complete, a site, no evidence from the network, compiled rules."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.speed.mails import ROOT
from tests.service_process import Serving

SITE = """\
site:
  domains:   [home-postfix.test]
  relays:    [mail.home-postfix.test, 192.0.2.25, 192.0.2.0/28]
  receivers: [mail.home-postfix.test, 192.0.2.25]
  complete:  [relays]
ruleset: default
"""


LAUNCHER = "ndrfilter-filter"


class Options(NamedTuple):
    """What a bench is asked for: the small form; and an installed `ndrfilter` in the place of this checkout."""

    quick: bool
    program: str = ""


class Installed:
    """A folder with a configuration and all that `ndrfilter compile` writes for it.

    `program` is an installed `ndrfilter`; without one it is this checkout's. `rule` is one rule in the place of all.
    """

    def __init__(
        self, folder: Path, *, more: str = "", compiled: bool = True, program: str = "", rule: str = ""
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.config = folder / "ndrfilter.yml"
        self.config.write_text((SITE.replace("default", "one") if rule else SITE) + more)
        if rule:
            (folder / "rulesets").mkdir()
            (folder / "rulesets" / "one.yml").write_text(f"rules: [{rule}]\n")
        self.cache = folder / "cache"
        self._program = [program] if program else [sys.executable, "-m", "ndrfilter"]
        self.env = {
            "PATH": os.environ.get("PATH", os.defpath),
            **({} if program else {"PYTHONPATH": str(ROOT)}),
            "NDRFILTER_CACHE": str(self.cache),
            "NDRFILTER_STATE": str(folder / "state"),
        }
        if compiled:
            self.compile()

    def compile(self) -> None:
        """Raises CalledProcessError."""
        subprocess.run(self.command("compile"), env=self.env, check=True, stdout=subprocess.DEVNULL)

    def command(self, *words: str) -> list[str]:
        """ndrfilter with this configuration."""
        return [*self._program, "-c", str(self.config), *words]

    @property
    def launcher(self) -> Path:
        """The script for pipes that `compile` writes."""
        return self.cache / LAUNCHER

    @contextmanager
    def serving(self, *doors: str) -> Iterator[Serving]:
        """The service, with these doors on ports of their own."""
        with Serving(self.config, *(f"{door}=127.0.0.1:0" for door in doors), env=self.env) as service:
            yield service
