"""Which servers are ours, seen in mail that came: who takes it in, and by whom came what the person sent to himself.

Architecture invariant: of a trace only the top is believed, and what the hosts named there wrote. A host is ours alone
only if our receiver looked its name up and that lies in a domain which is the person's alone.
"""

from __future__ import annotations

from collections import Counter

from ndrfilter import limits
from ndrfilter.facts.hosts import organisation, rented, same_side
from ndrfilter.facts.outer import doubtful, inside
from ndrfilter.noun import Noun
from ndrfilter.site import within
from ndrfilter.sweep.evidence.profile import Observed
from ndrfilter.sweep.evidence.shared import everybodys, of_provider

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ndrfilter.message.model import Hop

_MOST = 0.9
_DAYS = 2
DAY = 86_400.0


class Host(Noun):
    """A host that a believed recorder saw; `name` was looked up, or is the recorder's own; either may be empty."""

    name: str
    ip: str


class House:
    """The hosts that take mail in for the person, counted over what they took."""

    def __init__(self) -> None:
        self.messages = 0
        self._tops: Counter[str] = Counter()
        self._hosts: Counter[str] = Counter()
        self._days: dict[str, set[int]] = {}

    def add(self, trace: Sequence[Hop], time: float) -> None:
        """Count a message that was delivered."""
        names = tuple(dict.fromkeys(_recorders(trace)))
        if not names:
            return
        self.messages += 1
        self._tops[organisation(names[0])] += 1
        for name in names:
            if name in self._hosts or len(self._hosts) < limits.SWEEP_LOOKED_AT:
                self._hosts[name] += 1
                self._days.setdefault(name, set()).add(int(time // DAY))

    @property
    def organisation(self) -> str:
        """The registered domain of nearly all that wrote the topmost line; empty if there is no such."""
        name, number = next(iter(self._tops.most_common(1)), ("", 0))
        return name if number >= _MOST * self.messages else ""

    def receivers(self) -> tuple[Observed, ...]:
        """The hosts of that organisation, on more than one day, most common first; no big provider's."""
        house = self.organisation
        found = (
            Observed(name, f"took in {number:,} of {self.messages:,} messages")
            for name, number in self._hosts.most_common()
            if organisation(name) == house and len(self._days[name]) >= _DAYS and not of_provider(name)
        )
        return tuple(found)[: limits.SWEEP_RECEIVERS] if house else ()


def _recorders(trace: Sequence[Hop]) -> Iterator[str]:
    """The full names of who took the message in, from the top down to the first client of another house."""
    for hop in trace:
        if doubtful(hop):
            return
        if _full(hop.by):
            yield hop.by or ""
        if not inside(hop) and not same_side(hop.rdns, hop.by):
            return


def _full(name: str | None) -> bool:
    return (
        bool(name) and "." in (name or "") and not (name or "").replace(".", "").isdigit() and ":" not in (name or "")
    )


class Way(Noun):
    """The hosts by which a message left; `within` is whether only our house is seen, down to who handed it in."""

    hosts: tuple[Host, ...]
    within: bool


def way_out(trace: Iterable[Hop], house: str, own: Sequence[str]) -> Way:
    """By which hosts a message that the person surely sent left him: where he logged in, and who handed it on.

    `house` is the organisation that takes his mail in, `own` the domains that are his alone.
    """
    above: Hop | None = None
    last: tuple[Host, ...] = ()
    for hop in trace:
        if doubtful(hop) or not (_of_house(hop.by, house, own) if above is None else _goes_on(above, hop)):
            return Way(last, False)
        if hop.authenticated or hop.submitted:
            return Way((Host(hop.by or "", ""), *last) if _full(hop.by) else last, True)
        above = hop
        if inside(hop):
            continue
        if rented(hop.rdns or "", hop.ip):
            return Way(last, False)
        last = (Host(hop.rdns or "", str(hop.ip) if hop.ip else ""),)
        if not _of_house(hop.rdns, house, own):
            return Way(last, False)
    return Way(last, above is not None)


def _of_house(name: str | None, house: str, own: Sequence[str]) -> bool:
    return bool(name) and (organisation(name or "") == house or _in(name or "", own))


def _in(name: str, own: Sequence[str]) -> bool:
    return any(within(name, domain) for domain in own)


def _goes_on(above: Hop, hop: Hop) -> bool:
    """Whether the recorder of `hop` is the client of the line above, or works on the same host or in its house."""
    if inside(above):
        return not _full(hop.by) or same_side(hop.by, above.by)
    return hop.by in (above.rdns, above.helo) or same_side(hop.by, above.rdns)


class Sightings:
    """Hosts by which mail of the person's left, with the days of it; `own` are the domains that are his alone."""

    def __init__(self, own: Sequence[str]) -> None:
        self._own = tuple(domain for domain in own if not everybodys(domain))
        self._seen: dict[str, dict[str, set[int]]] = {}  # by value: by message id the days
        self._alone: set[str] = set()

    def add(self, message_id: str, hosts: Iterable[Host], time: float, *, by_us: bool) -> None:
        """A message left by these hosts; `by_us` is whether our own receiver wrote down who they are."""
        for host in hosts:
            alone = by_us and _in(host.name, self._own) and not of_provider(host.name)
            for value in filter(None, host):
                if value in self._seen or len(self._seen) < limits.SWEEP_LOOKED_AT:
                    self._seen.setdefault(value, {}).setdefault(message_id, set()).add(int(time // DAY))
                    self._alone |= {value} if alone else set()

    def relays(self, words: str) -> tuple[Observed, ...]:
        """What was seen in two messages of different days at least; `words` say with {} where, and in how many."""
        often = sorted(self._seen.items(), key=lambda one: -len(one[1]))
        found = (
            Observed(value, words.format(f"{len(seen):,}"), value not in self._alone)
            for value, seen in often
            if len(seen) > 1 and len(set().union(*seen.values())) >= _DAYS
        )
        return tuple(found)[: limits.SWEEP_RELAYS]
