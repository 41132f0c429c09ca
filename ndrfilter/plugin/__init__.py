"""What a plugin's author imports: `hookimpl`, and the vocabulary to declare facts with."""

from __future__ import annotations

import pluggy

from ndrfilter.schema import Evidence, FactSpec, FieldSpec, RecordSpec, Unknown

hookimpl = pluggy.HookimplMarker("ndrfilter")

__all__ = ["Evidence", "FactSpec", "FieldSpec", "RecordSpec", "Unknown", "hookimpl"]
