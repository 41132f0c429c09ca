"""Named lists: membership by text, by domain suffix and by network, each index built when it is first asked."""

from __future__ import annotations

from ipaddress import ip_network

from ndrfilter.errors import Diagnostic
from ndrfilter.limits import MAX_DIAGNOSTICS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Address, IPv6Address

_MAX_ENTRY = 1_000
_MAX_SHOWN = 40


class NamedList:
    """A list of names, addresses or networks; immutable after construction. `entries` are in the order of the file."""

    def __init__(self, name: str, entries: Iterable[str]) -> None:
        self.name = name
        self.entries = tuple(entries)
        self._exact = frozenset(self.entries)
        self._folded: frozenset[str] | None = None
        self._networks: dict[tuple[int, int], set[int]] | None = None

    @classmethod
    def parse(cls, name: str, lines: Iterable[str]) -> tuple[NamedList, list[Diagnostic]]:
        """A list of one entry a line, `#` begins a comment; entries with blanks or control characters are errors."""
        entries: list[str] = []
        wrong: list[Diagnostic] = []
        for number, line in enumerate(lines, 1):
            entry = line.split("#", 1)[0].strip()
            if len(entry) > _MAX_ENTRY or any(letter.isspace() or not letter.isprintable() for letter in entry):
                if len(wrong) < MAX_DIAGNOSTICS:
                    wrong.append(_not_one_entry(entry, name, number))
            elif entry:
                entries.append(entry)
        return cls(name, entries), wrong

    def has(self, text: str) -> bool:
        """Exact membership."""
        return text in self._exact

    def has_folded(self, text: str) -> bool:
        """Membership without regard to case."""
        return text.lower() in self._lower()

    def within(self, domain: str) -> bool:
        """Whether the domain is an entry or below one; "*.example.com" excludes example.com itself."""
        names, domain = self._lower(), domain.lower().rstrip(".")
        if domain in names:
            return True
        rest = domain
        while "." in rest:
            rest = rest.split(".", 1)[1]
            if rest in names or "*." + rest in names:
                return True
        return False

    def covers(self, ip: IPv4Address | IPv6Address) -> bool:
        """Whether an entry is that address or a network that contains it."""
        if self._networks is None:
            self._networks = _networks(self.entries)
        number, width = int(ip), ip.max_prefixlen
        return any(
            version == ip.version and number >> (width - prefix) in found
            for (version, prefix), found in self._networks.items()
        )

    def _lower(self) -> frozenset[str]:
        if self._folded is None:
            self._folded = frozenset(entry.lower().rstrip(".") for entry in self.entries)
        return self._folded


def _not_one_entry(entry: str, file: str, line: int) -> Diagnostic:
    # Who reads this may not be allowed to read the file: no more of it than tells what is meant.
    shown = entry if len(entry) <= _MAX_SHOWN else entry[:_MAX_SHOWN] + "…"
    help_text = f"one name, address or network of at most {_MAX_ENTRY:,} characters; # begins a comment"
    return Diagnostic("E512", "a list has one entry on a line", file, line, 1, len(shown), shown, help_text)


def _networks(entries: Iterable[str]) -> dict[tuple[int, int], set[int]]:
    found: dict[tuple[int, int], set[int]] = {}
    for entry in entries:
        try:
            network = ip_network(entry, strict=False)
        except ValueError:
            continue
        shift = network.max_prefixlen - network.prefixlen
        found.setdefault((network.version, network.prefixlen), set()).add(int(network.network_address) >> shift)
    return found
