"""`lazy`: an attribute that is worked out on first use and kept in the instance's own dictionary, past the class."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    lazy = property
else:

    class lazy:  # noqa: N801
        """`functools.cached_property` without its lock; not for classes with slots.

        It defines no `__set__`, so what stands in the instance comes first and costs no call.
        """

        def __init__(self, make):
            self.make = make
            self.name = make.__name__
            self.__doc__ = make.__doc__

        def __get__(self, instance, owner=None):
            if instance is None:
                return self
            value = instance.__dict__[self.name] = self.make(instance)
            return value


__all__ = ["lazy"]
