"""A filter kept as plain data: what was read and compiled for it, so that a short-lived process reads nothing.

`freeze` gives data that `marshal` can keep, `thaw` the filter of it again. What the data was made of stands in it under
"stamps": once one of these files is another, or a new one is there, the data is stale and whoever kept it freezes anew.
"""

from __future__ import annotations

from ndrfilter.errors import NdrError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ndrfilter.api import Filter
    from ndrfilter.config.model import Config
    from ndrfilter.ports import Clock, Resolver, Store

    Frozen = dict[str, Any]

VERSION = 1
"""Of the shape of the data."""


class NotFrozenError(NdrError):
    """This configuration cannot be frozen; says why. An ordinary filter works with it."""


def freeze(config: Config) -> Frozen:
    """The configuration, with its rules and plugins, as plain data.

    Raises ConfigError for mistakes as a filter does, and NotFrozenError where foreign code has a word.
    """
    from ndrfilter.frozen.freezing import freeze

    return freeze(config)


def thaw(
    data: Frozen, *, resolver: Resolver | None = None, clock: Clock | None = None, store: Store | None = None
) -> Filter:
    """The filter that `data` was made of; the data is trusted to come from `freeze` of the same release.

    Its `config` knows what judging asks: sites, ruleset, actions, plugins, DNS, state and who opted out.
    """
    from ndrfilter.frozen.thawing import thaw

    return thaw(data, resolver=resolver, clock=clock, store=store)
