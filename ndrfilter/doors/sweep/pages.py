"""The answer as it leaves: a page on the terminal, a page for a browser, or a line of JSON for each message."""

from __future__ import annotations

import json
import locale
import os
import shutil
import time
from typing import TYPE_CHECKING

from ndrfilter.errors import UsageError
from ndrfilter.sweep import answer
from ndrfilter.sweep.moves import DONE, MOVED
from ndrfilter.terminal import reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ndrfilter.doors.sweep.visit import Visit
    from ndrfilter.sweep.nouns import Row

_WIDEST, _NARROWEST = 78, 40


def language(asked: str) -> str:
    """The language to answer in: the one asked for, else the locale's where we have it; raises UsageError."""
    if asked and asked not in answer.LANGUAGES:
        raise UsageError(f"sweep: there is no answer in {asked!r}; choose from {', '.join(answer.LANGUAGES)}")
    words = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    found = (words or locale.getlocale()[0] or "")[:2].lower()
    return asked or (found if found in answer.LANGUAGES else "en")


def plain(visit: Visit) -> Iterator[str]:
    """The page for a terminal."""
    width = min(max(shutil.get_terminal_size((_WIDEST, 24)).columns, _NARROWEST), _WIDEST)
    return answer.plain(_answer(visit), language(visit.args.language), width)


def write(visit: Visit) -> None:
    """Write the page for a browser, whole or not at all; raises UsageError where that cannot be."""
    path = visit.args.html
    draft = path.parent / f".{path.name}.{os.getpid()}"
    try:
        try:
            draft.touch(mode=0o600, exist_ok=False)
            draft.write_text(answer.html(_answer(visit), language(visit.args.language)), encoding="utf-8")
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {reason(error)}") from error


def as_json(row: Row) -> str:
    """One message as a line of JSON."""
    return json.dumps(_plain(row._replace(digest=b"")))


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return {key: _plain(item) for key, item in value._asdict().items() if key != "digest"}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _answer(visit: Visit) -> answer.Answer:
    person = visit.person
    scope = answer.Scope(
        place=visit.mailbox.name,
        me=person.addresses,
        looked_at=visit.looked_at,
        counts=visit.ledger.counts(),
        sent=person.sent,
        now=time.time(),
        moved=visit.ledger.moves.number(MOVED, DONE),
        into=visit.args.into,
    )
    return answer.answer_of(visit.ledger.rows(), scope, visit.ledger.book)
