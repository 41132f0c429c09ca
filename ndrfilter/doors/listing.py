"""The people's format of `check`: a block for each of a few messages, a line for each of many, the sum of it all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndrfilter.doors import words
from ndrfilter.terminal import Style, clip, escape, wrap

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ndrfilter.engine.result import Hit, Result

FEW = 20
"""Up to so many messages get a block each."""
_MANY = 100
_DULL = (words.BACKSCATTER, words.NO_BOUNCE)
_NAMES = 8  # undecided rules, addresses


def block(label: str, result: Result, style: Style, width: int = 100) -> Iterator[str]:
    """The lines about one message: verdict, the rules with their evidence, what is open, the advice."""
    verdict = style(result.verdict.upper(), *words.COLOURS.get(result.verdict, ()))
    yield "  ".join(filter(None, (escape(label), verdict, words.measure(result)))) + f"   {words.headline(result)}"
    yield from _recipients(result)
    conditions = _conditions(result)
    name_width = max((len(hit.name) for hit in result.hits), default=0)
    for sign, hit in words.by_weight(result):
        yield _hit(sign, hit, result, name_width, style)
        yield from conditions.pop(hit.name, ("",))[1:]
    if result.undecided:
        causes = words.undecided(result).items()
        named = [f"{_some([escape(name) for name in names])} ({clip(cause, 200)})" for cause, names in causes]
        yield wrap(f"undecided: {_some(named)}", width, "  ", "    ")
    for trouble in result.errors:
        yield style(f"  trouble: {escape(trouble.where)}: {clip(trouble.what, 200)}", "red")
    if result.defects:
        yield f"  defects: {_some([clip(defect, 80) for defect in result.defects])}"
    if conditions:
        yield "  rules that did not hold:"
        yield from (line for lines in conditions.values() for line in lines)
    advice = result.advice
    said = " ".join(filter(None, (advice.sent, advice.why, advice.do)))
    if said:
        yield wrap(escape(said), width, "  ")


def _hit(sign: str, hit: Hit, result: Result, name_width: int, style: Style) -> str:
    text = clip(hit.text, 300) + words.aside(hit, result)
    line = f"{sign:>6}  {hit.name:<{name_width}}  {hit.evidence:<10}  {text}".rstrip()
    return style(line, "dim") if hit.shadow else line


def _conditions(result: Result) -> dict[str, list[str]]:
    """For each rule a line with what it came to, and one for each of its conditions, which the trace indents."""
    lines: dict[str, list[str]] = {}
    rule = ""
    for text, value in result.trace:
        if not text.startswith(" "):
            rule = text
            lines[rule] = [f"        {escape(rule)}: {clip(value, 200)}"]
        elif rule:
            lines[rule].append(f"          {clip(text.strip(), 200)}  =  {clip(value, 200)}")
    return lines


def _recipients(result: Result) -> Iterator[str]:
    if result.verdict in (words.GENUINE, words.UNDETERMINED):
        shown = result.recipients[:_NAMES]
        yield from (f"  {words.failed(recipient)}" for recipient in shown)
        if len(result.recipients) > len(shown):
            yield f"  and {words.counted(len(result.recipients) - len(shown), 'more address', 'more addresses')}"


def _some(named: list[str]) -> str:
    more = len(named) - _NAMES
    return ", ".join(named[:_NAMES]) + (f" and {more} more" if more > 0 else "")


def line(label: str, result: Result, style: Style) -> str:
    """One line about one of many messages: verdict, path, and what a person wants to know first."""
    verdict = style(f"{result.verdict.upper():<12}", *words.COLOURS.get(result.verdict, ()))
    about = words.headline(result)
    if result.verdict == words.GENUINE and result.recipients:
        more = len(result.recipients) - 1
        about = words.failed(result.recipients[0]) + (f" and {more} more" if more else "")
    return f"{verdict}  {escape(label)}  {about}"


class Listing:
    """Collects what is to be shown and puts it in order; knows nothing of files or terminals."""

    def __init__(self, style: Style, width: int = 100, only: Collection[str] = (), short: bool = False) -> None:
        self._style, self._width, self._only, self._short = style, width, only, short
        self._few: list[tuple[str, Result]] = []
        self._lines: dict[str, list[str]] = {verdict: [] for verdict in words.ORDER}
        self._counts = dict.fromkeys(words.ORDER, 0)
        self._lost = 0

    def add(self, label: str, result: Result) -> None:
        """Take one result in. Beyond a few only a line of each is kept."""
        self._counts[result.verdict] += 1
        if self._only and result.verdict not in self._only:
            return
        self._lines[result.verdict].append(line(label, result, self._style))
        if len(self._few) <= FEW:
            self._few.append((label, result))

    def lost(self, number: int) -> None:
        """Tell how many files could not be read."""
        self._lost = number

    @property
    def many(self) -> bool:
        """Whether each message gets a line and not a block."""
        return len(self._few) > FEW

    def __iter__(self) -> Iterator[str]:
        """The lines to print, genuine ones first, the summary last."""
        yield from self._all_lines() if self.many else self._blocks()
        if sum(self._counts.values()) + self._lost != 1:
            yield self.summary()

    def _blocks(self) -> Iterator[str]:
        for number, (label, result) in enumerate(
            sorted(self._few, key=lambda pair: words.ORDER.index(pair[1].verdict))
        ):
            if number:
                yield ""
            yield from block(label, result, self._style, self._width)
        if len(self._few) > 1:
            yield ""

    def _all_lines(self) -> Iterator[str]:
        for verdict, found in self._lines.items():
            cut = self._short and verdict in _DULL and verdict not in self._only and len(found) > _MANY
            yield from found[:_MANY] if cut else found
            if cut:
                yield f"{'':12}  and {len(found) - _MANY:,} more (--only {verdict} lists them all)"

    def summary(self) -> str:
        """All messages in one sentence."""
        counts = self._counts
        total = sum(counts.values())
        first = " (listed first)" if total > counts[words.GENUINE] and self._listed(words.GENUINE) else ""
        parts = [
            (counts[words.BACKSCATTER], "{} not yours"),
            (counts[words.FAKE], "{} fake"),
            (counts[words.GENUINE], "{} to read" + first),
            (counts[words.UNDETERMINED], "{} unclear"),
            (counts[words.NO_BOUNCE], "{} no " + ("bounce" if counts[words.NO_BOUNCE] == 1 else "bounces")),
            (self._lost, "{} could not be read"),
        ]
        said = ", ".join(text.format(f"{number:,}") for number, text in parts if number)
        return words.counted(total, "message", "messages") + (f": {said}." if said else ".")

    def _listed(self, verdict: str) -> bool:
        return not self._only or verdict in self._only
