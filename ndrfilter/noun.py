"""The base of our nouns: immutable, slotted, typed records that cost nothing to import.

`typing.NamedTuple` is what a type checker sees. At run time the same class is built on
`collections.namedtuple` alone, because importing `typing` or `dataclasses` costs more than the whole
of a short-lived pipe process may.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple as Noun
else:
    from collections import namedtuple

    class _NounMeta(type):
        def __new__(mcs, name, bases, body):
            if bases == ():
                return super().__new__(mcs, name, bases, body)
            fields = tuple(body.get("__annotations__", ()))
            defaults = [body.pop(field) for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults, module=body.get("__module__"))
            for key, value in body.items():
                if key not in _BUILT_BY_NAMEDTUPLE:
                    setattr(made, key, value)
                    if hasattr(value, "__set_name__"):
                        value.__set_name__(made, key)
            return made

    _BUILT_BY_NAMEDTUPLE = frozenset({"__annotations__", "__module__", "__qualname__", "__slots__"})

    class Noun(metaclass=_NounMeta):
        """A record type: annotate its fields, give defaults last."""


__all__ = ["Noun"]
