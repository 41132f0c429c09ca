"""The gate for many messages: what the alternatives of a plan need is looked for in one pass over each text.

It says what `check` says. Whatever shows a piece that an alternative needs is left to `check` to decide.
"""

from __future__ import annotations

from ndrfilter.gate import check
from ndrfilter.gate.guards import Guards
from ndrfilter.limits import MAX_REGEX_MEMORY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Look = tuple[Callable[[bytes], Any], tuple[int, ...]]

_TOKEN = "\x01token\x01"  # noqa: S105 - no secret


class Quick:
    """A plan made ready for many messages."""

    def __init__(self, plan: Any) -> None:
        self._plan = plan
        self._told = _Ways(plan, told=True)
        self._untold = _Ways(plan, told=False)
        self._null = Guards(plan, null=True).certain()

    def closed(self, raw: bytes, sender: str | None, text_of: Any) -> bool:
        """As `check.closed`."""
        ways, address = self._untold, ""
        if sender is not None:
            parts = check.sender_parts(sender)
            if parts is None:
                return not self._null and check.closed(raw, self._plan, sender, text_of)
            ways, address = self._told, parts[2]
        mail = check.mail_of(raw, self._plan, sender, text_of)
        return mail is not None and not ways.hold(mail, address)


class _Ways:
    """The alternatives of a plan for mail whose envelope sender is an address, or is not told."""

    def __init__(self, plan: Any, *, told: bool) -> None:
        guards = Guards(plan, told=told)
        self._always = guards.always
        self._signs = list(guards.signs.items())
        self._names = guards.names
        self._looks: dict[bytes, list[tuple[str, Callable[[bytes], Any], tuple[int, ...]]]] = {}
        for (what, name), patterns in guards.places.items():
            self._looks.setdefault(name, []).append((what, *_look(patterns)))
        self._latest = -1

    def hold(self, mail: Any, address: str) -> bool:
        """Whether one of them may hold of this mail."""
        if self._latest >= 0 and check.holds(self._latest, mail):
            return True
        first = mail[0][0]
        asked = set(self._always)
        for name in self._names.keys() & first.keys():
            asked.update(self._names[name])
        for sign, numbers in self._signs:
            if check.holds(sign, mail):
                asked.update(numbers)
        for _, match, among in self._looks.get(b"", ()):
            asked.update([among[at] for at in match(address.encode()) or ()])
        for name in self._looks.keys() & first.keys():
            for what, match, among in self._looks[name]:
                text = check.shown(what, name, mail)
                if text is None:
                    asked.update(among)
                elif found := match(text.encode("utf-8", "replace")):
                    asked.update([among[at] for at in found])
        for number in asked:
            if check.holds(number, mail):
                self._latest = number  # much mail is like what came before
                return True
        return False


def _look(asked: list[tuple[str, int]]) -> Look:
    """What finds the places of the patterns that match some bytes, and the numbers at those places."""
    import re2

    options = re2.Options()
    options.max_mem = MAX_REGEX_MEMORY
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    made = re2.Set.SearchSet(options)
    for pattern, _ in asked:
        made.Add(pattern.encode("latin-1"))
    token = made.Add(_TOKEN.encode())
    made.Compile()
    if token not in (made.Match(_TOKEN.encode()) or ()):
        raise MemoryError("too many pieces to look for at once")
    return made.Match, tuple(number for _, number in asked)
