"""Message → facts. The built-in ones come through the same hooks as any plugin's."""

from __future__ import annotations

from ndrfilter.facts import bounce, client, content, origin

BUILT_IN = (content, bounce, client, origin)

__all__ = ["BUILT_IN"]
