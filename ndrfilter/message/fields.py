"""Header fields (RFC 5322 section 2.2) as nouns: one field, and all of a header in order."""

from __future__ import annotations

from ndrfilter.message.charset import field_text
from ndrfilter.message.lazy import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Field:
    """One header field (RFC 5322 section 2.2).

    `name` as written; `raw` the bytes after the colon, folding included (line ends as LF), without the last line end;
    `text` unfolded, RFC 2047 words decoded, 8-bit read as UTF-8 else Latin-1, control characters as spaces.
    """

    def __init__(self, name: str, raw: bytes) -> None:
        self.name = name
        self.raw = raw

    @lazy
    def text(self) -> str:
        """The decoded text."""
        return field_text(self.raw)


class Headers:
    """Header fields in order, duplicates kept; names compare without case. `pairs` are names and raw values."""

    def __init__(self, pairs: Sequence[tuple[bytes, bytes]]) -> None:
        self.pairs = pairs
        self._made: dict[int, Field] = {}
        self._names: list[str]

    @lazy
    def _first(self) -> dict[str, int]:
        """The place of each name's topmost field, and beside it `_names`, in lower case by one call for all of them."""
        names = b"\n".join([name for name, _ in self.pairs]).lower().decode("latin-1").split("\n") if self.pairs else []
        self._names = names
        return dict(zip(reversed(names), range(len(names) - 1, -1, -1), strict=True))

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field, top first."""
        return tuple([self._field(place) for place in range(len(self.pairs))])

    def _field(self, place: int) -> Field:
        field = self._made.get(place)
        if field is None:
            name, raw = self.pairs[place]
            field = self._made[place] = Field(name.decode("latin-1"), raw)
        return field

    def _place(self, name: str) -> int:
        """The place of the topmost field of that name, -1 if there is none."""
        place = self._first.get(name, -1)
        return place if place >= 0 else self._first.get(name.lower(), -1)

    def _places(self, name: str) -> Sequence[int]:
        """The places of the fields of that name."""
        place = self._place(name)
        if place < 0:
            return ()
        name = self._names[place]
        if len(self._first) == len(self.pairs) or self._names.count(name) == 1:
            return (place,)
        return [place for place, known in enumerate(self._names) if known == name]

    @property
    def names(self) -> frozenset[str]:
        """The names of all fields, lower case."""
        return frozenset(self._first)

    def all(self, name: str) -> tuple[Field, ...]:
        """Every field of that name, top first."""
        return tuple([self._field(place) for place in self._places(name)])

    def raws(self, name: str) -> list[bytes]:
        """The raw values of the fields of that name, top first."""
        return [self.pairs[place][1] for place in self._places(name)]

    def count(self, name: str) -> int:
        """How many fields of that name there are."""
        return len(self._places(name))

    def first(self, name: str) -> Field | None:
        """The topmost field of that name."""
        place = self._place(name)
        return self._field(place) if place >= 0 else None

    def text(self, name: str) -> str:
        """The topmost field's text, or an empty string."""
        place = self._place(name)
        return self._field(place).text if place >= 0 else ""

    def __contains__(self, name: str) -> bool:
        return self._place(name) >= 0

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.pairs)
