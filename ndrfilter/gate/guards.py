"""What alternatives of a plan need: few signs that ordinary mail seldom shows, one of which must be there."""

from __future__ import annotations

from re import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Need = tuple[float, frozenset[int]] | bool

_USUAL = frozenset((
    b"return-path", b"delivered-to", b"received", b"from", b"to", b"date", b"subject", b"message-id", b"content-type",
    b"mime-version",
))  # fmt: skip
"""Fields that most mail has."""
_COMMON = frozenset((
    b"in-reply-to", b"references", b"reply-to", b"sender", b"list-id", b"list-unsubscribe", b"list-post", b"precedence",
    b"x-mailer", b"authentication-results", b"dkim-signature", b"thread-topic", b"x-mailman-version", b"errors-to",
))  # fmt: skip
"""Fields that much mail has."""
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyz")
_FREQUENT = ("mail", "http", "https", ".com", ".net", ".org")
_ENDS = {"local": (r"\A", "@"), "domain": ("@", r"\z"), "whole": (r"\A", r"\z")}
_PARTS = ("local", "domain", "whole")
_RARITY = ((3, 1.0), (5, 0.2), (8, 0.03))


class Guards:
    """The alternatives of a plan, by what one of them needs: the envelope's sender is `told`, or is `null`, or neither.

    `names` has those that need a header field; `places` patterns and the alternatives that need one of them found, by
    where: ("text" or "last", field) or ("part", field) for an address, without a field that of the envelope's sender.
    `signs` has those that need a sign which only `check` can tell, `always` those of which nothing is known.
    """

    def __init__(self, plan: Any, *, told: bool = False, null: bool = False) -> None:
        self._nodes, self._table, self._root = plan[2], plan[3], plan[4]
        self._states = {"null": null, "untold": not (told or null)}
        self._told = told
        self._needs: dict[int, Need] = {}
        self.always: list[int] = []
        self.signs: dict[int, list[int]] = {}
        self.names: dict[bytes, list[int]] = {}
        self.places: dict[tuple[str, bytes], list[tuple[str, int]]] = {}
        for name, number in self._table.items():
            self._file(number, _least([self.need(number), (_common(name), frozenset())]), name)
        for number in self._parts(self._root):
            self._file(number, self.need(number), b"")

    def certain(self) -> bool:
        """Whether the plan holds whatever the header shows."""
        return self._certain(self._root)

    def _certain(self, number: int) -> bool:
        node = self._nodes[number]
        if node is True or (isinstance(node, tuple) and self._states.get(node[0], False)):
            return True
        parts = node[1] if isinstance(node, tuple) and node[0] in ("and", "or") else ()
        return bool(parts) and (all if node[0] == "and" else any)(map(self._certain, parts))

    def _parts(self, number: int) -> list[int]:
        node = self._nodes[number]
        return list(node[1]) if isinstance(node, tuple) and node[0] == "or" else [number]

    def _file(self, number: int, need: Need, name: bytes) -> None:
        if need is False:
            return
        if need is True:
            self.always.append(number)
            return
        if not need[1]:
            self.names.setdefault(name, []).append(number)
        patterns: dict[tuple[str, bytes], list[str]] = {}
        for leaf in need[1]:
            sign = self._nodes[leaf]
            if sign[0] == "has":
                for field in sign[1:]:
                    self.names.setdefault(field, []).append(number)
            elif sign[0] == "type":
                self.signs.setdefault(leaf, []).append(number)
            else:
                patterns.setdefault(_place(sign), []).append(_pattern(sign))
        for place, found in patterns.items():
            self.places.setdefault(place, []).append(("|".join(found), number))

    def need(self, number: int) -> Need:
        """The signs of which one must be there, and how common they are; True if it may hold anyway, False if never."""
        if number not in self._needs:
            self._needs[number] = self._need(number)
        return self._needs[number]

    def _need(self, number: int) -> Need:
        node = self._nodes[number]
        if isinstance(node, bool):
            return node
        word = node[0]
        if word in self._states:
            return self._states[word]
        if word in ("and", "or"):
            return (_least if word == "and" else _any)(map(self.need, node[1]))
        if word == "sender" and not self._told:
            return False
        if word == "type":
            return 0.05, frozenset((number,))
        if word == "has" and _USUAL.isdisjoint(node[1:]):
            return sum(map(_common, node[1:])), frozenset((number,))
        if word not in ("text", "last", "part", "sender") or node[-1] is True:
            return True
        tree = _tree(node)
        return tree is not False and (_rarity(tree), frozenset((number,)))


def _least(needs: Iterable[Need]) -> Need:
    """What is needed where all are: the rarest."""
    found = list(needs)
    if False in found:
        return False
    return min((need for need in found if not isinstance(need, bool)), key=lambda need: need[0], default=True)


def _any(needs: Iterable[Need]) -> Need:
    """What is needed where one of them is."""
    cost, signs = 0.0, frozenset[int]()
    for need in needs:
        if need is True:
            return True
        if need is not False:
            cost, signs = cost + need[0], signs | need[1]
    return (cost, signs) if signs else False


def _common(name: bytes) -> float:
    """About how much mail has that field."""
    return 0.5 if name in _COMMON else 0.02


def _rarity(tree: Any) -> float:
    """About how much mail shows this."""
    if tree in _FREQUENT:
        return 1.0
    if isinstance(tree, str):
        return next((share for length, share in _RARITY if len(tree) < length), 0.002)
    if isinstance(tree, bool):
        return float(tree)
    if tree[0] == "begins":
        return sum(map(_rarity, tree[1])) / 4
    if tree[0] == "only":
        return (len(_LETTERS.intersection(tree[1])) / 26) ** 2 * (1.0 if 64 in tree[1] else 0.1)
    shares = [_rarity(part) for part in (*tree[1], *tree[2])]
    return sum(shares) if tree[0] == "or" else min(shares)


def _place(sign: Any) -> tuple[str, bytes]:
    return ("part", b"") if sign[0] == "sender" else (sign[0], sign[1])


def _pattern(sign: Any) -> str:
    """A pattern, bytes as Latin-1, that is found in every text that shows the sign; of an address, in the whole."""
    part = "whole" if sign[0] in ("text", "last") else _PARTS[sign[-2]]
    return _of_tree(_tree(sign), *_ENDS[part])


def _tree(sign: Any) -> Any:
    """What the text has to show."""
    halves = sign[0] in ("part", "sender") and sign[-2] < 2
    return _without_at(sign[-1]) if halves else sign[-1]


def _without_at(tree: Any) -> Any:
    """The same of half an address: there is no @ in it."""
    if isinstance(tree, str):
        return "@" not in tree and tree
    if isinstance(tree, bool) or tree[0] == "only":
        return tree
    if tree[0] == "begins":
        pieces = tuple(piece for piece in tree[1] if "@" not in piece)
        return ("begins", pieces) if pieces else False
    pieces, others = tuple(map(_without_at, tree[1])), tuple(map(_without_at, tree[2]))
    if tree[0] == "and":
        return False not in (*pieces, *others) and ("and", pieces, others)
    pieces, others = tuple(filter(None, pieces)), tuple(filter(None, others))
    return ("or", pieces, others) if pieces or others else False


def _of_tree(tree: Any, begin: str, end: str) -> str:
    if isinstance(tree, bool):
        return "" if tree else "[^\\x00-\\xff]"
    if isinstance(tree, str):
        return _quoted(tree)
    if tree[0] == "begins":
        return f"{begin}(?:{'|'.join(map(_quoted, tree[1]))})"
    if tree[0] == "only":
        letters = "".join(map(r"\x{:02x}".format, tree[1]))
        return f"{begin}[{letters}]*{end}" if letters else begin + end
    if tree[0] == "and":
        return _of_tree(min((*tree[1], *tree[2]), key=_rarity), begin, end)
    return "|".join(_of_tree(part, begin, end) for part in (*tree[1], *tree[2]))


def _quoted(piece: str) -> str:
    return escape(piece.encode("utf-8", "replace").decode("latin-1"))
