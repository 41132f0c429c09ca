"""The hooks a plugin may implement. They run once, at load; at message time only the declared functions are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pluggy

from ndrfilter.schema import FactSpec, RecordSpec

hookspec = pluggy.HookspecMarker("ndrfilter")


@hookspec
def declare(settings: Mapping[str, object]) -> Iterable[FactSpec | RecordSpec]:
    """Declare the facts, and the record types they use.

    `settings` is the plugin's own part of the configuration, empty if there is none. A fact's name is dotted and
    starts with the plugin's name ("acme.reputation"). Its function is called at most once a message, with an object
    that has `message`, `envelope`, `site`, `now` and `fact(name)`; it returns a value of the declared type, None for
    absent, or an `Unknown("why")`. What raises or gives another type is unknown and is named in the result.
    """
    raise NotImplementedError


@hookspec
def rules() -> Iterable[Path]:
    """Folders of rule files (*.ndr) that come with the plugin."""
    raise NotImplementedError
