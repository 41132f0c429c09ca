"""What a page is made of, before it is text or HTML."""

from __future__ import annotations

from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.sweep.answer.nouns import Timeline
    from ndrfilter.sweep.answer.texts import Text


class Para(Noun):
    """A paragraph; `role` is "", "note" or "lead"."""

    text: Text
    role: str = ""


class Bullets(Noun):
    """A list; `mark` is "do", "dont" or ""."""

    items: tuple[Text, ...]
    mark: str = ""


class Card(Noun):
    """Something that happened: `certainty` is one of CERTAINTIES, `sure` the same in words."""

    name: str
    title: Text
    certainty: str
    sure: Text
    what: Text
    why: Text


class Entry(Noun):
    """One message: its date and kind, then lines under labels; `colon` is what may stand behind a label."""

    title: Text
    fields: tuple[tuple[Text, tuple[Text, ...]], ...]
    colon: Text


class Table(Noun):
    """A table with a caption; the first column names the row, columns in `numbers` are aligned right."""

    caption: Text
    heads: tuple[Text, ...]
    rows: tuple[tuple[Text, ...], ...]
    numbers: tuple[int, ...] = ()


class Picture(Noun):
    """The timeline, with its title, its description, the verdicts' words, and what stands at its axes."""

    timeline: Timeline
    title: Text
    about: Text
    names: tuple[Text, ...]
    highest: str
    first: str
    last: str
    table: Table


Block = Para | Bullets | Card | Entry | Table | Picture


class Section(Noun):
    """A heading and what stands below it; `key` is its name in the page."""

    key: str
    title: Text
    blocks: tuple[Block, ...]
