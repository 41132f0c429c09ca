"""Single messages as a person is shown them: to read, unclear, fake."""

from __future__ import annotations

from collections.abc import Iterator

from ndrfilter import limits, schema
from ndrfilter.sweep.answer.blocks import Block, Bullets, Entry, Para, Table
from ndrfilter.sweep.answer.nouns import FAKE, GENUINE, KINDS, REASONS, UNDETERMINED, Answer, Letter, Wrong
from ndrfilter.sweep.answer.texts import Quoted, Text, Words

_CELL = 80  # characters of a subject in a list
_STANDING = {"delay": "letter.delay", "feedback": "letter.feedback"}


def to_read(answer: Answer, words: Words) -> Iterator[Block]:
    """The genuine ones in full, newest first, and how many more there are."""
    yield from (_entry(letter, words) for letter in answer.read)
    yield from _more("letter.more_letters", answer.counts[GENUINE] - len(answer.read), words)


def unclear(answer: Answer, words: Words) -> Iterator[Block]:
    """Why they are unclear, counted, and the newest as a list."""
    if not answer.counts[UNDETERMINED]:
        return
    yield Bullets(tuple(words.say(f"doubts.{doubt.what}", number=doubt.number) for doubt in answer.doubts))
    yield Para(words.say("unclear.how"))
    heads = tuple(words.say(f"unclear.{name}") for name in ("date", "sender", "subject"))
    rows = tuple(
        (_day(letter, words), _named(letter.sender, words), _titled(letter.title, words)) for letter in answer.unclear
    )
    yield Table(words.say("unclear.caption"), heads, rows)
    yield from _more("unclear.more", answer.counts[UNDETERMINED] - len(answer.unclear), words)


def fakes(answer: Answer, words: Words) -> Iterator[Block]:
    """Their subjects, without any link."""
    if not answer.fakes:
        return
    yield Para(words.say("fake.how"))
    yield Bullets(tuple(_titled(title, words) for title in answer.fakes))
    yield from _more("fake.more", answer.counts[FAKE] - len(answer.fakes), words)


def _more(key: str, number: int, words: Words) -> Iterator[Block]:
    if number > 0:
        yield Para(words.say(key, number=number), "note")


def _entry(letter: Letter, words: Words) -> Entry:
    kind = words.say(f"kinds.{letter.kind if letter.kind in KINDS else schema.KINDS[-2]}")
    fields = (
        ("letter.wrong" if letter.kind == "failure" else "letter.recipient", tuple(_wrong(letter, words))),
        ("letter.original", tuple(_original(letter, words))),
        ("letter.help", tuple(_help(letter, words))),
        ("letter.from", tuple(_reporter(letter, words))),
    )
    title = (*_date(letter, words), *words.say("format.colon"), *kind)
    labelled = tuple((words.say(key), lines) for key, lines in fields if lines)
    return Entry(title, labelled, words.say("format.colon"))


def _reporter(letter: Letter, words: Words) -> Iterator[Text]:
    host = Quoted(letter.host or letter.sender, limits.ANSWER_TEXT)
    if not host.text:
        return
    if letter.writer:
        yield words.say("letter.writer", host=host, writer=Quoted(letter.writer, _CELL))
    else:
        yield (host,)


def _wrong(letter: Letter, words: Words) -> Iterator[Text]:
    for wrong in letter.wrong:
        reason = wrong.reason if wrong.reason in REASONS else schema.NO_REASON
        address = _named(wrong.address, words)
        if letter.kind == "failure":
            what = words.say(f"reasons.{reason}.what")
            key = "letter.status" if wrong.status else "letter.address"
            yield words.say(key, address=address, what=what, status=Quoted(wrong.status, 20))
        else:
            yield address
        yield from _spelling(wrong, words)
        if wrong.said and reason in ("unknown", "policy", "authentication", "content"):
            yield words.say("letter.said", said=Quoted(wrong.said, limits.ANSWER_SAID))
    if letter.more:
        yield words.say("letter.more", number=letter.more)


def _spelling(wrong: Wrong, words: Words) -> Iterator[Text]:
    if wrong.meant:
        key = "letter.wrote" if wrong.wrote else "letter.meant"
        yield words.say(key, meant=Quoted(wrong.meant, limits.ANSWER_ADDRESS), number=wrong.wrote)


def _original(letter: Letter, words: Words) -> Iterator[Text]:
    subject = Quoted(letter.subject, limits.ANSWER_TEXT)
    if letter.written is not None:
        quoted = subject if letter.subject else words.say("letter.untitled")
        yield words.say("letter.written", subject=quoted, moment=letter.written)
    elif letter.subject:
        yield words.say("letter.subject", subject=subject)
    else:
        yield words.say("letter.none")


def _help(letter: Letter, words: Words) -> Iterator[Text]:
    """What helps, once for each reason, in the order of the addresses."""
    if letter.kind != "failure":
        yield words.say(_STANDING.get(letter.kind, "letter.answer"))
        return
    reasons = [one.reason if one.reason in REASONS else schema.NO_REASON for one in letter.wrong]
    for reason in dict.fromkeys(reasons or [schema.NO_REASON]):
        yield words.say(f"reasons.{reason}.help")


def _date(letter: Letter, words: Words) -> Text:
    return (words.moment(letter.time),) if letter.time else words.say("letter.undated")


def _day(letter: Letter, words: Words) -> Text:
    """As it fits into a column."""
    return (words.short(letter.time, "day"),) if letter.time else words.say("letter.undated")


def _named(address: str, words: Words) -> Text:
    return (Quoted(address, limits.ANSWER_ADDRESS),) if address else words.say("letter.unnamed")


def _titled(title: str, words: Words) -> Text:
    return (Quoted(title, _CELL),) if title else words.say("letter.untitled")
