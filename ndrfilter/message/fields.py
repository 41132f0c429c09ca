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

    __slots__ = ("_text", "name", "raw")

    def __init__(self, name: str, raw: bytes) -> None:
        self.name = name
        self.raw = raw

    @lazy
    def text(self) -> str:
        """The decoded text."""
        return field_text(self.raw)


class Headers:
    """Header fields in order, duplicates kept; names compare without case. `pairs` are names and raw values."""

    __slots__ = ("_index", "_made", "pairs")

    def __init__(self, pairs: Sequence[tuple[bytes, bytes]]) -> None:
        self.pairs = pairs
        self._made: dict[int, Field] = {}
        self._index: dict[str, list[int]] | None = None

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

    def _places(self, name: str) -> list[int]:
        """The places of the fields of that name."""
        index = self._index
        if index is None:
            index = {}
            names = b"\n".join([known for known, _ in self.pairs]).decode("latin-1").lower().split("\n")
            for place, known in enumerate(names if self.pairs else ()):
                if known in index:
                    index[known].append(place)
                else:
                    index[known] = [place]
            self._index = index
        return index.get(name) or index.get(name.lower()) or []

    @property
    def names(self) -> frozenset[str]:
        """The names of all fields, lower case."""
        self._places("")
        return frozenset(self._index or ())

    def all(self, name: str) -> tuple[Field, ...]:
        """Every field of that name, top first."""
        return tuple([self._field(place) for place in self._places(name)])

    def raws(self, name: str) -> list[bytes]:
        """The raw values of the fields of that name, top first."""
        return [self.pairs[place][1] for place in self._places(name)]

    def first(self, name: str) -> Field | None:
        """The topmost field of that name."""
        places = self._places(name)
        return self._field(places[0]) if places else None

    def text(self, name: str) -> str:
        """The topmost field's text, or an empty string."""
        found = self.first(name)
        return found.text if found else ""

    def __contains__(self, name: str) -> bool:
        return bool(self._places(name))

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.pairs)
