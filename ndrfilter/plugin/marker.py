"""`hookimpl`: pluggy's marker for our hooks, made without pluggy, which is imported only where plugins are loaded."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pluggy import HookimplMarker

    hookimpl = HookimplMarker("ndrfilter")
else:
    _PLAIN = {
        **dict.fromkeys(("wrapper", "hookwrapper", "optionalhook", "tryfirst", "trylast"), False),
        "specname": None,
    }

    def hookimpl(function=None, **options):
        """Mark the function as our hook of its own name, or, with pluggy's options, as these say."""
        if function is None or options:
            from pluggy import HookimplMarker

            return HookimplMarker("ndrfilter")(function, **options)
        function.ndrfilter_impl = dict(_PLAIN)
        return function


__all__ = ["hookimpl"]
