"""Reads Postfix's main.cf (postconf(5)) as text: continuation lines, $names, files of domains. No program is run."""

from __future__ import annotations

import re
from pathlib import Path

from ndrfilter.workbench.findings import Findings, words

MAIN = "etc/postfix/main.cf"
_NAME = re.compile(r"\$(?:\{(\w+)\}|\((\w+)\)|(\w+))")
_CONDITIONAL = re.compile(r"\$\{\w+[?:][^}]*\}")
_MAX_BYTES = 1024 * 1024
_MAX_ENTRIES = 10_000
_MAX_DEPTH, _MAX_NAMES = 8, 100
_DOMAIN_LISTS = ("virtual_mailbox_domains", "virtual_alias_domains", "relay_domains", "mydestination")
_DEFAULTS = {"mydomain": "", "mydestination": "$myhostname", "myorigin": "$myhostname"}


def read(root: Path, findings: Findings) -> None:
    """Add what main.cf below `root` says; nothing if there is none."""
    path = root / MAIN
    if not path.is_file():
        return
    settings = {**_DEFAULTS, **parse(text_of(path))}
    host = settings.setdefault("myhostname", host_name(root))
    settings["mydomain"] = settings["mydomain"] or host.partition(".")[2]
    source = f"{path}: "
    for key in (*_DOMAIN_LISTS, "myorigin"):
        for entry in _entries(expand(settings.get(key, ""), settings), root, findings, source + key):
            findings.domain(entry, source + key)
    _ways_out(settings, source, findings)
    findings.receiver(expand("$myhostname", settings), f"{source}myhostname")


def _ways_out(settings: dict[str, str], source: str, findings: Findings) -> None:
    """The host itself, behind a smarthost too: a trace names both."""
    for key in ("myhostname", "smtp_helo_name", "smtp_bind_address", "smtp_bind_address6", "inet_interfaces"):
        for word in words(expand(settings.get(key, ""), settings)):
            findings.relay(word, source + key)
    relayhost = expand(settings.get("relayhost", ""), settings)
    if relayhost:
        findings.smarthost(relayhost, f"{source}relayhost")


def parse(text: str) -> dict[str, str]:
    """The settings of a main.cf; a line that begins with blanks goes on with the one before."""
    settings: dict[str, str] = {}
    key = ""
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0].isspace():
            if key:
                settings[key] += " " + line.strip()
            continue
        name, mark, value = line.partition("=")
        key = name.strip() if mark else ""
        if key:
            settings[key] = value.strip()
    return settings


def expand(value: str, settings: dict[str, str]) -> str:
    """The value with $name, ${name} and $(name) put in; conditional forms are left out."""
    for _ in range(_MAX_DEPTH):
        value = _CONDITIONAL.sub("", value)[:_MAX_BYTES]
        value = _NAME.sub(lambda found: settings.get(found[1] or found[2] or found[3], ""), value, count=_MAX_NAMES)
    return value[:_MAX_BYTES]


def _entries(value: str, root: Path, findings: Findings, source: str) -> list[str]:
    """The domains of a list: words, files of words, tables whose text is there."""
    found = []
    for word in words(value, ","):
        kind, mark, name = word.partition(":")
        if word.startswith("/") or (mark and kind in ("hash", "lmdb", "btree", "texthash", "cdb", "dbm")):
            path = root / (word if word.startswith("/") else name).lstrip("/")
            lines = (line.partition("#")[0].split() for line in text_of(path).splitlines())
            found += [line[0] for line in lines if line]
        elif mark:
            findings.note(f"{source}: {word} was not asked; add its domains by hand")
        elif not word.startswith("!"):
            found.append(word)
    return found[:_MAX_ENTRIES]


def host_name(root: Path) -> str:
    """The machine's own name: what mail programs use where nobody configured one."""
    return next(iter(text_of(root / "etc/hostname").split()), "")


def text_of(path: Path) -> str:
    """The text of a configuration file, "" if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(_MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
