"""Configuration: files, mappings and sites on the spot, rulesets, and everything that can be wrong with them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ndrfilter.config.choice import RulesetChoice
    from ndrfilter.config.me import for_me
    from ndrfilter.config.model import Config
    from ndrfilter.config.reading import find, from_mapping, load
    from ndrfilter.config.rulesets import load_ruleset

__all__ = ["Config", "RulesetChoice", "find", "for_me", "from_mapping", "load", "load_ruleset"]
_PLACES = {
    "Config": "model", "RulesetChoice": "choice", "for_me": "me", "load_ruleset": "rulesets",
    "find": "reading", "from_mapping": "reading", "load": "reading",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """The public names, imported when first asked for: who has a configuration ready needs none of the reading."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    return found
