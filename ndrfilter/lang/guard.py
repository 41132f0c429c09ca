"""The outermost wall around compiled conditions: whatever happens inside, the answer is one of the three values."""

from __future__ import annotations

from ndrfilter.schema import Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def guarded(closure: Callable[[Any, tuple[Any, ...]], Any]) -> Callable[[Any], Any]:
    """The condition of one argument, the scope. An exception, of a fact's own code too, becomes an Unknown."""

    def run(scope: Any) -> Any:
        try:
            return closure(scope, ())
        except Exception as wrong:
            return Unknown(f"it could not be evaluated ({type(wrong).__name__})")

    return run
