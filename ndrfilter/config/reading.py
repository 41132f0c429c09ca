"""Finding, reading and checking a configuration."""

from __future__ import annotations

import os
from ipaddress import ip_address
from pathlib import Path

from ndrfilter import limits
from ndrfilter.config import plugins, serving, sites
from ndrfilter.config.files import read_text
from ndrfilter.config.model import ACTION_VERDICTS, ACTIONS, Config, Dns
from ndrfilter.config.rulesets import load_ruleset, ruleset_names
from ndrfilter.config.tree import Node, Place, Reader, advise, from_python
from ndrfilter.errors import ConfigError
from ndrfilter.schema import VERDICTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

NAME = "ndrfilter.yml"
_KEYS = ("site", "sites", "ruleset", "actions", "plugins", "lists", "dns", "state", "listen", "service", "opt_out")


def load(path: Path | str | None = None, *, environ: Mapping[str, str] | None = None) -> Config:
    """The configuration in `path`, or in the first of the usual places, or the embedded default.

    Raises ConfigError with every mistake, each with its place.
    """
    found = Path(path) if path is not None else find(os.environ if environ is None else environ)
    return Config() if found is None else from_text(read_text(found, pipe=True), found)


def find(environ: Mapping[str, str]) -> Path | None:
    """The configuration file that applies: $NDRFILTER_CONFIG, the user's, the machine's; None if there is none."""
    if environ.get("NDRFILTER_CONFIG"):
        return Path(environ["NDRFILTER_CONFIG"])
    *own, machine = places(environ)
    # A home that is closed to us is that of whoever started us: setpriv and chpst leave HOME as it was.
    if own and _is_there(own[0], closed=False):
        return own[0]
    return machine if _is_there(machine, closed=True) else None


def places(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where a configuration may lie that nobody names, in the order in which they are looked at."""
    home = environ.get("XDG_CONFIG_HOME") or (environ.get("HOME", "") and environ["HOME"] + "/.config")
    machine = Path("/etc/ndrfilter") / NAME
    return (Path(home) / "ndrfilter" / NAME, machine) if home else (machine,)


def _is_there(path: Path, *, closed: bool) -> bool:
    """Whether that file is there; `closed` if we may not know: then whoever reads it is told."""
    try:
        return path.is_file()
    except PermissionError:
        return closed


def from_mapping(mapping: Mapping[str, Any], *, folder: Path | None = None, place: Place | None = None) -> Config:
    """A configuration from Python data in the file's shape; relative paths are below `folder` (here).

    Names that can match nothing are accepted; every other mistake is in the ConfigError that is raised.
    """
    reader = Reader(drawn=True)
    node = from_python(dict(mapping), place or Place("mapping"))
    return _config(node, folder or Path(), reader)


def from_text(text: str, path: Path) -> Config:
    """The configuration that `text` would be as the file `path`; raises ConfigError."""
    from ndrfilter.config.yamltree import parse

    reader = Reader()
    node = parse(text, str(path), reader)
    if reader.mistakes and node.value is None:
        reader.finish()
    folder = path.absolute().parent
    rules, rulesets = (found if found.is_dir() else None for found in (folder / "rules", folder / "rulesets"))
    return _config(node, folder, reader, rulesets)._replace(path=path, local_rules=rules, local_rulesets=rulesets)


def _config(node: Node, folder: Path, reader: Reader, rulesets: Path | None = None) -> Config:
    entries = reader.mapping(node, "", _KEYS)
    common = plugins.sections(entries.get("plugins"), "plugins", reader)
    found = sites.read_sites(entries, folder, reader, common)
    owners = sites.owners(found, reader)
    config = Config(
        sites=found,
        ruleset=_ruleset(entries.get("ruleset"), reader),
        actions=_actions(entries.get("actions"), reader),
        lists=_lists(entries.get("lists"), folder, reader),
        origins=reader.origins,
        settings=plugins.configured(common, "plugins", reader.origins.get("plugins", node.place), folder, reader),
        owners=owners,
        shown=plugins.shown(common, "plugins"),
        dns=_dns(entries.get("dns"), reader),
        state=folder / reader.text(entries["state"], "state") if "state" in entries else None,
        listen=serving.listeners(entries.get("listen"), folder, reader),
        service=serving.service(entries.get("service"), folder, reader),
        opt_out=serving.opt_out(entries.get("opt_out"), folder, reader),
    )
    _check_ruleset(config.ruleset, rulesets, reader)
    reader.finish()
    return config._replace(files=tuple(reader.files))


def _check_ruleset(name: str, local: Path | None, reader: Reader) -> None:
    """What is wrong with the ruleset, if anything is wrong already; a sound one is read when its rules are."""
    if not name or (name in ruleset_names(local) and not reader.mistakes):
        return
    try:
        load_ruleset(name, local, reader.origins.get("ruleset"))
    except ConfigError as error:
        reader.mistakes += error.diagnostics


def _ruleset(node: Node | None, reader: Reader) -> str:
    if node is None:
        return "default"
    name = reader.text(node, "ruleset")
    if name and not name.replace("-", "").replace("_", "").isalnum():
        advice = "write the name alone: ruleset: default; your own go into rulesets/NAME.yml beside this file"
        reader.wrong("E730", f'ruleset: "{name}" is no name of a ruleset', node.place, advice)
        return ""
    return name


def _actions(node: Node | None, reader: Reader) -> dict[str, str]:
    chosen = dict.fromkeys(ACTION_VERDICTS, "header")
    for verdict, item in ({} if node is None else reader.mapping(node, "actions")).items():
        if verdict in ACTION_VERDICTS:
            chosen[verdict] = _action(item, f"actions.{verdict}", reader)
            continue
        place = (node or item).keys.get(verdict, item.place)
        if verdict in VERDICTS:
            advice = "such mail always passes: remove this line; only backscatter and fake have an action"
            reader.wrong("E731", f"actions: nothing may be done to {verdict} mail", place, advice)
        else:
            reader.wrong("E610", f'unknown key "{verdict}" in actions', place, advise(verdict, ACTION_VERDICTS))
    return chosen


def _action(node: Node, key: str, reader: Reader) -> str:
    word = reader.text(node, key)
    if word and word not in ACTIONS:
        reader.wrong("E732", f'{key}: there is no action "{word}"', node.place, advise(word, ACTIONS))
    return word


def _lists(node: Node | None, folder: Path, reader: Reader) -> dict[str, Path]:
    found = {}
    for name, item in ({} if node is None else reader.mapping(node, "lists")).items():
        path = reader.file(item, f"lists.{name}", folder)
        if not path.is_file():
            advice = "a path from this file's folder; one entry a line, # begins a comment"
            reader.wrong("E740", f'lists.{name}: there is no file "{item.value}"', item.place, advice)
        found[name] = path
    return found


def _dns(node: Node | None, reader: Reader) -> Dns:
    entries = {} if node is None else reader.mapping(node, "dns", ("servers", "timeout"))
    items = reader.items(entries["servers"], "dns.servers", "127.0.0.1") if "servers" in entries else []
    servers = tuple(filter(None, (_server(item, reader) for item in items)))
    timeout = plugins.duration(entries["timeout"], "dns.timeout", reader) if "timeout" in entries else None
    return Dns(servers, timeout or limits.DNS_QUERY_TIMEOUT)


def _server(node: Node, reader: Reader) -> tuple[str, int] | None:
    text = reader.text(node, "dns.servers")
    with_port = text.count(":") == 1 or "]:" in text
    host, port = text.rsplit(":", 1) if with_port else (text, "53")
    try:
        return str(ip_address(host.strip("[]"))), int(port)
    except ValueError:
        advice = "an address, and a port if it is not 53: 127.0.0.1, 127.0.0.1:5353, [::1]:5353"
        reader.wrong("E741", f'dns.servers: "{text}" is no address of a server', node.place, advice)
        return None
