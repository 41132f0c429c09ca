"""Everything that a message might make a worker import, imported before the first worker is forked.

Later it might fail, because the service's user cannot read it, or bring in code of another version, because somebody
upgraded the package under the running service. And what is there before the fork is shared.
"""

from __future__ import annotations

import encodings
import importlib
import pkgutil

from dns.rdata import get_rdata_class
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType

import ndrfilter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_OURS = ("adapters", "engine", "facts", "message", "plugin", "sentlog", "service")
_OTHERS = (
    "base64", "datetime", "email.utils", "gzip", "hashlib", "hmac", "html", "sqlite3", "stringprep", "zlib",
    "dns.message", "dns.rdata",
)  # fmt: skip
_RECORDS = ("A", "AAAA", "CNAME", "MX", "NS", "OPT", "PTR", "SOA", "TXT")
_OF_PLUGINS = {
    "dkim": ("dkim", "dkim.canonicalization", "dkim.crypto", "nacl.exceptions", "nacl.signing"),
    "spf": ("spftrace",),
}
_FOREIGN = frozenset({"mbcs", "oem"})
"""Encodings of another operating system."""


def everything(plugins: frozenset[str]) -> None:
    """Import what a service with these plugins on may need."""
    for name in (*_ours(), *_OTHERS, *_encodings(), *(one for on in plugins for one in _OF_PLUGINS.get(on, ()))):
        importlib.import_module(name)
    for record in _RECORDS:
        get_rdata_class(RdataClass.IN, RdataType[record])  # type: ignore[no-untyped-call]


def _ours() -> Iterator[str]:
    for part in _OURS:
        package = importlib.import_module(f"{ndrfilter.__name__}.{part}")
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield found.name


def _encodings() -> Iterator[str]:
    """Mail may be in any of them."""
    for found in pkgutil.iter_modules(encodings.__path__, "encodings."):
        if found.name.rpartition(".")[2] not in _FOREIGN:
            yield found.name
