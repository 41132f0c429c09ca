"""The base of our ranks: whole numbers with names, few and ordered.

`enum.IntEnum` is what a type checker sees, and what they do at run time; but importing `enum` costs a short-lived pipe
process too much.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enum import IntEnum as Rank
else:

    class _RankMeta(type):
        def __new__(mcs, name, bases, body):
            made = super().__new__(mcs, name, bases, body)
            made._ranks = {}
            for word, value in body.items():
                if value.__class__ is int:
                    rank = made._ranks[value] = int.__new__(made, value)
                    rank.name, rank.value = word, value
                    type.__setattr__(made, word, rank)
            return made

        def __call__(cls, value):
            try:
                return cls._ranks[value]
            except KeyError:
                raise ValueError(f"{value!r} is no {cls.__name__}") from None

        def __getitem__(cls, name):
            for rank in cls:
                if rank.name == name:
                    return rank
            raise KeyError(name)

        def __iter__(cls):
            return iter(cls._ranks.values())

        def __len__(cls):
            return len(cls._ranks)

    class Rank(int, metaclass=_RankMeta):
        """A number that has a name: assign them in the class's body."""

        def __repr__(self):
            return f"<{type(self).__name__}.{self.name}: {int(self)}>"

        __str__ = int.__repr__

        def __reduce_ex__(self, _protocol):
            return type(self), (int(self),)


__all__ = ["Rank"]
