"""What a plugin's author imports: `hookimpl`, and the vocabulary to declare facts and settings with."""

from __future__ import annotations

from ndrfilter.plugin.marker import hookimpl
from ndrfilter.plugin.outgoing import Outgoing, Stamp
from ndrfilter.plugin.setting import Key, Setting, SettingError
from ndrfilter.schema import Evidence, FactSpec, FieldSpec, RecordSpec, Unknown

__all__ = [
    "Evidence", "FactSpec", "FieldSpec", "Key", "Outgoing", "RecordSpec", "Setting", "SettingError", "Stamp", "Unknown",
    "hookimpl",
]  # fmt: skip
