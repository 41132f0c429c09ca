"""Does a value have the shape that its declared type promises? Asked of every fact, so rules meet no other."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ndrfilter.schema import Schema, Type

_SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "domain": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "duration": (int, float),
    "time": (int, float),
    "ip": (IPv4Address, IPv6Address),
    "network": (IPv4Network, IPv6Network),
}


def conforms(value: Any, type_: Type, schema: Schema) -> bool:
    """True if `value` (not None) is a value of `type_`; of a record the declared fields must be there."""
    kind = type_.kind
    if kind in _SCALARS:
        return isinstance(value, _SCALARS[kind]) and (kind == "boolean" or not isinstance(value, bool))
    if kind == "enum":
        return value in type_.values
    if kind == "map":
        return hasattr(value, "get")
    if kind == "list":
        return isinstance(value, tuple) and all(conforms(item, type_.item, schema) for item in value if type_.item)
    spec = schema.records.get(type_.record)
    return spec is not None and all(hasattr(value, attribute(field.name)) for field in spec.fields)


def attribute(field: str) -> str:
    """The Python attribute behind a record's field: `with` and its like carry an underscore."""
    return field + "_" if field in ("with", "for", "from") else field
