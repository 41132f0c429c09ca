"""Reads what Exim (Debian's update-exim4.conf.conf, or exim4.conf itself), rspamd and /etc/mailname say, as text."""

from __future__ import annotations

import re
from pathlib import Path

from ndrfilter.workbench.findings import Findings, words
from ndrfilter.workbench.postfix import host_name, text_of

DEBIAN = "etc/exim4/update-exim4.conf.conf"
EXIM = ("etc/exim4/exim4.conf", "etc/exim/exim.conf", "etc/exim.conf", "usr/local/etc/exim/configure")
RSPAMD = "etc/rspamd/local.d"
_SHELL = re.compile(r"^\s*(dc_\w+)=(?:'([^']*)'|\"([^\"]*)\"|(\S*))", re.MULTILINE)
_SETTING = re.compile(r"^\s*(?:(domainlist|hostlist)\s+)?(\w+)\s*=\s*(.*)$", re.MULTILINE)
_QUOTED = re.compile(r'"([^"]+)"')
_DKIM_DOMAIN = re.compile(r'^\s*"?([\w.-]+\.[\w-]+)"?\s*\{', re.MULTILINE)


def read(root: Path, findings: Findings) -> None:
    """Add what is found below `root`."""
    _mailname(root, findings)
    _debian_exim(root, findings)
    for name in EXIM:
        _exim(root / name, findings)
    _rspamd(root / RSPAMD, findings)


def _mailname(root: Path, findings: Findings) -> None:
    path = root / "etc/mailname"
    for word in text_of(path).split()[:1]:
        findings.domain(word, str(path))


def _debian_exim(root: Path, findings: Findings) -> None:
    path = root / DEBIAN
    said = {found[0]: found[1] or found[2] or found[3] for found in _SHELL.findall(text_of(path))}
    if not said:
        return
    for key in ("dc_other_hostnames", "dc_relay_domains", "dc_readhost"):
        for word in words(said.get(key, ""), ":;,"):
            findings.domain(word, f"{path}: {key}")
    smart = said.get("dc_eximconfig_configtype", "") in ("smarthost", "satellite")
    findings.relay(host_name(root), str(root / "etc/hostname"))
    if smart and said.get("dc_smarthost"):
        findings.smarthost(said["dc_smarthost"], f"{path}: dc_smarthost")
    else:
        findings.receiver(host_name(root), str(root / "etc/hostname"))
    for word in words(said.get("dc_local_interfaces", ""), ";"):
        findings.relay(word, f"{path}: dc_local_interfaces")


def _exim(path: Path, findings: Findings) -> None:
    for kind, name, value in _SETTING.findall(text_of(path)):
        source = f"{path}: {name}"
        if kind == "domainlist":
            for word in words(value, ":;"):
                findings.domain(word, source)
        elif name == "primary_hostname":
            findings.relay(value, source)
            findings.receiver(value, source)
        elif name == "interface":
            for word in words(value, ";<"):
                findings.relay(word, source)
        elif name == "route_list" and value.startswith("*"):
            for word in list(words(value, ";"))[1:2]:
                findings.smarthost(word, source)


def _rspamd(folder: Path, findings: Findings) -> None:
    options = folder / "options.inc"
    for name, value in re.findall(
        r"^\s*(local_addrs|local_networks)\s*=\s*(\[[^\]]*\]|\S+)", text_of(options), re.MULTILINE
    ):
        for word in _QUOTED.findall(value) or words(value.strip("[];")):
            findings.relay(word, f"{options}: {name}")
    signing = folder / "dkim_signing.conf"
    for domain in _DKIM_DOMAIN.findall(text_of(signing)):
        findings.domain(domain, f"{signing}: domain")
