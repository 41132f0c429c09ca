"""Regular expressions: RE2 only, with a bound on memory, so that no pattern can run away."""

from __future__ import annotations

from functools import lru_cache

import re2

from ndrfilter.limits import MAX_REGEX_MEMORY, REGEX_INSTRUCTION, REGEX_MEMORY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FLAGS = "ims"


@lru_cache(maxsize=4_096)
def compiled(pattern: str, flags: str = "") -> Any:
    """The compiled pattern; flags are letters of "ims". Raises re2.error.

    Its automaton grows with every new text up to its bound, and then begins anew, which costs little unless the bound
    is tight: a large pattern has more.
    """
    text = f"(?{flags}){pattern}" if flags else pattern
    try:
        made = re2.compile(text, options=options(REGEX_MEMORY))
    except re2.error:  # too large, or no pattern at all: then this raises as well
        return re2.compile(text, options=options(MAX_REGEX_MEMORY))
    wanted = made.programsize * REGEX_INSTRUCTION
    return made if wanted <= REGEX_MEMORY else re2.compile(text, options=options(min(wanted, MAX_REGEX_MEMORY)))


def options(memory: int) -> Any:
    """How patterns are compiled, with so many bytes for each."""
    made = re2.Options()
    made.max_mem = memory
    made.log_errors = False
    return made


ATOMS: dict[str, tuple[bytes, ...]] = {}
"""What `atoms.atoms_of` found out about patterns, told by whoever keeps it: nobody works it out to match one text."""


class Pattern:
    """A pattern that is compiled when a text may match it: most never meet one."""

    __slots__ = ("_flags", "_made", "_text")

    def __init__(self, text: str, flags: str = "") -> None:
        self._text, self._flags, self._made = text, flags, None

    @property
    def compiled(self) -> Any:
        """The compiled pattern."""
        if self._made is None:
            self._made = compiled(self._text, self._flags)
        return self._made

    def search(self, text: str | bytes) -> Any:
        """The first match anywhere, or None."""
        if self._made is None and not self._possible(text):
            return None
        return self.compiled.search(text)

    def finditer(self, text: str | bytes) -> Any:
        """Every match."""
        if self._made is None and not self._possible(text):
            return iter(())
        return self.compiled.finditer(text)

    def _possible(self, text: str | bytes) -> bool:
        atoms = ATOMS.get(self._text)
        return not atoms or has_any(folded(text.encode("utf-8", "replace") if isinstance(text, str) else text), atoms)


def folded(data: bytes) -> bytes:
    """A text in UTF-8, case-folded."""
    return data.lower() if data.isascii() else data.decode("utf-8", "replace").casefold().encode()


def has_any(data: bytes, atoms: tuple[bytes, ...]) -> bool:
    """Whether the folded text has one of these atoms."""
    return any(atom in data for atom in atoms)


def group_names(pattern: Any) -> frozenset[str]:
    """The names of its named groups."""
    return frozenset(pattern.groupindex)


def literal(text: str) -> str:
    """The pattern that matches that text."""
    return str(re2.escape(text))


def glob(text: str) -> str:
    """The pattern for a whole text with `*` (anything) and `?` (one character)."""
    return r"(?s)\A" + "".join({"*": ".*", "?": "."}.get(letter) or literal(letter) for letter in text) + r"\z"


error = re2.error
