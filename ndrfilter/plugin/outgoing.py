"""The nouns of outbound stamping: a message that we send, and what a plugin wants to mark it with."""

from __future__ import annotations

from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.message import Message
    from ndrfilter.site import Site


class Outgoing(Noun):
    """A message on its way out. `sender` is the envelope's: "" the null sender, None where nobody told it."""

    message: Message
    site: Site
    sender: str | None
    recipients: tuple[str, ...]
    now: float  # seconds since the epoch


class Stamp(Noun):
    """What to change: fields to take away and to add, a new Message-ID, a new envelope sender ("", None: as it is)."""

    fields: tuple[tuple[str, str], ...] = ()
    message_id: str = ""
    sender: str | None = None
    remove: tuple[str, ...] = ()
