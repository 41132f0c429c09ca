"""`site:` and `sites:`: from nodes to the Site nouns, and who owns which domain."""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.config import hosts, plugins
from ndrfilter.config.files import opened
from ndrfilter.config.tree import Node, Place
from ndrfilter.schema import COMPLETENESS
from ndrfilter.site import Relay, Site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from ndrfilter.config.plugins import Sections
    from ndrfilter.config.tree import Reader

KEYS = ("domains", "domains_file", "relays", "receivers", "authserv_id", "complete", "vars", "plugins")


def read_sites(entries: dict[str, Node], folder: Path, reader: Reader, common: Sections) -> tuple[Site, ...]:
    """The sites in the top level's entries; files are relative to `folder`. `common`: the plugins of all of them."""
    if "sites" not in entries:
        return (_site(entries["site"], "site", folder, reader, common),) if "site" in entries else ()
    if "site" in entries:
        reader.wrong("E720", "both site and sites", entries["site"].place, "move the one into the list of the others")
    nodes = reader.items(entries["sites"], "sites", "{domains: [example.com], relays: […]}")
    if len(nodes) > limits.MAX_SITES:
        advice = "one site with a domains_file serves any number of domains"
        reader.wrong("E721", f"sites: more than {limits.MAX_SITES}", entries["sites"].place, advice)
    return tuple(
        _site(node, f"sites[{number}]", folder, reader, common) for number, node in enumerate(nodes[: limits.MAX_SITES])
    )


def _site(node: Node, key: str, folder: Path, reader: Reader, common: Sections) -> Site:
    entries = reader.mapping(node, key, KEYS)
    domains = _domains(entries, key, folder, reader)
    if not domains and not reader.mistakes:
        reader.wrong(
            "E722", f"{key}: no domains", node.place, "name the domains of your addresses: domains: [example.com]"
        )
    return Site(
        domains=domains,
        relays=_relays(entries.get("relays"), f"{key}.relays", reader),
        receivers=_relays(entries.get("receivers"), f"{key}.receivers", reader),
        authserv_ids=_authserv_ids(entries.get("authserv_id"), f"{key}.authserv_id", reader),
        complete=_complete(entries.get("complete"), f"{key}.complete", reader),
        vars=_vars(entries.get("vars"), f"{key}.vars", reader),
        settings=_settings(entries.get("plugins"), f"{key}.plugins", folder, reader, common),
    )


def _settings(
    node: Node | None, key: str, folder: Path, reader: Reader, common: Sections
) -> tuple[tuple[str, object], ...]:
    if node is None:
        return ()
    own = plugins.over(plugins.sections(node, key, reader), common)
    return tuple(plugins.configured(own, key, node.place, folder, reader).items())


def owners(sites: tuple[Site, ...], reader: Reader) -> dict[str, Site]:
    """Which site each domain belongs to; a domain of two sites is a mistake."""
    found: dict[str, Site] = {}
    for number, site in enumerate(sites):
        for index, domain in enumerate(site.domains):
            if found.setdefault(domain, site) is not site:
                key = f"sites[{number}].domains"
                place = reader.origins.get(f"{key}[{index}]") or reader.origins.get(key, Place())
                advice = "a domain has one site: take it out of one of them"
                reader.wrong("E723", f'{key}: "{domain}" belongs to an earlier site too', place, advice)
    return found


def _domains(entries: dict[str, Node], key: str, folder: Path, reader: Reader) -> tuple[str, ...]:
    nodes = _items(entries.get("domains"), f"{key}.domains", reader)
    found = [hosts.domain(node, f"{key}.domains", reader) for node in nodes]
    if "domains_file" in entries:
        found += _domains_file(entries["domains_file"], f"{key}.domains_file", folder, reader)
    return tuple(filter(None, found))


def _domains_file(node: Node, key: str, folder: Path, reader: Reader) -> list[str]:
    name = reader.text(node, key)
    if not name:
        return []
    path = reader.file(node, key, folder)
    try:
        with opened(path) as file:
            raw = file.read(limits.MAX_LIST_FILE + 1)
    except OSError as error:
        advice = "a path from this file's folder; one domain a line, # begins a comment"
        reader.wrong("E724", f'{key}: "{name}": {error.strerror}', node.place, advice)
        return []
    if len(raw) > limits.MAX_LIST_FILE:
        message = f'{key}: "{name}" is larger than {limits.MAX_LIST_FILE:,} bytes'
        reader.wrong("E724", message, node.place, "split it: each of sites has a domains_file of its own")
        return []
    found = []
    for number, line in enumerate(raw.decode("utf-8", "replace").splitlines(), 1):
        written = line.partition("#")[0].strip()
        if written:
            place = Place(str(path), number, line.index(written) + 1, len(written), line)
            found.append(hosts.domain(Node(written, place, quoted=True), key, reader))
    return found


def _items(node: Node | None, key: str, reader: Reader) -> list[Node]:
    return [] if node is None else reader.items(node, key)


def _relays(node: Node | None, key: str, reader: Reader) -> tuple[Relay, ...]:
    found = (hosts.relay(item, key, reader) for item in _items(node, key, reader))
    return tuple(relay for relay in found if relay is not None)


def _authserv_ids(node: Node | None, key: str, reader: Reader) -> tuple[str, ...]:
    if node is None:
        return ()
    nodes = node.value if isinstance(node.value, list) else [node]
    return tuple(filter(None, (hosts.domain(item, key, reader) for item in nodes)))


def _complete(node: Node | None, key: str, reader: Reader) -> frozenset[str]:
    found = set()
    for item in _items(node, key, reader):
        word = reader.text(item, key)
        if word in COMPLETENESS:
            found.add(word)
        elif word:
            advice = "relays: all our mail leaves through them; log: the sent log has it all; signing: we sign it all"
            reader.wrong("E725", f'{key}: "{word}" is none of {", ".join(COMPLETENESS)}', item.place, advice)
    return frozenset(found)


def _vars(node: Node | None, key: str, reader: Reader) -> tuple[tuple[str, str], ...]:
    if node is None:
        return ()
    return tuple((name, reader.text(item, f"{key}.{name}")) for name, item in reader.mapping(node, key).items())
