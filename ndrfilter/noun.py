"""The base of our nouns: immutable, slotted, typed records that cost nothing to import.

`typing.NamedTuple` is what a type checker sees, and what they do at run time. But importing `typing` or `dataclasses`
costs more than the whole of a short-lived pipe process may, and so does what `collections.namedtuple` compiles for each
class; here one `__new__` is compiled for each number of fields.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple as Noun
else:
    from _collections import _tuplegetter

    class _Record(tuple):
        """What `collections.namedtuple` gives each of its classes."""

        __slots__ = ()
        _fields = ()
        _field_defaults = {}

        @classmethod
        def _make(cls, values):
            made = tuple.__new__(cls, values)
            if len(made) != len(cls._fields):
                raise TypeError(f"expected {len(cls._fields)} values, got {len(made)}")
            return made

        def _replace(self, /, **new):
            made = self._make(map(new.pop, self._fields, self))
            if new:
                raise ValueError(f"{type(self).__name__} has no field {', '.join(new)}")
            return made

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            told = ", ".join(f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True))
            return f"{type(self).__name__}({told})"

        def __getnewargs__(self):
            return tuple(self)

    class _NounMeta(type):
        def __new__(mcs, name, bases, body):
            if bases == ():
                return super().__new__(mcs, name, bases, body)
            fields = tuple(body.get("__annotations__", ()))
            defaults = {field: body.pop(field) for field in fields if field in body}
            if tuple(defaults) != fields[len(fields) - len(defaults) :]:
                raise TypeError(f"{name}: fields with a default come last")
            body.update(
                __slots__=(),
                __match_args__=fields,
                __new__=_new(name, fields, tuple(defaults.values())),
                _fields=fields,
                _field_defaults=defaults,
            )
            missing = range(len(_GETTERS), len(fields))
            _GETTERS.extend(_tuplegetter(number, f"Alias for field number {number}") for number in missing)
            body.update(zip(fields, _GETTERS, strict=False))
            return type(name, (_Record,), body)

    _Function = type(lambda: None)
    _NEW, _GETTERS = {}, []

    def _new(name, fields, defaults):
        """`__new__` with the fields as its parameters."""
        count = len(fields)
        if count not in _NEW:
            names = "".join(f"f{number}, " for number in range(count))
            _NEW[count] = eval(f"lambda cls, {names}: new(cls, ({names}))").__code__  # noqa: S307 - numbers only
        code = _NEW[count].replace(co_varnames=("cls", *fields), co_name="__new__", co_qualname=f"{name}.__new__")
        return _Function(code, {"new": tuple.__new__, "__builtins__": {}}, "__new__", defaults)

    class Noun(metaclass=_NounMeta):
        """A record type: annotate its fields, give defaults last."""


__all__ = ["Noun"]
