"""Words that are counted as they occur, in one row of the board: their names stand in shared memory, too."""

from __future__ import annotations

import re
from functools import lru_cache

from ndrfilter.service import columns
from ndrfilter.service.columns import NAME, OTHER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMED = re.compile(r"[\w-]+(?:\.[\w-]+)+|\[[^\]]*\]|\b[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,}|[^\s@]+@[^\s@]+")


@lru_cache(maxsize=512)
def shape(cause: str) -> str:
    """A cause without the names and addresses in it, so that the like are counted together."""
    return _NAMED.sub("*", cause[:200]) if "." in cause or ":" in cause or "@" in cause else cause


class Words:
    """The words of one row. A name is written before its number is, so a name without a number is free again."""

    def __init__(self, row: memoryview) -> None:
        self._numbers = row[8 * columns.WORDS : 8 * columns.NUMBERS].cast("Q")
        self._names = row[8 * columns.NUMBERS :]
        self._slots = {(family, word): slot for family, word, slot, _ in self._standing()}

    def count(self, family: str, word: str) -> None:
        """One more of that word; of those for which there is no room, one more "other"."""
        slot = self._slots.get((family, word))
        if slot is None:
            slot = self._place(family, word)
        self._numbers[slot] += 1

    def counts(self) -> Iterator[tuple[str, str, int]]:
        """Family, word and number of all that occurred."""
        for family, word, _, count in self._standing():
            yield family, word, count

    def _standing(self) -> Iterator[tuple[str, str, int, int]]:
        for family in columns.FAMILIES:
            for slot in columns.slots(family):
                count = self._numbers[slot]
                if count:
                    yield family, self._name(slot), slot, count

    def _name(self, slot: int) -> str:
        return bytes(self._names[slot * NAME : (slot + 1) * NAME]).rstrip(b"\0").decode("utf-8", "replace")

    def _place(self, family: str, word: str) -> int:
        name = _fitting(word)
        slot = self._slots.get((family, name))
        if slot is None:
            slots = columns.slots(family)
            slot = next((one for one in slots[:-1] if not self._numbers[one]), slots[-1])
            name = name if slot != slots[-1] else OTHER
            self._names[slot * NAME : (slot + 1) * NAME] = name.encode().ljust(NAME, b"\0")
            self._slots[family, name] = slot
        return slot


def _fitting(word: str) -> str:
    """As much of the word as a name may have, without half a character, nor the NUL that ends one."""
    return word.replace("\0", "?").encode("utf-8", "backslashreplace")[:NAME].decode("utf-8", "ignore")
