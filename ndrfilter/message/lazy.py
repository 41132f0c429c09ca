"""`lazy`: a property that is worked out on first use and kept in the slot of its name with an underscore before it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    lazy = property
else:

    class lazy:  # noqa: N801
        """Like `functools.cached_property`, for slotted classes: `x` is kept in the slot `_x`."""

        def __init__(self, make):
            self.make = make
            self.slot = "_" + make.__name__
            self.__doc__ = make.__doc__

        def __get__(self, instance, owner=None):
            if instance is None:
                return self
            try:
                return getattr(instance, self.slot)
            except AttributeError:
                value = self.make(instance)
                setattr(instance, self.slot, value)
                return value


__all__ = ["lazy"]
