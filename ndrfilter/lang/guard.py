"""The outermost wall around compiled conditions: whatever happens inside, the answer is one of the three values."""

from __future__ import annotations

from ndrfilter.lang.closures import build
from ndrfilter.schema import Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ndrfilter.lang.closures import Build, Closure


class Condition:
    """A condition of one argument, the scope. An exception, of a fact's own code too, becomes an Unknown.

    `ir` is the lowered expression; its closure is made when somebody first asks.
    """

    __slots__ = ("_build", "_closure", "ir")

    def __init__(self, ir: tuple[Any, ...], build: Build = build) -> None:
        self.ir = ir
        self._build = build
        self._closure: Closure | None = None

    def __call__(self, scope: Any) -> Any:
        """True, False or an Unknown."""
        closure = self._closure
        if closure is None:
            closure = self._closure = self._build(self.ir)
        try:
            return closure(scope, ())
        except Exception as wrong:
            return Unknown(f"it could not be evaluated ({type(wrong).__name__})")
