"""Regular expressions: RE2 only, with a bound on memory, so that no pattern can run away."""

from __future__ import annotations

from functools import lru_cache

from ndrfilter.limits import MAX_REGEX_MEMORY, REGEX_INSTRUCTION, REGEX_MEMORY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Short = tuple[int, tuple[int, bytes, int]]

FLAGS = "ims"


@lru_cache(maxsize=4_096)
def compiled(pattern: str, flags: str = "") -> Any:
    """The compiled pattern; flags are letters of "ims". Raises re2.error.

    Its automaton grows with every new text up to its bound, and then begins anew, which costs little unless the bound
    is tight: a large pattern has more.
    """
    import re2  # a process of one message may do without it

    text = f"(?{flags}){pattern}" if flags else pattern
    try:
        made = re2.compile(text, options=options(REGEX_MEMORY))
    except re2.error:  # too large, or no pattern at all: then this raises as well
        return re2.compile(text, options=options(MAX_REGEX_MEMORY))
    wanted = made.programsize * REGEX_INSTRUCTION
    return made if wanted <= REGEX_MEMORY else re2.compile(text, options=options(min(wanted, MAX_REGEX_MEMORY)))


def options(memory: int) -> Any:
    """How patterns are compiled, with so many bytes for each."""
    import re2

    made = re2.Options()
    made.max_mem = memory
    made.log_errors = False
    return made


ATOMS: dict[str, tuple[bytes, ...]] = {}
"""What `atoms.atoms_of` found out about patterns, told by whoever keeps it: nobody works it out to match one text."""

SHORT: dict[tuple[str, str], Short] = {}
"""Likewise what `short.short_of` made of patterns with their flags; only the interpreter that made it may use it."""


class Pattern:
    """A pattern that is compiled when a text may match it: most never meet one."""

    __slots__ = ("_flags", "_made", "_short", "_text")

    def __init__(self, text: str, flags: str = "") -> None:
        self._text, self._flags, self._made = text, flags, None
        self._short: Any = None

    @property
    def compiled(self) -> Any:
        """The compiled pattern."""
        if self._made is None:
            self._made = compiled(self._text, self._flags)
        return self._made

    def matches(self, text: str) -> bool:
        """Whether there is a match anywhere."""
        if self._made is None and (self._text, self._flags) in SHORT:
            longest, made_of = SHORT[self._text, self._flags]
            if len(text) <= longest and text.isascii() and "\v" not in text:  # that is no `\\s` for RE2
                if not self._possible(text):
                    return False
                if self._short is None:
                    self._short = _compiled_short(self._text, *made_of)
                return self._short.search(text) is not None
        # Bytes, because for a str the binding works out character offsets, which costs more than the search.
        return self.search(text.encode("utf-8", "replace")) is not None

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


def _compiled_short(pattern: str, flags: int, words: bytes, groups: int) -> Any:
    from _sre import compile as made  # type: ignore[import-not-found]

    return made(pattern, flags, memoryview(words).cast("I").tolist(), groups, {}, (None,) * (groups + 1))


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
    import re2

    return str(re2.escape(text))


def glob(text: str) -> str:
    """The pattern for a whole text with `*` (anything) and `?` (one character)."""
    return r"(?s)\A" + "".join({"*": ".*", "?": "."}.get(letter) or literal(letter) for letter in text) + r"\z"


def __getattr__(name: str) -> Any:
    """`error`: what `compiled` raises."""
    if name != "error":
        raise AttributeError(name)
    import re2

    return re2.error
