"""What ndrfilter says of the DSNs of a flow: by each source of evidence alone, by all together, and by none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ndrfilter import Filter
from ndrfilter.adapters.clock import SystemClock
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.adapters.zone import ZoneResolver

ROOT = Path(__file__).resolve().parents[2]
EVIDENCE = ROOT / "tests" / "cases" / "evidence"
_DAY = 86_400
# The log of a server that has run for a while: absence counts only in what was covered long enough.
_EARLIER = time.strftime(
    "%b %e 00:00:00 mail postfix/master[1]: daemon started\n", time.gmtime(time.time() - 7 * _DAY)
).encode()
SOURCES = ("token", "dkim", "batv", "sent_log", "sent_add", "srs", "trace", "relays", "all", "none")
"""Each a configuration in tests/cases/evidence/sources, but for sent_add: the sent log, fed message by message."""

Row = dict[str, Any]


def command(config: Path, *words: str | Path, given: bytes = b"", **environ: str) -> bytes:
    """Run the real command; what it wrote to standard output. Raises CalledProcessError."""
    run = [sys.executable, "-m", "ndrfilter", "-c", str(config), *map(str, words)]
    return subprocess.run(
        run, input=given, cwd=ROOT, env={**os.environ, **environ}, stdout=subprocess.PIPE, check=True
    ).stdout


def configured(out: Path, name: str, **more: object) -> Path:
    """A configuration file in `out`: the named one, with more in it."""
    config = yaml.safe_load((EVIDENCE / "sources" / f"{name}.yml").read_text(encoding="utf-8"))
    path = out / f"{name}-{'-'.join(more)}.yml"
    path.write_text(yaml.safe_dump({**config, **more}), encoding="utf-8")
    return path


def letters(out: Path) -> list[Row]:
    """What was sent, and which file is the DSN about it."""
    return json.loads((out / "manifest.json").read_text(encoding="utf-8"))["letters"]  # type: ignore[no-any-return]


def feed(out: Path) -> Mapping[str, SqliteStore]:
    """The sent logs: one followed from Postfix' own log, one fed by hand with the plain letters."""
    followed, added = out / "state", out / "state-added"
    for folder in (followed, added):
        folder.mkdir(mode=0o700, exist_ok=True)
    log = out / "mail.log"
    log.write_bytes(_EARLIER + (out / "maillog").read_bytes())
    command(configured(out, "all", state=str(followed)), "sent", "follow", "--once", log)
    config = configured(out, "sent_log", state=str(added))
    for letter in letters(out):
        if by_hand(letter):
            raw = (out / "sent" / f"{letter['id']}.eml").read_bytes()
            command(config, "sent", "add", f"--sender={letter['sender']}", "--", letter["recipient"], given=raw)
    clock = SystemClock()
    return {
        "sent_log": SqliteStore(followed, clock),
        "all": SqliteStore(followed, clock),
        "sent_add": SqliteStore(added, clock),
    }


def by_hand(letter: Row) -> bool:
    """Whether `sent add` was told of it."""
    return letter["kind"] == "own" and letter["shape"] == "plain"


def judged(out: Path) -> Iterator[Row]:
    """One row for each source and DSN: the letter with `source` and what `_judge` tells of it."""
    from ndrfilter.message import parse
    from ndrfilter.message.delivery import path_of

    stores = feed(out)
    zone = ZoneResolver((EVIDENCE / "keys.zone").read_text(encoding="utf-8"))
    for source in SOURCES:
        judge = _filter(source, stores.get(source), zone)
        for letter in letters(out):
            if not letter["file"] or (source == "sent_add" and letter["kind"] == "own" and not by_hand(letter)):
                continue
            raw = (out / letter["file"]).read_bytes()
            yield {**letter, "source": source, **_judge(judge, raw, path_of(parse(raw).headers.text("X-Original-To")))}


def _filter(source: str, store: SqliteStore | None, zone: ZoneResolver) -> Filter:
    name = "sent_log" if source == "sent_add" else source
    path = EVIDENCE / "sources" / f"{name}.yml"
    return Filter.from_config(path, resolver=zone, store=store or SqliteStore(None, SystemClock()))


def _judge(judge: Filter, raw: bytes, recipient: str) -> Row:
    from ndrfilter import Envelope

    result = judge.check(raw, envelope=Envelope(sender="", recipients=(recipient,)))
    return {
        "verdict": result.verdict,
        "evidence": result.evidence,
        "kind_seen": result.kind,
        "score": result.score,
        "hits": {hit.name: hit.text for hit in result.hits if hit.score},
        "undecided": [(one.name, one.cause) for one in result.undecided],
        "errors": [f"{one.where}: {one.what}" for one in result.errors],
    }
