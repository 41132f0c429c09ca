"""Counts how well bounces are known: `python -m bench.recognition --corpus DIR [--misses N]`, from the checkout.

DIR holds INDEX.tsv (path, sha256, size, kind, flags) with the messages it names, and beside it, where there are any,
labels-flufl-bounce.tsv and labels-sisimai.tsv. Prints five figures and what was missed; it judges nobody's verdict.
Exits 1 if one of the shares in `PROMISES` is below its bound.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WANTED = {
    "bounce": {"failure", "delay", "success", "relayed", "expanded"},
    "autoreply": {"autoreply", "challenge"},
    "mdn": {"receipt"},
    "arf": {"feedback"},
}
PROMISES = {"bounce": 99.0, "recipients": 95.0, "status class": 95.0}
"""The least share in per cent, by the word that a headline begins with."""
ORDINARY = ("ham", "spam", "phish", "other")
STATUS_OR_REPLY = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])|(?<![\d.:/])[245]\d\d[ -]")
OUR_REASON = {
    **dict.fromkeys(("userunknown", "hasmoved", "filtered"), "address_unknown"),
    **dict.fromkeys(("mailboxfull", "systemfull"), "mailbox_full"),
    **dict.fromkeys(
        ("blocked", "badreputation", "rejected", "requireptr", "policyviolation", "securityerror", "toomanyconn",
         "speeding", "notcompliantrfc"),
        "policy",
    ),
    **dict.fromkeys(("hostunknown", "networkerror", "norelaying", "notaccept", "failedstarttls"), "network"),
    **dict.fromkeys(("mesgtoobig", "exceedlimit"), "too_big"),
    **dict.fromkeys(("spamdetected", "virusdetected", "contenterror"), "content"),
    "authfailure": "authentication",
    "expired": "expired",
    "suspend": "suspended",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A message of the index; `result` is an `ndrfilter` Result."""

    path: str
    kind: str
    raw: bytes
    result: Any


def read(corpus: Path, check: Callable[[bytes], Any]) -> list[Row]:
    """Every distinct message with its result. Raises OSError where the corpus is not."""
    rows = []
    for entry in _table(corpus / "INDEX.tsv"):
        if "dup=" not in entry["flags"]:
            raw = (corpus / entry["path"]).read_bytes()
            rows.append(Row(entry["path"], entry["kind"], raw, check(raw)))
    return rows


def recognised(rows: Iterable[Row]) -> Iterator[str]:
    """Bounces that are known as any kind, and answers of other sorts that are known as theirs."""
    for sort in WANTED:
        of_sort = [row for row in rows if row.kind == sort]
        known = [row for row in of_sort if row.result.kind != "none"]
        right = [row for row in of_sort if row.result.kind in WANTED[sort]]
        yield f"{sort}: {len(of_sort)}, known {_share(known, of_sort)}, of the expected kind {_share(right, of_sort)}"
        yield from (f"  {row.result.kind:12} {row.path}" for row in of_sort if row.result.kind not in WANTED[sort])


def ordinary(rows: Iterable[Row]) -> Iterator[str]:
    """Mail that is no answer but was taken for one."""
    for sort in ORDINARY:
        wrong = [row for row in rows if row.kind == sort and row.result.kind != "none"]
        yield f"{sort}: {len(wrong)} taken for an answer"
        yield from (f"  {row.result.kind:12} {row.result.dialect:24} {row.path}" for row in wrong)


def failed_recipients(rows: Iterable[Row], labels: Iterable[dict[str, str]]) -> Iterator[str]:
    """Failing addresses, set by set, and whether the failure is temporary."""
    by_path = {row.path.removeprefix("flufl-bounce/"): row for row in rows}
    same, temporary, misses, total = 0, 0, [], 0
    joined: dict[str, dict[str, str]] = {}  # a file may have several rows, one for each detector that read it
    for label in labels:
        known = joined.setdefault(label["file"], {**label, "addresses": ""})
        known["addresses"] += f" {label['addresses']}"
    for label in joined.values():
        row = by_path.get(label["file"])
        if row is None:
            continue
        total += 1
        wanted = {address.lower() for address in label["addresses"].replace(",", " ").split()}
        failing = [one for one in row.result.recipients if one.action not in ("delivered", "relayed", "expanded")]
        got = {one.address.lower() for one in failing}
        same += got == wanted
        delayed = row.result.kind == "delay"
        temporary += delayed == (label["temporary"] == "1")
        if got != wanted:
            misses.append(f"  {row.path}  missed {sorted(wanted - got)} too many {sorted(got - wanted)}")
        if delayed != (label["temporary"] == "1"):
            misses.append(f"  {row.path}  temporary: labelled {label['temporary']}, kind {row.result.kind}")
    yield f"recipients: {same} of {total} sets equal ({same / max(total, 1):.1%}); temporary as labelled: {temporary}"
    yield from misses


def statuses_and_reasons(rows: Iterable[Row], labels: Iterable[dict[str, str]]) -> Iterator[str]:
    """The status' class digit where the message has a status or reply, and the reason, against the collection's own."""
    by_path = {row.path.removeprefix("sisimai/"): row for row in rows}
    digits: Counter[bool] = Counter()
    reasons: Counter[tuple[str, str]] = Counter()
    misses = []
    for label in labels:
        row = by_path.get(label["file"])
        named = row.result.recipients if row else ()
        first = named[min(int(label["n"] or 0), len(named) - 1)] if named else None
        if row is None or row.kind not in WANTED:
            continue
        if label["dsn"] and STATUS_OR_REPLY.search(row.raw.decode("latin-1")):
            status = first.status if first else ""
            digits[status[:1] == label["dsn"][0]] += 1
            if status[:1] != label["dsn"][0]:
                misses.append(f"  {row.path}  labelled {label['dsn']}, read {status or '-'}")
        if label["reason"] in OUR_REASON:
            got = first.reason if first else "nobody"
            reasons[OUR_REASON[label["reason"]], got] += 1
            if got != OUR_REASON[label["reason"]]:
                misses.append(f"  {row.path}  {label['reason']} -> {got}: {first.diagnostic[:150] if first else ''}")
    total, agreed = sum(reasons.values()), sum(count for (one, other), count in reasons.items() if one == other)
    yield f"status class: {digits[True]} of {sum(digits.values())} ({digits[True] / max(sum(digits.values()), 1):.1%})"
    yield f"reasons: {agreed} of {total} agree ({agreed / max(total, 1):.1%}); labelled -> ours:"
    yield from (f"  {one:16} {other:16} {count}" for (one, other), count in sorted(reasons.items()))
    yield from misses


def _share(part: list[Row], whole: list[Row]) -> str:
    return f"{len(part)} ({len(part) / max(len(whole), 1):.1%})"


def _table(path: Path) -> Iterator[dict[str, str]]:
    if path.exists():
        with path.open(encoding="utf-8", newline="") as lines:
            yield from csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)


def kept(headline: str) -> bool:
    """Whether the first share in the headline is what was promised for it, if anything was."""
    share = re.search(r"\(([\d.]+)%\)", headline)
    least = PROMISES.get(headline.partition(":")[0])
    return least is None or (share is not None and float(share[1]) >= least)


def main(check: Callable[[bytes], Any] | None = None) -> int:
    """The command line; returns the exit code. `check` replaces the filter of the default configuration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--misses", type=int, default=1000, help="lines of misses shown in each part")
    options = parser.parse_args()
    if check is None:
        from ndrfilter.api import Filter

        check = Filter.from_config({}).check
    rows, missed = read(options.corpus, check), []
    for part in (
        recognised(rows),
        ordinary(rows),
        failed_recipients(rows, _table(options.corpus / "labels-flufl-bounce.tsv")),
        statuses_and_reasons(rows, _table(options.corpus / "labels-sisimai.tsv")),
    ):
        shown = list(part)
        print("\n".join(shown[: options.misses]), end="\n\n")
        missed += [line for line in shown if not line.startswith(" ") and not kept(line)]
    print(*(f"MISSED {line}" for line in missed), sep="\n", end="\n" if missed else "")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
