"""The page in blocks, the same for a terminal and for a browser: what is said, in which order, under which heading."""

from __future__ import annotations

from collections.abc import Iterator

from ndrfilter import limits
from ndrfilter.sweep.answer import letters
from ndrfilter.sweep.answer.blocks import Block, Bullets, Card, Para, Picture, Section, Table
from ndrfilter.sweep.answer.nouns import (
    BACKSCATTER,
    FAKE,
    HACKED,
    ORDINARY,
    SPOOFED,
    UNSURE,
    VERDICTS,
    Answer,
    Bar,
    Timeline,
    Wave,
)
from ndrfilter.sweep.answer.texts import Quoted, Text, Words


def summary(answer: Answer, words: Words) -> Text:
    """The line that says it all: so many looked at, so many of each verdict."""
    kinds = [*VERDICTS, *([ORDINARY] if answer.counts[ORDINARY] else [])]
    names = {ORDINARY: "ordinary"}
    parts = tuple(words.say(f"summary.{names.get(kind, kind)}", number=answer.counts[kind]) for kind in kinds)
    return words.say("summary.line", number=answer.looked_at, parts=words.join(parts))


def about(answer: Answer, words: Words) -> Iterator[Text]:
    """Which mailbox, whose, and when."""
    scope = answer.scope
    yield words.say("page.about", place=Quoted(scope.place, limits.ANSWER_TEXT), moment=answer.now)
    if scope.me:
        mine = tuple((Quoted(one, limits.ANSWER_ADDRESS),) for one in scope.me[: limits.ANSWER_ADDRESSES])
        yield words.say("page.mine", number=len(scope.me), addresses=words.join(mine))


def sections(answer: Answer, words: Words) -> Iterator[Section]:
    """Everything below the summary; a section without anything to say is left out."""
    made = (
        ("happened", _happened(answer, words)),
        ("read", letters.to_read(answer, words)),
        ("when", _when(answer, words)),
        ("todo", _todo(answer, words)),
        ("surer", _surer(answer, words)),
        ("unclear", letters.unclear(answer, words)),
        ("notyours", _not_yours(answer, words)),
        ("fake", letters.fakes(answer, words)),
        ("done", _done(answer, words)),
    )
    for key, blocks in made:
        found = tuple(blocks)
        if found:
            yield Section(key, words.say(f"page.{key}"), found)


def _happened(answer: Answer, words: Words) -> Iterator[Block]:
    for finding in answer.findings:
        key = f"diagnoses.{finding.name}"
        yield Card(
            finding.name,
            words.say(f"{key}.title"),
            finding.certainty,
            words.say(f"certainty.{finding.certainty}"),
            words.say(f"{key}.what"),
            words.say(f"{key}.why.{finding.certainty}", number=finding.number, places=finding.places),
        )


def _when(answer: Answer, words: Words) -> Iterator[Block]:
    line = answer.timeline
    if line is None:
        return
    if line.wave is not None:
        yield Para(tuple(_wave(line.wave, words)))
    key = "when.once" if line.first.date() == line.last.date() else "when.span"
    yield Para(words.say(key, first=words.date(line.first), last=words.date(line.last)))
    if len(line.bars) > 1:
        yield _picture(line, words)
    if line.outside:
        yield Para(words.say("when.outside", number=line.outside), "note")


def _wave(wave: Wave, words: Words) -> Iterator[str | Quoted]:
    gap = words.say("format.gap")
    yield from words.say(f"when.began.{wave.verdict}", began=wave.began, number=wave.number)
    yield from gap
    peak = words.unit(wave.peak, wave.peak_unit)
    yield from words.say(f"when.peak_{wave.peak_unit}", peak=peak, number=wave.peak_number)
    yield from gap
    ends = words.date(wave.ends) if wave.ends else ""
    yield from words.say(f"when.{wave.state}", last=words.date(wave.last), ends=ends)


def _picture(line: Timeline, words: Words) -> Picture:
    names = tuple(words.say(f"verdicts.{verdict}") for verdict in VERDICTS)
    first, last = line.bars[0].start, line.bars[-1].start
    highest = max(sum(bar.counts) for bar in line.bars)
    return Picture(
        timeline=line,
        title=words.say("when.picture"),
        about=words.say(
            "when.described", first=words.unit(first, line.unit), last=words.unit(last, line.unit), number=highest
        ),
        names=names,
        highest=words.number(highest),
        first=words.short(first, line.unit),
        last=words.short(last, line.unit),
        table=Table(
            words.say("when.table"),
            (words.say(f"when.by_{line.unit}"), *names),
            tuple(_numbers(bar, line.unit, words) for bar in line.bars if any(bar.counts)),
            numbers=(1, 2, 3, 4),
        ),
    )


def _numbers(bar: Bar, unit: str, words: Words) -> tuple[Text, ...]:
    return ((words.unit(bar.start, unit),), *((words.number(number),) for number in bar.counts))


def _todo(answer: Answer, words: Words) -> Iterator[Block]:
    """What to do and what not, worst first, nothing twice."""
    names = [finding.name for finding in answer.findings]
    told: set[Text] = set()
    certain = HACKED not in names and any(one.name == SPOOFED and one.certainty != UNSURE for one in answer.findings)
    for name in names:
        if len(names) > 1:
            yield Para(words.say(f"diagnoses.{name}.title"), "lead")
        dont = words.every(f"diagnoses.{name}.dont")
        if name == SPOOFED and certain:
            dont += (words.say("diagnoses.spoofed.unless_hacked"),)
        for mark, texts in (("do", words.every(f"diagnoses.{name}.do")), ("dont", dont)):
            items = tuple(text for text in texts if text not in told)
            told.update(items)
            if items:
                yield Bullets(items, mark)


def _surer(answer: Answer, words: Words) -> Iterator[Block]:
    if answer.hints:
        yield Bullets(tuple(words.say(f"hints.{hint}") for hint in answer.hints))


def _not_yours(answer: Answer, words: Words) -> Iterator[Block]:
    number = words.say("notyours.number")
    if answer.days:
        rows = tuple(((words.date(day),), (words.number(count),)) for day, count in answer.days)
        yield Table(words.say("notyours.days"), (words.say("notyours.day"), number), rows, (1,))
    if answer.hosts:
        hosts = tuple(((Quoted(host.what, 60),), (words.number(host.number),)) for host in answer.hosts)
        yield Table(words.say("notyours.hosts"), (words.say("notyours.host"), number), hosts, (1,))


def _done(answer: Answer, words: Words) -> Iterator[Block]:
    scope = answer.scope
    if scope.moved:
        into = Quoted(scope.into, limits.ANSWER_TEXT)
        yield Para(words.say("done.moved", number=scope.moved, into=into))
    elif answer.counts[BACKSCATTER] or answer.counts[FAKE]:
        yield Para(words.say("done.unmoved"))
    yield Para(words.say("done.kept"))
