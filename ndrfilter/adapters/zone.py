"""A resolver that answers from zone-file text, for tests of rules and of ourselves; it provokes failures on demand."""

from __future__ import annotations

import re

from ndrfilter.errors import ConfigError, Diagnostic, TemporaryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FAILURES = ("SERVFAIL", "TIMEOUT")
_LINE = re.compile(r"^(?P<name>\S+)?\s+(?:\d+\s+)?(?:IN\s+)?(?P<type>[A-Za-z0-9*]+)\s+(?P<data>\S.*)$", re.IGNORECASE)
_MAX_CNAMES = 8


class ZoneResolver:
    """Answers from lines `name [TTL] [IN] TYPE data`, any domains in one text; absolute names need no final dot.

    A name `*.example.com` stands for all below example.com that do not occur in the text (RFC 4592).
    The data SERVFAIL or TIMEOUT make a question for that name and type (`ANY`: every type) fail. Lines that begin with
    blanks go on with the name before; `;` and `#` begin comments. Raises ConfigError for what is no such line.
    """

    def __init__(self, text: str = "", *, zone: Any = None) -> None:
        self._records: dict[tuple[str, str], list[str]] = {}
        self._names = {""}  # with all above them
        mistakes: list[Diagnostic] = []
        name = ""
        for number, line in enumerate(text.splitlines(), 1):
            name = self._line(line, name, number, mistakes)
        if mistakes:
            raise ConfigError(mistakes)
        if zone is not None:
            self._take_zone(zone)

    async def query(self, name: str, rdtype: str) -> tuple[str, ...]:
        """See `ports.Resolver`; a CNAME is followed within the text."""
        owner, rdtype = name.rstrip(".").lower(), rdtype.upper()
        for _ in range(_MAX_CNAMES):
            owner = self._closest(owner)
            found = self._records.get((owner, rdtype), []) + self._records.get((owner, "ANY"), [])
            failure = next((word for word in found if word in _FAILURES), "")
            if failure:
                raise TemporaryError(f"DNS {rdtype} {owner}: {failure.lower()}")
            target = self._records.get((owner, "CNAME"))
            if found or target is None or rdtype == "CNAME":
                return tuple(sorted(found))
            owner = target[0].lower()
        raise TemporaryError(f"DNS {rdtype} {name}: too many CNAMEs")

    def _closest(self, name: str) -> str:
        """The name itself, or the wildcard that stands for it."""
        above = name
        while above and above not in self._names:
            above = above.partition(".")[2]
        return name if above == name or f"*.{above}" not in self._names else f"*.{above}"

    def _line(self, line: str, name: str, number: int, mistakes: list[Diagnostic]) -> str:
        bare = _without_comment(line).rstrip()
        if not bare.strip():
            return name
        found = _LINE.match(bare)
        owner = (found["name"] or name) if found else ""
        if not found or not owner:
            advice = "for example: example.com. IN A 192.0.2.1"
            mistakes.append(Diagnostic("E911", "no zone line", "zone", number, 1, len(bare), line, advice))
            return name
        owner = owner.rstrip(".").lower()
        try:
            self._add(owner, found["type"].upper(), found["data"].strip())
        except ValueError as error:
            mistakes.append(
                Diagnostic(
                    "E912", f"no {found['type']} data: {error}", "zone", number, found.start("data") + 1, 1, line
                )
            )
        return owner

    def _add(self, owner: str, rdtype: str, data: str) -> None:
        text = data if data in _FAILURES else _canonical(rdtype, data)
        self._keep(owner, rdtype, text)

    def _keep(self, owner: str, rdtype: str, text: str) -> None:
        self._records.setdefault((owner, rdtype), []).append(text)
        while owner not in self._names:
            self._names.add(owner)
            owner = owner.partition(".")[2]

    def _take_zone(self, zone: Any) -> None:
        """Take over a `dns.zone.Zone` that was read with relativize=False."""
        from dns.rdatatype import to_text

        for name, _ttl, rdata in zone.iterate_rdatas():
            owner = str(name.derelativize(zone.origin)).rstrip(".").lower()
            self._keep(owner, to_text(rdata.rdtype), _presentation(rdata))


def _canonical(rdtype: str, data: str) -> str:
    """The data as a resolver would present it; raises ValueError."""
    import dns.exception
    import dns.name
    import dns.rdata
    import dns.rdataclass

    try:
        return _presentation(dns.rdata.from_text(dns.rdataclass.IN, rdtype, data, origin=dns.name.root))
    except (dns.exception.DNSException, NotImplementedError) as error:
        raise ValueError(str(error) or type(error).__name__) from error


def _presentation(rdata: Any) -> str:
    """A record's text as the resolver port has it: TXT strings joined, names without their final dot."""
    if hasattr(rdata, "strings"):
        return b"".join(rdata.strings).decode("utf-8", "replace")
    text = str(rdata.to_text())
    return text.removesuffix(".") if text != "." and not text.endswith(" .") else text


def _without_comment(line: str) -> str:
    quoted = False
    for position, character in enumerate(line):
        if character == '"':
            quoted = not quoted
        elif character in ";#" and not quoted:
            return line[:position]
    return line
