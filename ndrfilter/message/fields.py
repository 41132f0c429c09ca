"""Header fields (RFC 5322 section 2.2) as nouns: one field, and all of a header in order."""

from __future__ import annotations

from ndrfilter.message.charset import FLAT, field_text, plain_text
from ndrfilter.message.lazy import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Pairs = Sequence[tuple[bytes, bytes]]


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

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs

    @lazy
    def places(self) -> Places:
        """Where the fields of each name stand."""
        return Places(self.pairs)

    @lazy
    def plain(self) -> list[str]:
        """The `plain_text` of every field, by one call for all of them."""
        flat = b"\r".join([raw for _, raw in self.pairs]).translate(FLAT, b"\n")
        texts = flat.decode("latin-1").split("\r")
        if len(texts) != len(self.pairs):  # carriage returns of its own
            return [plain_text(raw) for _, raw in self.pairs]
        if flat.isascii():
            return list(map(str.strip, texts))
        return [text.strip() if text.isascii() else plain_text(self.pairs[at][1]) for at, text in enumerate(texts)]

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field, top first."""
        return tuple([Field(name.decode("latin-1"), raw) for name, raw in self.pairs])

    @property
    def names(self) -> frozenset[str]:
        """The names of all fields, lower case."""
        return frozenset(self.places)

    def all(self, name: str) -> tuple[Field, ...]:
        """Every field of that name, top first."""
        pairs = self.pairs
        return tuple([Field(pairs[place][0].decode("latin-1"), pairs[place][1]) for place in self.places[name]])

    def raws(self, name: str) -> list[bytes]:
        """The raw values of the fields of that name, top first."""
        return [self.pairs[place][1] for place in self.places[name]]

    def plains(self, name: str) -> list[str]:
        """The fields of that name as `plain_text` has them, top first."""
        return [self.plain[place] for place in self.places[name]]

    def count(self, name: str) -> int:
        """How many fields of that name there are."""
        return len(self.places[name])

    def first(self, name: str) -> Field | None:
        """The topmost field of that name."""
        return next(iter(self.all(name)), None)

    def text(self, name: str) -> str:
        """The topmost field's text, or an empty string."""
        found = self.places[name]
        return self.text_at(found[0]) if found else ""

    def text_at(self, place: int) -> str:
        """The text of the field at that place."""
        text = self.plain[place]
        return field_text(self.pairs[place][1]) if "=?" in text else text

    def __contains__(self, name: str) -> bool:
        return name in self.places or name.lower() in self.places

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.pairs)


class Places(dict[str, list[int]]):
    """The places of the fields of each name, top first; the keys are lower case, but any case may be asked for."""

    __slots__ = ()

    def __init__(self, pairs: Pairs) -> None:
        super().__init__()
        names = b"\n".join([name for name, _ in pairs]).lower().decode("latin-1").split("\n") if pairs else ()
        for place, name in enumerate(names):
            if name in self:
                self[name].append(place)
            else:
                self[name] = [place]

    def __missing__(self, name: str) -> list[int]:
        return self.get(name.lower()) or []
