"""The hooks a plugin may implement, all of them optional. At message time only the functions it declared are called.

`settings`, `configure`, `declare` and `rules` run at load, `stamp` for each message that goes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pluggy

from ndrfilter.plugin.outgoing import Outgoing, Stamp
from ndrfilter.plugin.setting import Setting
from ndrfilter.schema import FactSpec, RecordSpec

hookspec = pluggy.HookspecMarker("ndrfilter")


@hookspec
def settings() -> Iterable[Setting]:
    """Say what may stand in the plugin's section of the configuration; without this hook it is anything."""
    raise NotImplementedError


@hookspec(firstresult=True)
def configure(values: Mapping[str, Any]) -> object:
    """Make of the section's values what the plugin's functions get as `facts.settings(NAME)`; the values themselves
    without this hook.

    Called for the common section and for each site that has one of its own. Raises `SettingError` for a mistake.
    """
    raise NotImplementedError


@hookspec
def declare() -> Iterable[FactSpec | RecordSpec]:
    """Declare the facts, and the record types they use.

    A fact's name is dotted and starts with the plugin's name ("acme.reputation"). Its function is called at most once
    a message, with an object that has `message`, `envelope`, `site`, `now`, `fact(name)` and `settings(plugin)`; it
    returns a value of the declared type, None for absent, or an `Unknown("why")`. What raises or gives another type is
    unknown and is named in the result.
    """
    raise NotImplementedError


@hookspec
def rules() -> Iterable[Path]:
    """Folders of rule files (*.ndr) that come with the plugin."""
    raise NotImplementedError


@hookspec(firstresult=True)
def stamp(outgoing: Outgoing, settings: object) -> Stamp | None:
    """What to mark a message with that we send, so that it can be known when it comes back; None to leave it.

    `settings` is what `configure` made. Pure: the same message at the same time gives the same marks.
    """
    raise NotImplementedError
