"""Proof is bound: to the bounce's recipient, to an age, and to a first number of uses.

Whoever received a message of ours has its marks, and may send them on in a bounce of his own making. So a mark proves
something only to the one it was made for, for a while, and for as many bounces as one message can honestly cause.
"""

from __future__ import annotations

from hashlib import blake2b

from ndrfilter.errors import TemporaryError
from ndrfilter.message.tags import strip_tag
from ndrfilter.schema import Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ndrfilter.message.model import Address
    from ndrfilter.ports import Ports

WORDS = ("bound", "shared", "uncounted", "unaddressed", "other-addressee", "too-old", "overused")
EARLY = 86_400.0
"""Seconds that a sender's clock may be ahead of ours."""


def bound(
    facts: Any,
    ports: Ports,
    block: bytes,
    *,
    plugin: str,
    sent: float | None,
    max_age: float,
    uses: int,
    owners: tuple[Address, ...] = (),
) -> str:
    """One of WORDS for a mark that verified, known by `block`: "bound" is proof, "uncounted" (the store cannot be read
    or written) and "shared" (it goes to others too) evidence of class trace, anything else neither.

    The bounce must go to the original's author, or to one of `owners`: addresses that the mark itself vouches for.
    `sent` is when the mark was made, in seconds since the epoch (None: unknown, which is too old), `max_age` in
    seconds; `uses` is how many different bounces may carry the same mark. A bounce counts once, however often seen.
    """
    addressee = addressed(facts, owners)
    if addressee not in ("bound", "shared"):
        return addressee
    if sent is None or not -EARLY <= facts.now - sent <= max_age:
        return "too-old"
    try:
        found = ports.store.count(f"uses.{plugin}", block, bounce_digest(facts), facts.now + max_age + EARLY, uses)
    except TemporaryError as error:
        facts.blame(plugin, f"uses cannot be counted, so this is no proof: {error}")
        return "uncounted"
    return addressee if found <= uses else "overused"


def addressed(facts: Any, owners: tuple[Address, ...] = ()) -> str:
    """ "bound" if the bounce goes to the original's author or `owners`, "shared" if to others as well; "unaddressed" if
    nobody told to whom. Bounces have one recipient; copies to an archive, or to all behind an alias, make it several.

    The original's Return-Path names nobody here: it stands outside of what is signed, so a forger writes it.
    """
    recipients = facts.envelope.recipients
    if not recipients:
        return "unaddressed"
    author = facts.fact("original.author")
    known = {_plain(owner) for owner in owners}
    if author is not None and not isinstance(author, Unknown):
        known.add(_plain(author))
    fitting = sum(_plain(recipient) in known for recipient in recipients)
    return "bound" if fitting == len(recipients) else "shared" if fitting else "other-addressee"


def _plain(address: Address) -> tuple[str, str]:
    """The address as its owner gives it: without tags and sub-address, local part in lower case."""
    return strip_tag(address.local).partition("+")[0].lower(), address.domain


def bounce_digest(facts: Any) -> bytes:
    """What makes this bounce the one it is: its content, and the line in which our receiver noted that it came.

    Both stay the same from filter to filter; the second does not when the same bounce is sent a thousand times.
    """
    noted = facts.fact("bounce.delivery")
    return blake2b(facts.message.body, digest_size=16, key=_key(noted if isinstance(noted, str) else "")).digest()


def _key(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).digest()
