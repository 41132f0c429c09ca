"""The programs that we are compared with, started for it: each with its rules about bounces alone, and no network."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.speed.clients import Client, Http, Place, Spamd

_RSPAMD_RULE = Path("/usr/share/rspamd/rules/bounce.lua")
_SPAMASSASSIN_RULE = Path("/usr/share/spamassassin/20_vbounce.cf")
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class Peer(NamedTuple):
    """A daemon: its name, how to ask it, and the process that its tree begins with."""

    name: str
    client: Client
    pid: int


@contextmanager
def peers(folder: Path, notes: list[str]) -> Iterator[list[Peer]]:
    """Those that are installed; `notes` gets a line for each that is not."""
    with ExitStack() as stack:
        started = []
        for name, start, program, rule in (
            ("rspamd", _rspamd, "rspamd", _RSPAMD_RULE),
            ("spamd", _spamd, "spamd", _SPAMASSASSIN_RULE),
        ):
            found = shutil.which(program, path=_PATH)
            if found and rule.exists():
                place = folder / name
                place.mkdir()
                started.append(stack.enter_context(start(found, place)))
            else:
                notes.append(f"SKIPPED: {name}, which is not installed")
        yield started


@contextmanager
def _running(name: str, client: type[Http | Spamd], command: list[str], place: Place, settle: float) -> Iterator[Peer]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(place, process)
        time.sleep(settle)
        yield Peer(name, client(place), process.pid)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def _await(place: Place, process: subprocess.Popen[bytes], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(place, timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{process.args} does not listen on {place}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _rspamd(program: str, folder: Path) -> AbstractContextManager[Peer]:
    """Its BOUNCE rule and nothing else; three seconds, for it compiles its patterns after the start."""
    place = ("127.0.0.1", _free_port())
    (folder / "rspamd.lua").write_text(
        f'require "global_functions" ()\nconfig["regexp"] = {{}}\nrspamd_maps = {{}}\ndofile("{_RSPAMD_RULE}")\n'
    )
    (folder / "rspamd.conf").write_text(_RSPAMD_CONF.format(folder=folder, port=place[1]))
    folder.chmod(0o777)  # it has a user of its own
    command = [program, "-f", "-i", "-c", str(folder / "rspamd.conf")]
    return _running("rspamd", Http, command, place, settle=3.0)


def vbounce(folder: Path) -> list[str]:
    """The options that make SpamAssassin know its VBounce rules and nothing else; its files lie in the folder."""
    (folder / "rules").mkdir(parents=True)
    (folder / "site").mkdir()
    shutil.copy(_SPAMASSASSIN_RULE, folder / "rules")
    lines = [f"loadplugin Mail::SpamAssassin::Plugin::{one}\n" for one in ("VBounce", "Check")]
    (folder / "site" / "v.pre").write_text("".join(lines))
    (folder / "site" / "local.cf").write_text("welcomelist_bounce_relays mail.home-postfix.test\n")
    return ["-L", "-x", "-C", str(folder / "rules"), f"--siteconfigpath={folder / 'site'}"]


def _spamd(program: str, folder: Path) -> AbstractContextManager[Peer]:
    """One child, so that there is nothing to be shared out."""
    place = ("127.0.0.1", _free_port())
    folder.chmod(0o755)
    where = ["-i", place[0], "-p", str(place[1]), "-r", str(folder / "pid"), "-s", str(folder / "log")]
    command = [program, *vbounce(folder), "-m", "1", "--min-children=1", *where]
    return _running("spamd", Spamd, command, place, settle=0.5)


_RSPAMD_CONF = """\
lua = "{folder}/rspamd.lua";
options {{
  filters = ["regexp"]; pidfile = "{folder}/pid"; tempdir = "{folder}"; cache_file = "{folder}/cache";
  url_tld = "/usr/share/rspamd/effective_tld_names.dat";
  dns {{ nameserver = ["127.0.0.1:10"]; timeout = 0.1s; retransmits = 1; }}
}}
logging {{ type = "file"; filename = "{folder}/log"; level = "error"; }}
metric {{
  name = "default"; actions {{ reject = 1000; add_header = 5; greylist = 4; }}
  group "headers" {{ symbol "BOUNCE" {{ weight = 1.0; }} }}
}}
worker {{ type = "normal"; bind_socket = "127.0.0.1:{port}"; count = 1; mime = true; task_timeout = 8s; }}
"""
