"""What alternatives of a plan need: groups of signs that ordinary mail seldom shows, one of each must be there."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Group = frozenset[int | bytes]
    Need = tuple[tuple[float, Group], ...] | bool

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
_FREQUENT = ("mail", "http", "https", ".com", ".net", ".org", "boundary=")
_RARITY = ((3, 1.0), (5, 0.2), (8, 0.03))


_SEVERAL, _FREQUENTLY = 3, 0.3
"""How many groups are looked at of one alternative; besides the rarest, none that tells little."""


class Guards:
    """The alternatives of a plan, by what they need: the envelope's sender is `told`, or is `null`, or neither.

    `always` has those of which nothing is known, `needs` for each other one the groups of signs of each of which one
    must be there: numbers of the plan's, or the name of a header field.
    """

    def __init__(self, plan: Any, *, told: bool = False, null: bool = False) -> None:
        self._nodes, table, self._root = plan[2], plan[3], plan[4]
        self._states = {"null": null, "untold": not (told or null)}
        self._told = told
        self._known: dict[int, Need] = {}
        self.always: list[int] = []
        self.needs: dict[int, list[Group]] = {}
        for name, number in table.items():
            self._file(number, _all([self._need(number), ((_common(name), frozenset((name,))),)]))
        for number in self._parts(self._root):
            self._file(number, self._need(number))

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

    def _file(self, number: int, need: Need) -> None:
        if need is True:
            self.always.append(number)
        elif need is not False:
            self.needs[number] = [group for place, (cost, group) in enumerate(need) if not place or cost < _FREQUENTLY]

    def _need(self, number: int) -> Need:
        """The groups, each with how common its signs are; True if it may hold anyway, False if never."""
        if number not in self._known:
            self._known[number] = self._worked_out(number)
        return self._known[number]

    def _worked_out(self, number: int) -> Need:
        node = self._nodes[number]
        if isinstance(node, bool):
            return node
        word = node[0]
        if word in self._states:
            return self._states[word]
        if word in ("and", "or"):
            return (_all if word == "and" else _any)(map(self._need, node[1]))
        if word == "sender" and not self._told:
            return False
        if word == "type":
            return ((0.05, frozenset((number,))),)
        if word == "has" and _USUAL.isdisjoint(node[1:]):
            return ((sum(map(_common, node[1:])), frozenset((number,))),)
        if word not in ("text", "last", "part", "sender") or node[-1] is True:
            return True
        tree = halved(node)
        return tree is not False and ((rarity(tree), frozenset((number,))),)


def _all(needs: Iterable[Need]) -> Need:
    """What is needed where all are: the rarest groups."""
    groups: set[tuple[float, Group]] = set()
    for need in needs:
        if need is False:
            return False
        if need is not True:
            groups.update(need)
    return tuple(sorted(groups, key=lambda group: (group[0], sorted(map(str, group[1]))))[:_SEVERAL]) or True


def _any(needs: Iterable[Need]) -> Need:
    """What is needed where one of them is: the rarest group of each."""
    cost, signs = 0.0, frozenset[int | bytes]()
    for need in needs:
        if need is True:
            return True
        if need is not False:
            cost, signs = cost + need[0][0], signs | need[0][1]
    return ((cost, signs),) if signs else False


def _common(name: bytes) -> float:
    """About how much mail has that field."""
    return 0.5 if name in _COMMON else 0.02


def rarity(tree: Any) -> float:
    """About how much mail shows this."""
    if tree in _FREQUENT:
        return 1.0
    if isinstance(tree, str):
        return next((share for length, share in _RARITY if len(tree) < length), 0.002)
    if isinstance(tree, bool):
        return float(tree)
    if tree[0] == "begins":
        return sum(map(rarity, tree[1])) / 4
    if tree[0] == "only":
        return (len(_LETTERS.intersection(tree[1])) / 26) ** 2 * (1.0 if 64 in tree[1] else 0.1)
    shares = [rarity(part) for part in (*tree[1], *tree[2])]
    return sum(shares) if tree[0] == "or" else min(shares)


def halved(sign: Any) -> Any:
    """What the text or the part of an address has to show; False if it never does."""
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
