"""`Facts`: one message's facts, computed when asked and kept. The engine's only view of the message and the site."""

from __future__ import annotations

from types import MappingProxyType

from ndrfilter.facts.conform import conforms
from ndrfilter.noun import Noun
from ndrfilter.schema import Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from ipaddress import IPv4Address, IPv6Address
    from typing import Any, TypeVar

    from ndrfilter.message import Message
    from ndrfilter.message.model import Address
    from ndrfilter.ports import Ports
    from ndrfilter.schema import FactSpec, Reason, Recogniser, Schema
    from ndrfilter.site import Site

    T = TypeVar("T")


_OWN = frozenset({"content", "bounce", "client", "origin"})
"""Our own modules of facts. That their values have the declared types is shown by tests, not asked of each message."""
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class EnvelopeFacts(Noun):
    """The SMTP envelope as parsed nouns; `told` is False where nobody said who the sender was."""

    told: bool = False
    sender: Address | None = None  # None with `told`: the null sender
    recipients: tuple[Address, ...] = ()
    client_ip: IPv4Address | IPv6Address | None = None
    client_name: str | None = None
    helo: str | None = None


class Knowledge(Noun):
    """What the rule files know about bounces, compiled."""

    recognisers: tuple[Recogniser, ...] = ()
    reasons: tuple[Reason, ...] = ()
    recognising: Any = None  # an index of the recognisers, as `plan.asking.Recognising` is; without it all are asked


class Facts(dict["Any", "Any"]):
    """All facts of one message, by name: what is not there yet is worked out when somebody asks, and then kept.

    What facts share is kept beside them, by the function that works it out; see `once`.

    `fact(name)` gives the value, None for absent, or an `Unknown`. A fact that must be fetched is an `Unknown` with
    `pending` set until a driver settles it. `plugins` has the settings of those that are on, by name; `known` are facts
    that are known beforehand.
    """

    __slots__ = (
        "envelope", "knowledge", "memo", "message", "now", "plugins", "schema", "site", "troubles",
    )  # fmt: skip

    def __init__(
        self,
        schema: Schema,
        message: Message,
        *,
        site: Site,
        envelope: EnvelopeFacts,
        knowledge: Knowledge,
        now: float,
        plugins: Mapping[str, Any] = _NOTHING,
        known: Mapping[str, Any] = _NOTHING,
    ) -> None:
        super().__init__(known)
        self.schema = schema
        self.message = message
        self.site = site
        self.envelope = envelope
        self.knowledge = knowledge
        self.now = now
        self.plugins = plugins
        self.troubles: list[tuple[str, str]] = []
        self.memo: dict[Any, Any] = {}  # the compiled conditions keep there what they share

    if TYPE_CHECKING:

        def fact(self, name: str) -> Any:
            """The fact's value, None if absent, or an `Unknown`."""

        def once(self, compute: Callable[[Facts], T]) -> T:
            """`compute(self)`, worked out once a message."""
    else:
        fact = once = dict.__getitem__  # rules ask a hundred times for what is known: so that is one look-up in C

    def __missing__(self, name: Any) -> Any:
        if name.__class__ is not str:
            value = self[name] = name(self)
            return value
        try:
            spec: FactSpec = self.schema.facts[name]
        except KeyError:
            return Unknown(f"there is no fact {name}")
        try:
            value = spec.fetch(self) if spec.fetch else Unknown(f"{name} was not asked yet", pending=(name,))
        except (Exception, SystemExit) as error:
            value = self.failed(spec, error)
        value = self[name] = value if spec.plugin in _OWN else self._checked(spec, value)
        return value

    def __bool__(self) -> bool:
        return True  # also while nothing is known yet

    def settings(self, plugin: str) -> Any:
        """What the plugin's `configure` made of its section for this site; an empty mapping where it has none."""
        return self.plugins.get(plugin, _NOTHING)

    def settle(self, name: str, value: Any) -> None:
        """Record what a driver found out about a network fact."""
        self[name] = self._checked(self.schema.facts[name], value)

    def blame(self, where: str, what: str) -> None:
        """Note a failure of one of our parts; it appears in the result."""
        if (where, what) not in self.troubles:
            self.troubles.append((where, what))

    async def aonce(self, compute: Callable[[Facts, Ports], Awaitable[T]], ports: Ports) -> T:
        """`await compute(self, ports)`, worked out once a message, however many facts wait for it."""
        from asyncio import ensure_future

        if compute not in self:
            self[compute] = ensure_future(compute(self, ports))
        return await self[compute]  # type: ignore[no-any-return]

    def failed(self, spec: FactSpec, error: BaseException) -> Unknown:
        """The value of a fact whose function raised."""
        self.blame(f"plugin {spec.plugin}", f"{spec.name}: {type(error).__name__}: {error}")
        return Unknown(f"plugin {spec.plugin} failed")

    def _checked(self, spec: FactSpec, value: Any) -> Any:
        if value is None or isinstance(value, Unknown) or conforms(value, spec.type, self.schema):
            return value
        self.blame(f"plugin {spec.plugin}", f"{spec.name} is declared {spec.type}, got {type(value).__name__}")
        return Unknown(f"plugin {spec.plugin} gave a wrong type")
