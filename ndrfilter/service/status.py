"""The status page: what the service did and how it is, for a person's eye. It can only be read, and loads nothing."""

from __future__ import annotations

import time
from html import escape as html_escape
from importlib.resources import files
from string import Template

from ndrfilter.schema import VERDICTS
from ndrfilter.service import columns
from ndrfilter.service.board_reading import read
from ndrfilter.terminal import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ndrfilter.service.board import Board
    from ndrfilter.service.board_reading import Reading

    Row = Sequence[str]

_PAGE = Template(files("ndrfilter.service").joinpath("status.html").read_text("utf-8"))
_RULES, _WORDS = 25, 12
"""How many are shown of rules, and of each list of words."""


def page(board: Board, now: float | None = None) -> bytes:
    """The page in UTF-8; `now` in seconds since the epoch."""
    reading, moment = read(board), time.time() if now is None else now
    return _PAGE.substitute(
        summary=_summary(reading, moment),
        alarm=_alarm(reading),
        tiles=_tiles(reading),
        cards="".join(_cards(reading)),
        workers=_card("Workers", _OF_WORKERS, _workers(reading)),
        footer=f"{_date(moment)} · the same in numbers: <code>/metrics</code>",
    ).encode("utf-8", "backslashreplace")


def _text(text: object) -> str:
    """Anything, so that neither HTML nor an eye takes it for more than text."""
    return html_escape(escape(str(text)))


def _date(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(moment))


def span(seconds: float) -> str:
    """A duration in its two largest units: "3 d 4 h", "12 s"."""
    left = max(0, int(seconds))
    words: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (unit == "s" and not words):
            words.append(f"{count} {unit}")
    return " ".join(words[:2])


def brief(seconds: float) -> str:
    """A latency as people compare it: "0.4 ms", "120 ms", "2.5 s"."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1_000:.{0 if seconds >= 0.01 else 1}f} ms"


def _summary(reading: Reading, now: float) -> str:
    notes = reading.notes
    words = [f"version {notes['version']}"] if notes.get("version") else []
    words += [f"ruleset {notes['ruleset']}"] if "ruleset" in notes else []
    if isinstance(started := notes.get("started"), float):
        words.append(f"up {span(now - started)}")
    if isinstance(reloaded := notes.get("reloaded"), float):
        how = "reloaded" if notes.get("reload") == "ok" else "reload refused"
        words.append(f"{how} {span(now - reloaded)} ago")
    return " · ".join(map(_text, words))


def _alarm(reading: Reading) -> str:
    """What the administrator must not miss."""
    if reading.notes.get("reload") != "failed":
        return ""
    reloaded = reading.notes.get("reloaded")
    when = f" at {_date(reloaded)}" if isinstance(reloaded, float) else ""
    lines = "\n".join(map(_text, str(reading.notes.get("error", "")).splitlines()))
    title = f"The last reload{when} was refused; the rules and configuration from before go on."
    return f'<section class="bad" role="alert"><h2>{title}</h2><pre>{lines}</pre></section>'


def _tiles(reading: Reading) -> str:
    counts, unjudged = reading.summed("messages", 2), sum(reading.summed("unjudged", 1).values())
    total = sum(counts.values()) + unjudged
    tiles = [_tile(verdict, counts.get(verdict, 0), total) for verdict in VERDICTS]
    if unjudged:
        tiles.append(_tile("not judged", unjudged, total))
    return "".join(tiles)


def _tile(name: str, count: int, total: int) -> str:
    share = f"{count / total:.1%}" if total else "–"
    return f'<li class="{_text(name)}"><b>{count:,}</b>{_text(name)} <span class="soft">{share}</span></li>'


_OF_WORKERS = ("worker", "process", "up", "silent", "connections", "memory", "processor")


def _cards(reading: Reading) -> Iterable[str]:
    yield _card("Doors", ("", "messages", "median", "95 %", "99 %"), _doors(reading))
    yield _counted("Kinds", "messages", reading.summed("messages", 3))
    yield _counted("What clients were told", "messages", reading.summed("action", 1))
    yield _counted("Watched: what they would have been told", "messages", reading.summed("would", 1))
    yield _card("Rules", ("", "hits", "undecided"), _rules(reading))
    yield _counted("Why rules were undecided", "times", reading.words["cause"])
    yield _counted("Why messages were not judged", "messages", reading.summed("unjudged", 1))
    yield _counted("Troubles", "times", reading.words["trouble"])
    yield _counted("Clients turned away", "times", reading.words["refused"])
    yield _counted("Decisions without a verdict", "times", reading.words["decision"])
    yield _counted("Marks on what we send", "messages", reading.words["sent"])
    yield _counted("Other remarks", "times", reading.words["remark"])
    yield _counted("Service", "times", _events(reading))


def _card(title: str, headings: Row, rows: Sequence[Row]) -> str:
    """A table, whose cells are HTML already; nothing where it has no rows."""
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<section><h2>{title}</h2><div class="scroll">{table}</div></section>'


def _counted(title: str, what: str, counts: Mapping[str, int]) -> str:
    """A card of words with their numbers, the most frequent first, each with a bar."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    most = max(counts.values(), default=1) or 1
    rows = [(_barred(word, count / most), f"{count:,}") for word, count in ordered[:_WORDS]]
    if rest := sum(count for _, count in ordered[_WORDS:]):
        rows.append((f'<span class="soft">{len(ordered) - _WORDS} more</span>', f"{rest:,}"))
    return _card(title, ("", what), rows)


def _barred(word: str, share: float) -> str:
    return f'{_text(word).replace("_", "_<wbr>")}<i style="width:{share:.1%}"></i>'


def _doors(reading: Reading) -> list[Row]:
    rows: list[Row] = []
    for door in columns.ALL_DOORS:
        latency = reading.latency(door)
        if latency.messages:
            times = (brief(latency.percentile(share)) for share in (0.5, 0.95, 0.99))
            rows.append((door, f"{latency.messages:,}", *times))
    return rows


def _rules(reading: Reading) -> list[Row]:
    ordered = sorted(reading.rules.items(), key=lambda item: (-item[1].hits, -item[1].undecided, item[0]))
    most = max((rule.hits for rule in reading.rules.values()), default=1) or 1
    shown = [(name, rule) for name, rule in ordered if any(rule)][:_RULES]
    return [(_barred(name, rule.hits / most), f"{rule.hits:,}", f"{rule.undecided:,}") for name, rule in shown]


def _events(reading: Reading) -> dict[str, int]:
    counts = reading.counts
    more = {"DNS questions": counts["dns", "questions"], "DNS questions in vain": counts["dns", "failures"],
            "log lines lost": counts["lost",]}  # fmt: skip
    return {**reading.words["event"], **{name: count for name, count in more.items() if count}}


def _workers(reading: Reading) -> list[Row]:
    return [
        (
            str(seat.number), str(seat.pid), span(seat.up), span(seat.silent), f"{seat.connections:,}",
            f"{seat.memory / 1e6:,.0f} MB", span(seat.cpu),
        )
        for seat in reading.seats if seat.pid
    ]  # fmt: skip
