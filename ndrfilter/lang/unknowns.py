"""Joining values that nobody could establish, so that the result says why and what could still be fetched."""

from __future__ import annotations

from ndrfilter.schema import Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ODD = Unknown("a fact has a value of another type than it declares")


def merged(first: Unknown, *others: Unknown) -> Unknown:
    """The first one's cause with all that is pending in any of them."""
    if not any(other.pending for other in others):
        return first
    pending = dict.fromkeys(first.pending)
    for other in others:
        pending.update(dict.fromkeys(other.pending))
    return Unknown(first.cause, tuple(pending))


def odd(*values: Any) -> Unknown:
    """For values of which one is Unknown, or else not what its type promised."""
    unknown = [value for value in values if value.__class__ is Unknown]
    return merged(*unknown) if unknown else ODD
