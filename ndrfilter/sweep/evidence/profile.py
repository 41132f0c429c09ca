"""Whose mailbox it is, as found out and confirmed once: addresses, servers, Sent folders; and `profile.yml`."""

from __future__ import annotations

import json
import os

from ndrfilter import limits
from ndrfilter.errors import ConfigError, TemporaryError
from ndrfilter.noun import Noun
from ndrfilter.sweep.mailbox import PlaceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import Any

    from ndrfilter.config.model import Config
    from ndrfilter.config.tree import Node, Reader

NAME = "profile.yml"
_TIME = "%Y-%m-%d %H:%M:%S UTC"
_KEYS = ("addresses", "relays", "receivers", "sent", "complete", "confirmed")
_HOST_KEYS = ("value", "source", "shared")
_ABOUT = """\
# Whose mailbox this is, as `ndrfilter sweep` found out. You may change it; remove it, and you are asked again.
#
# addresses   all addresses that you send from
# relays      the servers that your mail leaves through: names, addresses, networks; shared: they serve others too
# receivers   the servers that take mail in for you
# sent        the folders with what you sent
# complete    whether everything that you send, from every device and program, is kept there
# confirmed   when you said that this is right; nothing for not yet
"""


class Observed(Noun):
    """A host's name, an address or a network, where that was seen, in words, and whether it serves others too."""

    value: str
    source: str
    shared: bool = False


class Profile(Noun):
    """Whose mailbox it is. `confirmed` is when the person said that it is right, in seconds since the epoch.

    `complete` is whether everything that the person sends is kept in the folders `sent`.
    """

    addresses: tuple[str, ...]
    relays: tuple[Observed, ...] = ()
    receivers: tuple[Observed, ...] = ()
    sent: tuple[str, ...] = ()
    complete: bool = False
    confirmed: float | None = None

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains of the addresses, each once."""
        return domains_of(self.addresses)

    @property
    def sure(self) -> bool:
        """Whether absence from the Sent folder may count: it is complete, and the person has said so."""
        return self.complete and self.confirmed is not None and bool(self.sent)


def domains_of(addresses: Iterable[str]) -> tuple[str, ...]:
    """The domains of these addresses, in A-labels, each once."""
    from ndrfilter.config.hosts import a_labels

    return tuple(dict.fromkeys(a_labels(one.rpartition("@")[2]) for one in addresses))


def config_of(profile: Profile, folder: Path) -> Config:
    """The configuration for that person's mail, with what is remembered in `folder`.

    `complete: [log]` stands in it only if `profile.sure`, and counts only as far as the store's coverage goes.
    """
    from ndrfilter.config.reading import from_mapping
    from ndrfilter.config.tree import Place

    days = f"{limits.SWEEP_RETENTION / 86_400:g}d"
    site: dict[str, Any] = {
        "domains": list(profile.domains),
        "relays": [{"name": one.value, "shared": True} if one.shared else one.value for one in profile.relays],
        "receivers": [one.value for one in profile.receivers],
        "complete": ["log"] if profile.sure else [],
    }
    section = {"retention": days, "mailbox": list(profile.addresses)}
    whole = {"site": site, "plugins": {"sent_log": section}, "state": str(folder.absolute())}
    return from_mapping(whole, place=Place(str(folder / NAME)))


def fingerprint(profile: Profile) -> str:
    """What stands for everything in the profile that a verdict may depend on: another one, and verdicts are old."""
    from hashlib import blake2b

    hosts = [sorted((one.value, one.shared) for one in found) for found in (profile.relays, profile.receivers)]
    what = (sorted(profile.addresses), *hosts, sorted(profile.sent), profile.sure)
    return blake2b(json.dumps(what).encode(), digest_size=16).hexdigest()


def save(folder: Path, profile: Profile) -> None:
    """Write the profile into the folder, whole or not at all, for nobody else to read. Raises TemporaryError."""
    draft = folder / f".{NAME}.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        try:
            file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(file, "w", encoding="utf-8", newline="\n") as out:  # noqa: PTH123 - made with its mode
                out.writelines(_lines(profile))
                out.flush()
                os.fsync(out.fileno())
            draft.replace(folder / NAME)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise TemporaryError(f"cannot write {folder / NAME}: {error.strerror}") from error


def _lines(profile: Profile) -> Iterator[str]:
    from time import gmtime, strftime

    yield f"{_ABOUT}\n"
    yield from _list("addresses", map(_quoted, profile.addresses))
    for key, hosts in (("relays", profile.relays), ("receivers", profile.receivers)):
        yield from _list(
            key,
            (
                f"{{value: {_quoted(one.value)}, source: {_quoted(one.source)}, shared: {_quoted(one.shared)}}}"
                for one in hosts
            ),
        )
    yield from _list("sent", map(_quoted, profile.sent))
    yield f"complete: {_quoted(profile.complete)}\n"
    yield "confirmed:" + ("" if profile.confirmed is None else strftime(f" {_TIME}", gmtime(profile.confirmed))) + "\n"


def _list(key: str, items: Iterable[str]) -> Iterator[str]:
    found = [f"  - {item}\n" for item in items]
    yield f"{key}:{'' if found else ' []'}\n"
    yield from found


def _quoted(value: str | bool) -> str:
    """As YAML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return '"' + "".join(char if char.isprintable() and char not in '"\\' else _escaped(char) for char in value) + '"'


def _escaped(char: str) -> str:
    return "\N{REPLACEMENT CHARACTER}" if "\ud800" <= char <= "\udfff" else f"\\U{ord(char):08X}"


def load(folder: Path) -> Profile | None:
    """The profile in the folder, None if there is none. Raises PlaceError, with the line, for what is wrong in it."""
    from ndrfilter.config.files import read_text
    from ndrfilter.config.tree import Reader
    from ndrfilter.config.yamltree import parse

    path = folder / NAME
    if not os.path.lexists(path):
        return None
    try:
        reader = Reader()
        profile = _read(parse(read_text(path), str(path), reader), reader)
        reader.finish()
    except ConfigError as error:
        found = error.diagnostics[0]
        where = f"{path}, line {found.line}" if found.line else str(path)
        advice = f" ({found.help})" if found.help else ""
        raise PlaceError(f"{where}: {found.message}{advice}; mend it, or remove the file to be asked again") from error
    return profile


def _read(node: Node, reader: Reader) -> Profile:
    entries = reader.mapping(node, "", _KEYS)
    addresses = [_address(item, reader) for item in _items(entries, "addresses", reader)]
    if not addresses and not reader.mistakes:
        reader.wrong("E613", "no addresses: whose mailbox is it?", node.place, "addresses: [you@example.com]")
    return Profile(
        addresses=tuple(filter(None, addresses)),
        relays=tuple(_observed(item, "relays", reader) for item in _items(entries, "relays", reader)),
        receivers=tuple(_observed(item, "receivers", reader) for item in _items(entries, "receivers", reader)),
        sent=tuple(reader.text(item, "sent") for item in _items(entries, "sent", reader)),
        complete="complete" in entries and reader.boolean(entries["complete"], "complete"),
        confirmed=_confirmed(entries.get("confirmed"), reader),
    )


def _items(entries: dict[str, Node], key: str, reader: Reader) -> list[Node]:
    return reader.items(entries[key], key) if key in entries else []


def _address(node: Node, reader: Reader) -> str:
    address = reader.text(node, "addresses")
    if address and not usable(address):
        reader.wrong("E702", f'addresses: "{address}" is no mail address', node.place, "write you@example.com")
    return address


def usable(address: str) -> bool:
    """Whether that is an address of a mailbox in some domain."""
    from ndrfilter.config.hosts import a_labels, is_host

    local, _, domain = address.rpartition("@")
    name = a_labels(domain)
    return bool(local) and not any(char.isspace() for char in address) and "." in name and is_host(name)


def _observed(node: Node, key: str, reader: Reader) -> Observed:
    from ndrfilter.config import hosts

    if not isinstance(node.value, dict):
        hosts.relay(node, key, reader)
        return Observed(reader.text(node, key), "")
    entries = reader.mapping(node, key, _HOST_KEYS)
    hosts.relay(node._replace(value={"name": entries["value"]} if "value" in entries else {}), key, reader)
    value, source = (reader.text(entries[name], key) if name in entries else "" for name in _HOST_KEYS[:2])
    return Observed(value, source, "shared" in entries and reader.boolean(entries["shared"], f"{key}.shared"))


def _confirmed(node: Node | None, reader: Reader) -> float | None:
    from calendar import timegm
    from time import strptime

    if node is None or node.empty:
        return None
    for form in (_TIME, "%Y-%m-%d"):
        try:
            return float(timegm(strptime(reader.text(node, "confirmed"), form)))
        except (ValueError, OverflowError):
            continue
    reader.wrong("E613", "confirmed: a day is wanted", node.place, "write 2026-11-22, or nothing")
    return None
