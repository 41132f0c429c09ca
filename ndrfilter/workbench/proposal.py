"""The configuration that `config init` writes: YAML in which every value says where it came from."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ndrfilter.config import Config
from ndrfilter.config.published import Finding
from ndrfilter.config.reading import from_text
from ndrfilter.errors import UsageError
from ndrfilter.workbench.findings import Findings
from ndrfilter.workbench.table import visible

_HEAD = """\
# The configuration of ndrfilter. Behind every value stands where it was found; correct what is wrong, then
# `ndrfilter config check` finds mistakes, and `ndrfilter config show` prints what applies.
site:
"""
_TAIL = """
ruleset: default                # watch: only mark, and only clear cases; strict: less evidence is enough
actions:
  backscatter: header           # header, reject, discard or quarantine; genuine mail always passes
  fake: header
# What no forger can write is off until you name it; the documentation compares the sources of evidence.
# plugins: [spf, dkim]          # these two ask DNS, and only when the answer could change the verdict
"""
_WIDTH = 44


def text(findings: Findings) -> str:
    """The proposal as YAML."""
    relays = list(findings.relays.values())
    lines = [
        "  # the domains behind the @ of your addresses",
        *_block("domains", findings.chosen_domains()),
        "  # every host, name or network that your mail leaves through",
        *_block("relays", relays),
        "  # your MXes: only what they wrote about a bounce is believed",
        *_block("receivers", list(findings.receivers.values())),
        *_complete(findings.complete),
    ]
    notes = [f"# {visible(note)}" for note in findings.notes]
    return _HEAD + "\n".join(lines) + "\n" + _TAIL + "".join(f"{note}\n" for note in notes)


def _block(key: str, found: list[Finding]) -> list[str]:
    if not found:
        return [f"  {key}: []"]
    return [f"  {key}:", *(_line(f"    - {_value(finding)}", finding.source + _wanted(finding)) for finding in found)]


def _wanted(finding: Finding) -> str:
    return (
        "; add account: yours there, as it stands in the headers it writes"
        if finding.shared and not finding.account
        else ""
    )


def _value(finding: Finding) -> str:
    name = finding.value if finding.value[0].isalnum() and ":" not in finding.value else f'"{finding.value}"'
    if not finding.shared:
        return name
    account = f", account: {json.dumps(finding.account)}" if finding.account else ""
    return f"{{name: {name}, shared: true{account}}}"


def _line(written: str, source: str) -> str:
    return f"{written:<{_WIDTH}} # {visible(source)}"


def _complete(finding: Finding | None) -> list[str]:
    head = "  # only where all mail of these domains leaves through these relays is its absence there evidence"
    if finding is None:
        return [head, "  # complete: [relays]"]
    return [head, _line(f"  complete: [{finding.value}]", finding.source)]


def check(written: str, path: Path) -> Config:
    """The configuration that was written; raises ConfigError if it is none."""
    return from_text(written, path)


def write(written: str, path: Path, force: bool) -> None:
    """Put the file there in one step; raises UsageError if there is one already and not `force`."""
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; --force replaces it, --output FILE writes another")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("x", encoding="utf-8") as file:
            file.write(written)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
