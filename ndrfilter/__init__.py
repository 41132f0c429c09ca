"""ndrfilter tells genuine bounces from backscatter, from fake bounces and from ordinary mail."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ndrfilter.api import Filter as Filter
    from ndrfilter.engine.result import Result as Result
    from ndrfilter.envelope import Envelope as Envelope

__version__ = "0.1.0"
__all__ = ["Envelope", "Filter", "Result", "__version__"]


def __getattr__(name: str) -> Any:
    """The public names, imported when first asked for: a pipe process does not pay for what it does not use."""
    if name in ("Filter", "Envelope"):
        from ndrfilter import api

        return getattr(api, name)
    if name == "Result":
        from ndrfilter.engine.result import Result

        return Result
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
