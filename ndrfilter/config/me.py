"""A site on the spot, for the owner of one address: the domain, and from DNS its relays and receivers."""

from __future__ import annotations

from ndrfilter.config.hosts import a_labels, is_host
from ndrfilter.config.reading import from_mapping
from ndrfilter.config.tree import Place
from ndrfilter.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ndrfilter.config.model import Config
    from ndrfilter.ports import Resolver


def for_me(address: str, resolver: Resolver | None = None, warn: Callable[[str], None] | None = None) -> Config:
    """The configuration for the owner of `address` (or of a domain), with what `resolver` tells of its relays.

    Nothing is `complete`: DNS says who may send, not who does. What DNS did not answer is told to `warn`, in one line.
    Raises UsageError if there is no domain in `address`.
    """
    domain = a_labels(address.strip().strip("<>").rpartition("@")[2])
    if not is_host(domain) or "." not in domain:
        raise UsageError(f"--me: {address!r} is no mail address; write --me you@example.com")
    site: dict[str, Any] = {"domains": [domain]}
    if resolver is not None:
        import asyncio

        from ndrfilter.config.published import ask

        published = asyncio.run(ask(domain, resolver))
        if published.troubles and warn is not None:
            unknown = "some relays may be missing" if published.relays else "its relays are therefore unknown"
            warn(f"DNS could not be asked about {domain} ({published.troubles[0]}); {unknown}")
        relays = [{"name": one.value, "shared": True} if one.shared else one.value for one in published.relays]
        site |= {"relays": relays, "receivers": [one.value for one in published.receivers]}
    return from_mapping({"site": site}, place=Place("--me"))
