"""The gate: what a look at raw header bytes can rule out, as the compiled rules say. It closes, or says nothing."""

from __future__ import annotations

import re

from ndrfilter.message.charset import field_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from ndrfilter.engine.ruleset import RuleSet
    from ndrfilter.facts.world import Facts

    class Planner(Protocol):
        """Who has a plan for rules in force."""

        def plan(self, ruleset: RuleSet) -> Any:
            """The plan, None where there is none."""

    class Told(Protocol):
        """An envelope."""

        @property
        def sender(self) -> str | None:
            """The sender as somebody told it."""


_PATIENCE = 30
"""A plan costs as much as this many messages do without one: who has only a few to judge makes none."""


_MESSAGE_ID = re.compile(rb"(?i)(?:(?!message-id:)[^\r\n][^\n]*+\n)*message-id:([^\n]*(?:\n[ \t][^\n]*)*)").match


def message_id(raw: bytes) -> bytes:
    """The first Message-ID's value as written, line ends as LF; empty if there is none. For a clean header."""
    found = _MESSAGE_ID(raw)
    return found[1].replace(b"\r\n", b"\n").strip() if found else b""


class Gate:
    """The gate of one filter. `troubles` says what failed in it: then it stays open, and results name the failure."""

    def __init__(self, loaded: Planner) -> None:
        self.troubles: tuple[tuple[str, str], ...] = ()
        self._loaded = loaded
        self._asked = 0
        self._for: RuleSet | None = None
        self._plan: Any = None

    def open(self, ruleset: RuleSet) -> None:
        """Have a plan for these rules."""
        from ndrfilter.gate.quick import Quick

        self._for, self._plan = ruleset, None
        try:
            plan = self._loaded.plan(ruleset)
            self._plan = None if plan is None else Quick(plan)
        except Exception as error:
            self._failed(error)

    def closed(self, raw: bytes, envelope: Told | None, ruleset: RuleSet) -> bool:
        """True if this is no returned mail, and no rule toward fake speaks; nothing is raised."""
        if self._for is not ruleset:
            self._asked += 1
            if self._for is None and self._asked <= _PATIENCE:
                return False
            self.open(ruleset)
        if self._plan is None:
            return False
        try:
            sender = envelope.sender if envelope else None
            return bool(self._plan.closed(raw, sender, field_text))
        except Exception as error:
            self._plan = None
            self._failed(error)
            return False

    def _failed(self, error: Exception) -> None:
        self.troubles = (("gate", f"{type(error).__name__}: {error}"),)


class Unread:
    """The facts of a message that is parsed when somebody asks for one: a `FactSource`."""

    __slots__ = ("_envelope", "_facts", "_make", "_raw", "troubles")

    def __init__(
        self, make: Callable[[bytes, Any], Facts], raw: bytes, envelope: Any, troubles: tuple[tuple[str, str], ...]
    ) -> None:
        self._make, self._raw, self._envelope = make, raw, envelope
        self._facts: Facts | None = None
        self.troubles = list(troubles)

    def fact(self, name: str) -> Any:
        """The fact's value, None if absent, or an Unknown."""
        if self._facts is None:
            self._facts = self._make(self._raw, self._envelope)
            self._facts.troubles = self.troubles
        return self._facts.fact(name)

    def blame(self, where: str, what: str) -> None:
        """Note a failure of one of our parts."""
        if (where, what) not in self.troubles:
            self.troubles.append((where, what))


__all__ = ["Gate", "Unread", "message_id"]
