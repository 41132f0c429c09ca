"""The quick evaluator: the plain one's closures, some of them in a form that costs less."""

from __future__ import annotations

from ndrfilter.lang.closures import OPERATIONS, builder

build = builder({**OPERATIONS})
"""The closure of a lowered expression."""
