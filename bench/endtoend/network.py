"""A network of documentation addresses on one machine, and the harness' mail servers on it, each at its own address.

The harness puts all its servers on 127.0.0.1, where nobody can be told from anybody. Here copies of it, with a few
lines of their configuration changed, run in a network namespace: addresses and names mean something, and the ports are
free whoever else uses the harness. `enclosed` gives the command that runs a command in there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HOSTS = {
    "192.0.2.10": "laptop.home-postfix.test",
    "192.0.2.25": "mail.home-postfix.test",
    "198.51.100.26": "mx.exim.test",
    "198.51.100.27": "mx.opensmtpd.test",
    "198.51.100.28": "mx.sendmail.test",
    "198.51.100.29": "mx.postfix.test",
    "198.51.100.80": "mx.remote.test",
    "203.0.113.66": "host66.spam.example",
    "203.0.113.130": "pool-130.dyn.example",
}
LAPTOP, HOME = "192.0.2.10", ("192.0.2.25", 12025)
FOREIGN = {
    "exim": ("198.51.100.26", 12026),
    "opensmtpd": ("198.51.100.27", 12027),
    "sendmail": ("198.51.100.28", 12028),
    "postfix": ("198.51.100.29", 12035),
}
STRANGER = "203.0.113.66"

_EXIM, _OPENSMTPD, _SENDMAIL, _MASTER = (
    "etc/exim/exim4.conf", "etc/opensmtpd/smtpd.conf", "etc/sendmail/sendmail.mc", "etc/postfix/master.cf"
)  # fmt: skip
_MTA = (
    ("mta", 'serve(r, w, reply), "127.0.0.1", port)', 'serve(r, w, reply), "0.0.0.0", port)'),
    ("mta", 'f"127.0.0.1 localhost mx.{name}.test\\n"', 'read(f"{HERE}/hosts")'),
)
_HOME = (*_MTA, (_MASTER, "127.0.0.1:12025 ", "12025 "))
_WORLD = (
    *_MTA,
    ("mta", '"postfix": [12025, 12029]', '"postfix": [12035, 12039]'),
    (_MASTER, "127.0.0.1:12025 ", "12035 "),
    (_MASTER, "127.0.0.1:12029 ", "127.0.0.1:12039 "),
    (_EXIM, "local_interfaces = <; 127.0.0.1", "local_interfaces = <; 0.0.0.0"),
    (_EXIM, "acl_rcpt:\n", "acl_rcpt:\n  deny domains = refused-exim.test\n       message = Unknown user\n"),
    (_EXIM, "= home\n  route_list = * 127.0.0.1", "= home\n  route_list = * 192.0.2.25"),
    (_EXIM, "= sink\n  route_list = * 127.0.0.1", "= sink\n  route_list = * mx.remote.test"),
    (_EXIM, "port = 12025\n", "port = 12025\n  interface = 198.51.100.26\n"),
    (_EXIM, "port = 12080\n", "port = 12080\n  interface = 198.51.100.26\n"),
    (_OPENSMTPD, "listen on 127.0.0.1", "listen on 0.0.0.0"),
    (_OPENSMTPD, "smtp://127.0.0.1:12025", "smtp://192.0.2.25:12025 src 198.51.100.27"),
    (_OPENSMTPD, "smtp://127.0.0.1:12080", "smtp://198.51.100.80:12080 src 198.51.100.27"),
    (_OPENSMTPD, "match from any for any", 'match from any for domain "refused-opensmtpd.test" reject\n'
     "match from any for any"),
    (_SENDMAIL, "Addr=127.0.0.1,", "Addr=0.0.0.0,"),
    (_SENDMAIL, "relay:[127.0.0.1]", "relay:[mx.remote.test]"),
    (_SENDMAIL, "$#home $@ [127.0.0.1]", "$#home $@ [mail.home-postfix.test]"),
    # A busy machine must not make it keep mail back.
    (_SENDMAIL, "FEATURE(`no_default_msa')dnl", "FEATURE(`no_default_msa')dnl\n"
     "CLIENT_OPTIONS(`Addr=198.51.100.28,Family=inet')dnl\n"
     "define(`confQUEUE_LA',`1000')dnl\ndefine(`confREFUSE_LA',`1000')dnl"),
)  # fmt: skip
_ROUTES = ", ".join(
    f"{{{domain}=smtp:[{HOSTS[FOREIGN[name][0]]}]:{FOREIGN[name][1]}}}"
    for name in FOREIGN
    for domain in (f"remote-{name}.test", f"refused-{name}.test", f"mx.{name}.test")
)
_HOME_SETTINGS = (
    "myhostname=mail.home-postfix.test",
    "inet_interfaces=192.0.2.25, 127.0.0.1",
    "smtp_bind_address=192.0.2.25",
    "mynetworks=127.0.0.0/8, 192.0.2.0/28",
    "smtpd_peername_lookup=yes",
    "virtual_mailbox_domains=home-postfix.test",
    # Tagged and rewritten addresses are mailboxes too.
    "virtual_mailbox_maps=static:home/",
    "delay_warning_time=0h",
    "default_transport=smtp:[mx.remote.test]:12080",
    f"transport_maps=inline:{{ {_ROUTES} }}",
)
_WORLD_SETTINGS = (
    "inet_interfaces=198.51.100.29, 127.0.0.1",
    "smtp_bind_address=198.51.100.29",
    "mynetworks=0.0.0.0/0",
    "smtpd_peername_lookup=yes",
    "virtual_mailbox_domains=home.test",
    "delay_warning_time=0h",
    "default_transport=smtp:[mx.remote.test]:12080",
    "transport_maps=inline:{{home-postfix.test=smtp:[mail.home-postfix.test]:12025}}",
)


def obstacle(harness: Path) -> str:
    """Why no such network can be made here; empty if it can."""
    if not (harness / "mta").is_file():
        return f"{harness} has no harness of mail servers"
    if os.geteuid() != 0:
        return "mail servers and network namespaces need root"
    missing = [program for program in ("unshare", "nsenter", "ip", "hostname") if shutil.which(program) is None]
    if missing:
        return f"{missing[0]} is not installed"
    absent = [name for name in FOREIGN if not (packages() / name / ".complete").is_file()]
    if absent:
        return f"{absent[0]} is not in {packages()}: run `{harness}/mta install`"
    probe = subprocess.run(enclosed(["ip", "link", "set", "lo", "up"]), capture_output=True, text=True, check=False)
    return f"no network namespace can be made: {probe.stderr.strip()}" if probe.returncode else ""


def packages() -> Path:
    """Where the harness keeps the servers' programs."""
    return Path(os.environ.get("MTA_HOME") or "/tmp/ndr-mta") / "pkg"


def enclosed(command: list[str]) -> list[str]:
    """The command in namespaces of its own for network and processes: what it leaves behind ends with it."""
    return ["unshare", "--net", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", *command]


class Servers:
    """The servers in `folder`, which must be root's and open to all. To be used inside the namespaces."""

    def __init__(self, harness: Path, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o755)
        self._home = self._copy(harness, "home", _HOME, _HOME_SETTINGS)
        self._world = self._copy(harness, "world", _WORLD, _WORLD_SETTINGS)

    def _copy(
        self, harness: Path, name: str, edits: tuple[tuple[str, str, str], ...], settings: tuple[str, ...]
    ) -> Path:
        copy = self.folder / name
        shutil.copytree(
            harness, copy, ignore=shutil.ignore_patterns("dsn", "__pycache__"), copy_function=shutil.copyfile
        )
        for file, old, new in edits:
            text = (copy / file).read_text(encoding="utf-8")
            if old not in text:
                raise ValueError(f"{file} of the harness is not what it was: {old!r} is missing")
            (copy / file).write_text(text.replace(old, new), encoding="utf-8")
        _set(copy / "etc" / "postfix" / "main.cf", settings)
        lines = ["127.0.0.1 localhost", *(f"{ip} {host}" for ip, host in HOSTS.items())]
        (copy / "hosts").write_text("\n".join(lines) + "\n", encoding="ascii")
        box = self.folder / f"{name}-box"
        box.mkdir(mode=0o755)
        (box / ".mta-home").touch()
        (box / "pkg").symlink_to(packages())
        return copy

    def mta(self, copy: Path, *words: str) -> None:
        """Run the harness' command; raises CalledProcessError with what it said."""
        environ = {**os.environ, "MTA_HOME": str(self.folder / f"{copy.name}-box")}
        subprocess.run([sys.executable, copy / "mta", *words], env=environ, check=True, stdout=subprocess.DEVNULL)

    def start(self) -> None:
        """Give the machine its addresses and start everything."""
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        for ip in HOSTS:
            subprocess.run(["ip", "address", "add", f"{ip}/32", "dev", "lo"], check=True)
        self.mta(self._world, "up", "all")
        self.mta(self._home, "up", "postfix")

    def stop(self) -> None:
        """Stop everything."""
        self.mta(self._home, "down", "all")
        self.mta(self._world, "down", "all")

    def exim_tag(self, address: str, secret: str, number: str) -> str:
        """The address with a BATV tag as Exim itself makes it."""
        state = json.loads((self.folder / "world-box" / "exim" / "state.json").read_text(encoding="ascii"))
        command = [
            "nsenter",
            "-t",
            str(state["pid"]),
            "-m",
            "exim4",
            "-be",
            f"${{prvs{{{address}}}{{{secret}}}{{{number}}}}}",
        ]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    @property
    def mailbox(self) -> Path:
        """Where bounces arrive: the new mail of whoever is at home-postfix.test."""
        return self.folder / "home-box" / "postfix" / "mail" / "home" / "new"

    @property
    def maillog(self) -> Path:
        """The log of the Postfix that our mail leaves through."""
        return self.folder / "home-box" / "postfix" / "log" / "maillog"


def _set(path: Path, settings: tuple[str, ...]) -> None:
    """Let these lines stand in a main.cf instead of those of the same names."""
    text = path.read_text(encoding="utf-8")
    for line in settings:
        text = re.sub(rf"^{line.partition('=')[0]} =.*\n(?:[ \t].*\n)*", "", text, flags=re.M)
    path.write_text("\n".join((text, *settings, "")), encoding="utf-8")
