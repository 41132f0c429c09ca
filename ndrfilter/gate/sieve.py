"""One look at a whole header: which of the signs that alternatives of a plan need it may show.

The header is in lower case, begins and ends with a line feed, has no carriage return, and a blank for each tab. Lines
may follow that no header has: `name:\\x01local@domain` for the address in a field, under `ENVELOPE` for the sender's.
"""

from __future__ import annotations

from re import escape

from ndrfilter.gate.guards import halved, rarity
from ndrfilter.limits import MAX_REGEX_MEMORY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ndrfilter.gate.guards import Group, Guards

    Way = tuple[bool, str]

ENVELOPE = b"@"
_TOKEN = "\x01token\x01"  # noqa: S105 - no secret
_ANYTHING, _BLANK = r"(?:[^\n]|\n )*", r"\n? "  # fields may be folded
_BLANKS = f"(?:{_BLANK})*"
_ENDS = {"text": (_BLANKS, _BLANKS + r"\n"), "local": ("", "@"), "domain": ("@", r"\n"), "whole": ("", r"\n")}
_PARTS = ("local", "domain", "whole")


class Sieve:
    """What finds the groups of signs of which a header may show one, by their places in `groups`.

    It finds `unclean` if a line is no plain field, nor goes on with one; `encoded` if a field that is looked at as text
    has to be decoded first; `multipart` if the header is that of one. `texts` are the fields looked at as text;
    `addresses` and `types` the groups that ask for the address in a field, for types.
    """

    def __init__(self, plan: Any, guards: Guards) -> None:
        self.groups = list(dict.fromkeys(group for need in guards.needs.values() for group in need))
        self.texts: set[bytes] = set()
        self.addresses: dict[bytes, set[int]] = {}
        self.types: dict[int, list[bytes]] = {}
        patterns = [self._pattern(plan[2], number, group) for number, group in enumerate(self.groups)]
        self.unclean, self.encoded, self.multipart = range(len(patterns), len(patterns) + 3)
        texts = "|".join(map(_quoted, sorted(self.texts)))
        patterns += [
            r"\n(?:[^!-9;-~ ]| \n|[!-9;-~]+[^!-~]|[!-9;-~]{201})",
            rf"\n(?:{texts}):{_ANYTHING}(?:=\?|[\x80-\xff])",
            rf"\ncontent-type:{_ANYTHING}multipart",
        ]
        self.find = _finder(patterns)

    def _pattern(self, nodes: Any, number: int, group: Group) -> str:
        """What is found in every header that shows one of these signs."""
        lines: dict[str, list[Way]] = {}
        for leaf in sorted(group, key=str):
            sign: Any = ("has", leaf) if isinstance(leaf, bytes) else nodes[leaf]
            if sign[0] == "has":
                for name in sign[1:]:
                    lines.setdefault(_start(name), []).append((True, ""))
            elif sign[0] == "type":
                self.types.setdefault(number, []).extend(sign[1:])
                ways = [(False, r"(?:[^\n;]|\n )*=\?"), *((True, _quoted(text)) for text in sign[1:])]
                lines.setdefault(_start(b"content-type"), []).extend(ways)
            elif sign[0] in ("text", "last"):
                self.texts.add(sign[1])
                lines.setdefault(_start(sign[1]), []).extend(_ways(halved(sign), *_ENDS["text"]))
            else:
                name, part = ENVELOPE if sign[0] == "sender" else sign[1], _PARTS[sign[-2]]
                self.addresses.setdefault(name, set()).add(number)
                ways = [(free or part == "domain", way) for free, way in _ways(halved(sign), *_ENDS[part])]
                lines.setdefault(_start(name) + r"\x01", []).extend(ways)
        return "|".join([_line(start, ways) for start, ways in lines.items()])


def _start(name: bytes) -> str:
    return rf"\n{_quoted(name)}:"


def _line(start: str, ways: list[Way]) -> str:
    """What begins so and goes on in one of these ways."""
    free, bound = [way for is_free, way in ways if is_free], [way for is_free, way in ways if not is_free]
    if "" in free:
        return start
    if free:
        bound.append(f"{_ANYTHING}(?:{'|'.join(free)})")
    return f"{start}(?:{'|'.join(bound)})"


def _ways(tree: Any, begin: str, end: str, letters: frozenset[int] | None = None) -> Iterator[Way]:
    """Patterns of texts that show this, each with whether it may stand anywhere; with `letters`, of nothing else."""
    around = "" if letters is None else _only(letters)
    if isinstance(tree, str):
        yield letters is None, _quoted(tree) if letters is None else begin + around + _quoted(tree) + around + end
    elif tree is True:
        yield letters is None, "" if letters is None else begin + around + end
    elif isinstance(tree, tuple) and tree[0] == "begins":
        pieces = f"{begin}(?:{'|'.join(map(_quoted, tree[1]))})"
        yield False, pieces if letters is None else pieces + around + end
    elif isinstance(tree, tuple) and tree[0] == "or":
        for part in (*tree[1], *tree[2]):
            yield from _ways(part, begin, end, letters)
    elif isinstance(tree, tuple):
        parts = (tree,) if tree[0] == "only" else (*tree[1], *tree[2])
        for part in parts:
            if isinstance(part, tuple) and part[0] == "only":
                own = frozenset(part[1]) - {10}
                letters = own if letters is None else own & letters
        others = [part for part in parts if not (isinstance(part, tuple) and part[0] == "only")]
        yield from _ways(min(others, key=rarity, default=True), begin, end, letters)


def _only(letters: frozenset[int]) -> str:
    among = "".join(map(r"\x{:02x}".format, sorted(letters)))
    return (f"(?:[{among}]|\\n )*" if 32 in letters else f"[{among}]*") if among else ""


def _quoted(piece: str | bytes) -> str:
    data = piece.encode("utf-8", "replace") if isinstance(piece, str) else piece
    return escape(data.decode("latin-1")).replace("\\ ", _BLANK)


def _finder(patterns: list[str]) -> Callable[[bytes], list[int] | None]:
    """What finds the places of the patterns that match somewhere in some bytes."""
    import re2

    options = re2.Options()
    options.max_mem = MAX_REGEX_MEMORY
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    made = re2.Set.SearchSet(options)
    for pattern in patterns:
        made.Add(pattern.encode("latin-1"))
    token = made.Add(_TOKEN.encode())
    made.Compile()
    if token not in (made.Match(_TOKEN.encode()) or ()):
        raise MemoryError("too many pieces to look for at once")
    return made.Match  # type: ignore[no-any-return]
