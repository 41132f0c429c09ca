"""`listen`, `service` and `opt_out`: where the service listens, how it runs, and whose mail it leaves alone."""

from __future__ import annotations

import re
from ipaddress import ip_address

from ndrfilter import limits
from ndrfilter.config import hosts, plugins
from ndrfilter.config.files import read_text
from ndrfilter.config.model import Listener, Service
from ndrfilter.config.tree import advise, describe
from ndrfilter.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ndrfilter.config.tree import Node, Place, Reader
    from ndrfilter.site import Network

DOORS = ("http", "spamd", "milter", "policy")
LOG_FORMATS = ("plain", "json")
_OF_A_SOCKET = ("mode", "group")
_OF_TLS = ("certificate", "key")
_TLS_DOORS = ("http", "spamd")
_ADDRESS = "write 127.0.0.1:11433, [::1]:11433, unix:/run/ndrfilter/http.sock or systemd:NAME"
_MODE = re.compile(r"0?o?[0-7]{3}")
_LONGEST_PATH = 107  # bytes, of a Unix socket (unix(7))


def listeners(node: Node | None, folder: Path, reader: Reader) -> tuple[Listener, ...]:
    """The places at `listen`: a list of mappings, each with a door's name and its address."""
    if node is None:
        return ()
    items = reader.items(node, "listen", "{http: 127.0.0.1:11433}")
    if len(items) > limits.MAX_LISTENERS:
        reader.wrong("E767", f"listen: more than {limits.MAX_LISTENERS} places", node.place, "one of each is enough")
    found: list[Listener] = []
    for number, item in enumerate(items):
        made = _listener(item, f"listen[{number}]", folder, reader)
        if made is not None and made.port != 0 and str(made) in map(str, found):
            reader.wrong("E761", f"listen: {made} stands there twice", item.place, "one protocol to one address")
        found += [made] if made is not None else []
    return tuple(found)


def listener(door: str, written: str, place: Place, reader: Reader) -> Listener | None:
    """The door at an address as people write it, None after a mistake."""
    if door not in DOORS:
        reader.wrong("E760", f'there is no protocol "{door}"', place, advise(door, DOORS))
        return None
    kind, colon, rest = written.partition(":")
    if kind == "unix" and colon:
        return _unix(door, rest, place, reader)
    if kind == "systemd" and colon and rest:
        return Listener(door, inherited=rest)
    return _tcp(door, written, place, reader)


def _listener(node: Node, key: str, folder: Path, reader: Reader) -> Listener | None:
    if not isinstance(node.value, dict):
        text = node.value if isinstance(node.value, str) else "127.0.0.1:11433"
        what = f"a protocol and its address are wanted, not {describe(node)}"
        reader.wrong("E611", f"{key}: {what}", node.place, f'write {{http: "{text}"}}')
        return None
    entries = reader.mapping(node, key)
    named = [name for name in entries if name in DOORS]
    allowed = {*DOORS, *_OF_A_SOCKET, *_OF_TLS, "outbound"}
    unknown = [name for name in entries if name not in allowed]
    for name in unknown:
        place = node.keys.get(name, entries[name].place)
        reader.wrong("E610", f'unknown key "{name}" in {key}', place, advise(name, sorted(allowed)))
    if len(named) != 1:
        if named or not unknown:
            what = "no protocol" if not named else f"{len(named)} protocols"
            reader.wrong("E760", f"{key}: {what} in one entry", node.place, f"one of {', '.join(DOORS)}: its address")
        return None
    door = named[0]
    place = entries[door].place
    made = listener(door, reader.text(entries[door], f"{key}.{door}"), place, reader)
    return made and _with_options(made, entries, key, folder, reader)


def _unix(door: str, path: str, place: Place, reader: Reader) -> Listener | None:
    if path.startswith("/") and len(path.encode()) <= _LONGEST_PATH and "\0" not in path:
        return Listener(door, path=path)
    reader.wrong("E762", f'"{path}" is no place for a socket', place, "a whole path of at most 107 bytes: unix:/run/…")
    return None


def _tcp(door: str, written: str, place: Place, reader: Reader) -> Listener | None:
    host, _, port = written.rpartition(":")
    host = {"localhost": "127.0.0.1", "*": "::"}.get(host, host.removeprefix("[").removesuffix("]"))
    try:
        address, number = str(ip_address(host)), int(port)
    except ValueError:
        number = -1
    if 0 <= number < 65_536:
        return Listener(door, host=address, port=number)
    reader.wrong("E762", f'"{written}" is no address to listen on', place, _ADDRESS)
    return None


def _with_options(made: Listener, entries: Mapping[str, Node], key: str, folder: Path, reader: Reader) -> Listener:
    given = {name: entries[name] for name in entries if name != made.door}
    for name, node in given.items():
        _check_option(made, name, f"{key}.{name}", node.place, reader)
    if bool("certificate" in given) != bool("key" in given):
        reader.wrong("E764", f"{key}: TLS needs certificate and key", entries[made.door].place, "name both files")
    text = {name: reader.text(node, f"{key}.{name}") for name, node in given.items() if name != "outbound"}
    if "mode" in text and not _MODE.fullmatch(text["mode"]):
        reader.wrong("E763", f'{key}.mode: "{text["mode"]}" is no mode', given["mode"].place, 'for example "0660"')
        del text["mode"]
    return made._replace(
        mode=int(text["mode"].replace("o", ""), 8) if "mode" in text else made.mode,
        group=text.get("group", ""),
        certificate=folder / text["certificate"] if text.get("certificate") else None,
        key=folder / text["key"] if text.get("key") else None,
        outbound=tuple(_networks(given["outbound"], f"{key}.outbound", reader)) if "outbound" in given else (),
    )


def _check_option(made: Listener, name: str, key: str, place: Place, reader: Reader) -> None:
    if name in _OF_A_SOCKET and not made.path:
        reader.wrong("E763", f"{key}: {made} is no Unix socket", place, "mode and group belong to unix:/… alone")
    elif name in _OF_TLS and made.door not in _TLS_DOORS:
        advice = f"TLS is for {' and '.join(_TLS_DOORS)}; let {made.door} listen on loopback or a Unix socket"
        reader.wrong("E764", f"{key}: {made.door} knows no TLS", place, advice)
    elif name == "outbound" and made.door != "milter":
        reader.wrong("E765", f"{key}: {made.door} does not mark what you send", place, "the milter does")


def _networks(node: Node, key: str, reader: Reader) -> Iterator[Network]:
    for item in reader.items(node, key, "127.0.0.0/8"):
        found = hosts.host(reader.text(item, key), key, item.place, reader)
        if found is not None and found.network is None:
            reader.wrong("E765", f'{key}: "{found.name}" is a name', item.place, "addresses and networks only")
        elif found is not None and found.network is not None:
            yield found.network


def service(node: Node | None, folder: Path, reader: Reader) -> Service:
    """How the service runs."""
    made = Service()
    if node is None:
        return made
    entries = reader.mapping(node, "service", Service._fields)
    text = {name: reader.text(entries[name], f"service.{name}") for name in ("user", "group", "log_format")
            if name in entries}  # fmt: skip
    if text.get("log_format", "plain") not in LOG_FORMATS:
        word, place = text.pop("log_format"), entries["log_format"].place
        reader.wrong("E766", f'service.log_format: there is no format "{word}"', place, advise(word, LOG_FORMATS))
    drain = plugins.duration(entries["drain"], "service.drain", reader) if "drain" in entries else made.drain
    return made._replace(
        **text,
        workers=_workers(entries["workers"], reader) if "workers" in entries else made.workers,
        log=_log(reader.text(entries["log"], "service.log"), folder) if "log" in entries else made.log,
        watch=reader.boolean(entries["watch"], "service.watch") if "watch" in entries else made.watch,
        drain=drain,
    )


def _workers(node: Node, reader: Reader) -> int:
    number = reader.number(node, "service.workers")
    if number is not None and number == int(number) and 0 <= number <= limits.MAX_WORKERS:
        return int(number)
    if number is not None:
        advice = f"0 (one for each processor) to {limits.MAX_WORKERS}"
        reader.wrong("E766", f"service.workers: {number:g} is no number of processes", node.place, advice)
    return 0


def _log(written: str, folder: Path) -> str:
    return written if written in ("stderr", "syslog", "") else str(folder / written)


def opt_out(node: Node | None, folder: Path, reader: Reader) -> frozenset[str]:
    """The addresses and domains at `opt_out`: a list, or the path of a file with one a line."""
    if node is None or node.empty:
        return frozenset()
    if isinstance(node.value, list):
        written = [(reader.text(item, "opt_out"), item.place) for item in node.value]
    else:
        written = [(line, node.place) for line in _lines(reader.file(node, "opt_out", folder), reader)]
    return frozenset(_opted(word, place, reader) for word, place in written if word)


def _lines(path: Path, reader: Reader) -> list[str]:
    """The entries of the file, without what follows a #."""
    try:
        text = read_text(path, limits.MAX_LIST_FILE)
    except ConfigError as error:
        reader.mistakes += error.diagnostics
        return []
    return [line.partition("#")[0].strip() for line in text.splitlines()]


def _opted(word: str, place: Place, reader: Reader) -> str:
    local, at, domain = word.rpartition("@")
    bare = hosts.a_labels(domain)
    if not hosts.is_host(bare) or " " in word:
        advice = "an address or a domain: you@example.com, example.com"
        reader.wrong("E768", f'opt_out: "{word}" is neither', place, advice)
    return f"{local.lower()}{at if local else ''}{bare}"
