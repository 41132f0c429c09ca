"""Domains, host names and networks as people write them, checked and brought into our form (lower case A-labels)."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from ndrfilter.site import Relay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.config.tree import Node, Place, Reader
    from ndrfilter.site import Network


_EVERYBODYS = tuple(
    map(
        ip_network,
        (
            "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
            "0.0.0.0/8", "::1/128", "fc00::/7", "fe80::/10",
        ),
    )
)  # fmt: skip


def everybodys(network: Network) -> bool:
    """Whether every organisation may use that network inside (RFC 1918, 4193, 6598; loopback, link-local)."""
    return any(known.version == network.version and network.subnet_of(known) for known in _EVERYBODYS)  # type: ignore[arg-type]


def a_labels(name: str) -> str:
    """The domain name in lower case A-labels (RFC 5890) without a final dot."""
    if name.isascii():
        return name.rstrip(".").lower()
    from unicodedata import normalize

    folded = normalize("NFKC", name).lower().replace("。", ".").rstrip(".")
    return ".".join(
        label if label.isascii() else "xn--" + label.encode("punycode").decode() for label in folded.split(".")
    )


def is_host(name: str) -> bool:
    """Whether `name`, in A-labels, is a possible host or domain name (RFC 1123; underscores as DNS has them)."""
    labels = name.split(".")
    return len(name) <= 253 and all(map(_is_label, labels)) and not labels[-1].isdigit()


def is_harmless(name: str) -> bool:
    """Whether `name` is at least made of a name's letters: it may match nothing, but it cannot mean anything else."""
    return len(name) <= 253 and name.isascii() and bool(name.strip(".")) and _bare(name).replace(".", "").isalnum()


def _bare(name: str) -> str:
    return name.replace("-", "").replace("_", "")


def _is_label(label: str) -> bool:
    bare = _bare(label)
    return 0 < len(label) <= 63 and bare.isascii() and bare.isalnum() and label[0] != "-" and label[-1] != "-"


def domain(node: Node, key: str, reader: Reader) -> str:
    """The domain or "*."-pattern at `node`, "" after a mistake."""
    written = reader.text(node, key)
    if not written or _misplaced(written, key, node.place, reader):
        return ""
    return _name(written, key, node.place, reader)


def relay(node: Node, key: str, reader: Reader) -> Relay | None:
    """The relay or receiver at `node`: host, "*.hosts", address, network, or a mapping with these and more."""
    if not isinstance(node.value, dict):
        return host(reader.text(node, key), key, node.place, reader)
    entries = reader.mapping(node, key, ("name", "shared", "account", "header"))
    if "name" not in entries:
        reader.wrong("E713", f"{key}: a relay needs a name", node.place, 'write {name: "mail.example.com", …}')
        return None
    found = host(reader.text(entries["name"], f"{key}.name"), f"{key}.name", entries["name"].place, reader)
    shared = "shared" in entries and reader.boolean(entries["shared"], f"{key}.shared")
    account = reader.text(entries["account"], f"{key}.account") if "account" in entries else ""
    if account and not shared:
        advice = "a relay that serves you alone needs no account; write shared: true if others use it"
        reader.wrong("E714", f"{key}: an account, but not shared", entries["account"].place, advice)
    header = reader.text(entries["header"], f"{key}.header") if "header" in entries else ""
    return found and found._replace(shared=shared, account=account, header=header)


def host(written: str, key: str, place: Place, reader: Reader) -> Relay | None:
    """The relay that `written` says, None after a mistake."""
    if not written or _misplaced(written, key, place, reader):
        return None
    if _looks_numeric(written):
        return _network(written, key, place, reader)
    name = _name(written, key, place, reader)
    return Relay(name=name) if name else None


def _looks_numeric(written: str) -> bool:
    return "/" in written or ":" in written or written.replace(".", "").isdigit()


def _misplaced(written: str, key: str, place: Place, reader: Reader) -> bool:
    """Diagnose what is no host at all: a URL, an e-mail address, a host with a port, an address literal."""
    if "://" in written:
        bare = written.split("://", 1)[1].split("/", 1)[0]
        reader.wrong("E701", f'{key}: "{written}" is a URL, not a name', place, f"write {bare}")
    elif "@" in written:
        bare = written.rpartition("@")[2]
        reader.wrong("E702", f'{key}: "{written}" is an e-mail address, not a name', place, f"write {bare}")
    elif written.startswith("["):
        bare = written.strip("[]").removeprefix("IPv6:")
        reader.wrong("E703", f'{key}: "{written}" has brackets', place, f"write {bare}")
    elif written.count(":") == 1:
        bare = written.partition(":")[0]
        reader.wrong("E704", f'{key}: "{written}" has a port', place, f"write {bare}")
    else:
        return False
    return True


def _network(written: str, key: str, place: Place, reader: Reader) -> Relay | None:
    try:
        network = ip_network(written)
    except ValueError:
        if reader.drawn and is_harmless(written):
            return Relay(name=written)
        reader.wrong("E705", f'{key}: "{written}" is no address or network', place, _network_help(written))
        return None
    if network.prefixlen == 0:
        reader.wrong("E706", f"{key}: {written} is the whole Internet", place, "name only networks that are yours")
        return None
    return Relay(network=network)


def _network_help(written: str) -> str:
    try:
        wide = ip_network(written, strict=False)
        address = ip_address(written.partition("/")[0])
    except ValueError:
        return "for example 192.0.2.25, 192.0.2.0/24 or 2001:db8::/32"
    return f"bits are set outside the prefix: write {wide} for the network or {address} for the one host"


def _name(written: str, key: str, place: Place, reader: Reader) -> str:
    name = a_labels(written)
    bare = name.removeprefix("*.")
    if is_host(bare) or (reader.drawn and is_harmless(bare)):
        return name
    reader.wrong("E707", f'{key}: "{written}" is no domain or host name', place, _name_help(name))
    return ""


def _name_help(name: str) -> str:
    if name.startswith(".") and is_host(name[1:]):
        return f'write "*{name}" for what is below, {name[1:]} to include the domain itself'
    if "*" in name:
        return 'a star stands only for the whole beginning: "*.example.com"'
    if name.replace(".", "").isdigit():
        return "domains are names, not addresses"
    return "letters, digits and hyphens between dots: example.com"
