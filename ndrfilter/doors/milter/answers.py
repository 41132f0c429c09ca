"""A verdict in the protocol's terms: fields at the top, copies that came in taken out, and what `actions` asks for."""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.doors import reply
from ndrfilter.doors.milter import negotiation, wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ndrfilter.config import Config
    from ndrfilter.doors.milter.mail import Mail
    from ndrfilter.doors.milter.negotiation import Terms
    from ndrfilter.service.desk import Answer

PASS = wire.packet(wire.ACCEPT_CONTINUE)
LATER = wire.packet(wire.TEMPORARY)
_LOST = "There was no memory left to look at this message."


def wanted(config: Config, *, marks: bool) -> int:
    """The actions that we may ask the MTA for; `marks` says whether a plugin marks mail that we send."""
    found = negotiation.ADD_FIELDS | negotiation.CHANGE_FIELDS
    if "quarantine" in config.actions.values():
        found |= negotiation.QUARANTINE
    return found | negotiation.CHANGE_SENDER if marks else found


def judged(answer: Answer, mail: Mail, terms: Terms) -> bytes:
    """What to tell the MTA about a message that was judged."""
    action = answer.action if mail.whole else answer.action and "header"
    sentence = reply.plain(answer.result.advice.reason)
    if action == "reject":
        return wire.reply(f"550 5.7.1 {sentence[: limits.MILTER_REPLY]}")
    if action == "discard":
        return wire.packet(wire.DISCARD)
    held = action == "quarantine" and terms.may(negotiation.QUARANTINE)
    back = wire.quarantine(sentence) if held else b""
    return without_copies(mail.counts, terms) + _on_top(reply.marks(answer), terms) + back + PASS


def lost(mail: Mail, terms: Terms) -> bytes:
    """What to tell the MTA about a message that there was no memory for."""
    fields = [(reply.STATUS, "undetermined; error=memory"), (reply.REASON, _LOST)]
    return without_copies(mail.counts, terms) + _on_top(fields, terms) + PASS


def without_copies(counts: Mapping[bytes, int], terms: Terms) -> bytes:
    """Our own fields that came in with the message go."""
    return b"".join(removed((reply.STATUS, reply.REASON), counts, terms))


def removed(names: tuple[str, ...], counts: Mapping[bytes, int], terms: Terms) -> Iterator[bytes]:
    """All fields of these names go; the last first, because MTAs do not agree whether the others move up."""
    if terms.may(negotiation.CHANGE_FIELDS):
        for name in names:
            there = min(counts.get(name.lower().encode(), 0), limits.MILTER_COPIES)
            yield from (wire.change(index, name, "") for index in range(there, 0, -1))


def value(text: str, terms: Terms) -> str:
    """A field's value as this MTA wants it: either it puts the blank in front, or we do."""
    return f" {text}" if terms.blanks_kept else text


def _on_top(fields: Sequence[tuple[str, str]], terms: Terms) -> bytes:
    if not terms.may(negotiation.ADD_FIELDS):
        return b""
    return b"".join(wire.insert(place, name, value(text, terms)) for place, (name, text) in enumerate(fields))
