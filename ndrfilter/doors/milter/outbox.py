"""Mail that we send: which it is, the marks that it gets, and the record of it."""

from __future__ import annotations

from ipaddress import ip_address
from weakref import WeakKeyDictionary

from ndrfilter import limits, outbound, outgoing
from ndrfilter.doors.milter import answers, negotiation, wire
from ndrfilter.doors.sent_place import PLUGIN as SENT_LOG
from ndrfilter.doors.sent_place import place_of
from ndrfilter.plugin.outgoing import Stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ndrfilter.config.model import Listener
    from ndrfilter.doors.milter.mail import Mail, Peer
    from ndrfilter.doors.milter.negotiation import Terms
    from ndrfilter.envelope import Envelope
    from ndrfilter.service.desk import Desk

_OF_DESKS: WeakKeyDictionary[Desk, Outbox] = WeakKeyDictionary()


def from_us(listener: Listener, address: str) -> bool:
    """Whether mail that this client brings is ours to mark."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return any(ip.version == network.version and ip in network for network in listener.outbound)


def sent_by_us(mail: Mail, peer: Peer, listener: Listener) -> bool:
    """Whether we send the message: somebody logged in, or the client is in the listener's networks.

    The null sender's mail never is: bounces are judged, whoever hands them in.
    """
    return bool(mail.sender) and (bool(mail.user) or from_us(listener, peer.address))


def outbox_of(desk: Desk) -> Outbox:
    """The outbox of that desk, made at first use."""
    found = _OF_DESKS.get(desk)
    if found is None:
        found = _OF_DESKS[desk] = Outbox(desk)
    return found


class Outbox:
    """Marks and records by one desk's configuration."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._filter = desk.filter
        config = desk.filter.config
        self.marks = bool(outgoing.stampers(config))
        # Where all our mail is said to bear marks, a message without any would look like a forger's when it comes back.
        self._must = self.marks and any("signing" in site.complete for site in config.sites)
        self._log = place_of(config) if SENT_LOG in config.plugins else None

    def dispatch(self, mail: Mail, envelope: Envelope, terms: Terms) -> bytes:
        """What to tell the MTA about a message that we send. Nothing is raised."""
        sent, changes, told = mail.content(), b"", {"sent": "unmarked"}
        try:
            if self.marks and not mail.lost:
                made = self._filter.stamps(sent, envelope)
                stamps = [stamp for _, stamp in made]
                changes, sent = edits(sent, stamps, mail, terms)
                told = {"sent": ",".join(name for name, _ in made) or "unmarked"}
        except Exception as error:
            told["trouble"] = f"{type(error).__name__}: {error}"
        if mail.lost:
            told["trouble"] = "no memory"
        if self._must and "trouble" in told:
            self._desk.remark("milter", mail.queue_id, **{**told, "sent": "later"})
            return answers.LATER
        self._desk.remark("milter", mail.queue_id, **told, **self._record(sent, envelope))
        return answers.without_copies(mail.counts, terms) + changes + answers.PASS

    def _record(self, sent: bytes, envelope: Envelope) -> dict[str, str]:
        """Put the message into the sent log, where that is on; what goes wrong is said and no more."""
        if self._log is None:
            return {}
        try:
            place = self._log._replace(now=self._filter.clock.now())
            place.add(sent[: limits.MAX_MESSAGE], envelope.sender, tuple(envelope.recipients))
        except Exception as error:
            return {"unrecorded": str(error) or type(error).__name__}
        return {}


def edits(raw: bytes, stamps: Sequence[Stamp], mail: Mail, terms: Terms) -> tuple[bytes, bytes]:
    """The stamps as the protocol has them, and the message as it then is.

    Of the header it is what `outbound.apply` does. Raises ValueError for a stamp that cannot stand in a header.
    """
    sent = outbound.apply(raw, stamps)
    changes = list(_of_header(raw, stamps, mail, terms)) if sent != raw else []
    sender = next((stamp.sender for stamp in stamps if stamp.sender is not None), None)
    if sender is not None and sender.isascii() and terms.may(negotiation.CHANGE_SENDER):
        changes.append(wire.sender(sender))
    return b"".join(changes), sent


def _of_header(raw: bytes, stamps: Sequence[Stamp], mail: Mail, terms: Terms) -> Iterator[bytes]:
    names = tuple(name for stamp in stamps for name in stamp.remove)
    held = _held(raw, stamps, names)
    gone = tuple(name for name in dict.fromkeys(map(str.lower, names)) if name not in held)
    yield from answers.removed(gone, mail.counts, terms)
    yield from _message_id(stamps, held, gone, mail, terms)
    new = [(name, text) for stamp in stamps for name, text in stamp.fields if name.lower() not in held]
    yield from (wire.add(name, answers.value(text, terms)) for name, text in new)


def _held(raw: bytes, stamps: Sequence[Stamp], names: tuple[str, ...]) -> frozenset[str]:
    """What a DKIM signature covers, of all that the stamps would change."""
    all_of_them = (*stamps, Stamp(fields=tuple((name, "") for name in names)))
    return frozenset(name.lower() for name in outbound.held_back(raw, all_of_them))


def _message_id(
    stamps: Sequence[Stamp], held: frozenset[str], gone: tuple[str, ...], mail: Mail, terms: Terms
) -> Iterator[bytes]:
    new = next((stamp.message_id for stamp in stamps if stamp.message_id), "")
    if not new or "message-id" in held:
        return
    if mail.counts.get(b"message-id") and "message-id" not in gone:
        yield wire.change(1, "Message-ID", answers.value(new, terms))
    else:
        yield wire.add("Message-ID", answers.value(new, terms))
