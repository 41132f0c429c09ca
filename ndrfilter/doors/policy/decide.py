"""What an envelope alone says, and what Postfix is told about it.

Only mail from the null sender is looked at, and only from hosts outside. To mark is always allowed; to refuse needs
`actions: {backscatter: reject}`, a ruleset that acts, and a ground that no genuine bounce can give: a tag of BATV that
we never made, no tag where everything of ours has one, or many recipients of what goes to one (RFC 3464 section 2.1).
A list of hosts is no such ground, nor is a tag of ours that is too old.
"""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.doors.policy.protocol import DUNNO
from ndrfilter.noun import Noun
from ndrfilter.schema import Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndrfilter.doors.policy.protocol import Request
    from ndrfilter.facts.world import Facts
    from ndrfilter.service.desk import Desk

LISTS = ("dnsbl.listed", "dnsbl.zones")
FIELD = "X-NDR-Policy"
_STATES = ("RCPT", "DATA", "END-OF-MESSAGE")
_UNSENT = "batv.unsent"
_REFUSALS = {
    "forged": "550 5.7.1 We never sent mail with this sender's tag: your report is about forged mail",
    "missing": "550 5.7.1 All our mail has a tagged sender and this has none: your report is about forged mail",
    "many": "550 5.5.3 A delivery report goes to the one sender of the message that it is about",
}


class Grounds(Noun):
    """What speaks against this mail. `batv` is the word for the recipient's tag: valid, expired, forged, missing, or
    "" where nothing can be known; `many` the number of recipients if it is more than one; `zones` the lists that have
    the client.
    """

    batv: str = ""
    many: int = 0
    zones: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As it stands in the header field; empty if nothing speaks against it."""
        words = [f"batv={self.batv}"] if self.batv and self.batv != "valid" else []
        words += [f"recipients={self.many}"] if self.many else []
        return "; ".join([*words, *(f"dnsbl={zone}" for zone in self.zones)])


class Told(Noun):
    """What Postfix is told: in a word of ours (dunno, header, reject), and in its own; `would` is what we should have
    said if we might act, or "".
    """

    action: str = "dunno"
    words: str = DUNNO
    would: str = ""


class Seen:
    """What was learnt of one message over its connection."""

    __slots__ = ("asked", "instance", "marked", "recipients", "vouched")

    def __init__(self, instance: str = "") -> None:
        self.instance = instance
        self.recipients: list[str] = []
        self.vouched = False  # a recipient's tag was valid
        self.marked = False
        self.asked = False  # the lists, about this client

    def note(self, request: Request) -> None:
        """Remember a recipient; as long as all of them fit, they are known."""
        if request.state == "RCPT" and len(self.recipients) <= limits.MAX_POLICY_RECIPIENTS:
            self.recipients.append(request.recipient)

    def whole(self, request: Request) -> tuple[str, ...]:
        """All recipients of this message; none if some may be unknown."""
        if request.recipient:
            return (request.recipient,)
        known = len(self.recipients) <= limits.MAX_POLICY_RECIPIENTS and len(self.recipients) >= request.recipient_count
        return tuple(self.recipients) if known else ()


def concerned(request: Request) -> bool:
    """Whether there is anything to look at: a null sender who did not log in, at a stage where we can tell."""
    return request.sender == "" and not request.user and request.state in _STATES


def grounds(request: Request, facts: Facts, seen: Seen) -> Grounds:
    """What the facts of the envelope say, without those that are still to be fetched."""
    word = _batv(facts) if request.recipient else ""
    seen.vouched |= word == "valid"
    if not _foreign(facts) or seen.vouched:
        return Grounds(word if word == "valid" else "")
    listed = facts.fact(LISTS[0]) is True
    many = request.recipient_count if not request.recipient and request.recipient_count > 1 else 0
    return Grounds(word, many, tuple(facts.fact(LISTS[1])) if listed else ())


def ask_lists(request: Request, facts: Facts, seen: Seen) -> bool:
    """Whether the lists are to be asked: once a message, and only while there is a header to write the answer to."""
    if seen.asked or seen.marked or seen.vouched or request.state == "END-OF-MESSAGE" or not _foreign(facts):
        return False
    seen.asked = True
    return any(getattr(facts.fact(name), "pending", ()) for name in LISTS)


def _foreign(facts: Facts) -> bool:
    """Whether it comes from outside to somebody of a site that is protected."""
    to = facts.envelope.recipients
    ours = facts.site.configured and (not to or any(facts.site.owns(one.domain) for one in to))
    client = facts.fact("bounce.client_ip")
    return ours and client is not None and not isinstance(client, Unknown)


def _batv(facts: Facts) -> str:
    word = facts.fact("batv.result")
    if word in ("valid", "expired"):
        return str(word)
    declared = facts.schema.facts[_UNSENT].needs_complete in facts.site.complete
    if not declared or facts.fact(_UNSENT) is not True:
        return ""
    return "forged" if word == "forged" else "missing"


def tell(request: Request, found: Grounds, seen: Seen, desk: Desk) -> Told:
    """What to tell Postfix about it."""
    refusal, to = _refusal(request, found), seen.whole(request)
    if refusal and to and desk.action("backscatter", to) == "reject":
        return Told("reject", refusal)
    would = "reject" if refusal and desk.filter.config.actions["backscatter"] == "reject" else ""
    if not str(found) or seen.marked or request.state == "END-OF-MESSAGE":  # too late for a header, access(5) says
        return Told(would=would)
    seen.marked = True
    return Told("header", f"PREPEND {FIELD}: {found}", would)


def _refusal(request: Request, found: Grounds) -> str:
    """The words of a refusal, if there is ground for one.

    Who only asks whether an address exists, to verify a sender, goes before DATA; refused for a missing tag, he would
    refuse our mail.
    """
    if found.batv == "forged" or (found.batv == "missing" and request.state != "RCPT"):
        return _REFUSALS[found.batv]
    return _REFUSALS["many"] if found.many else ""


def all_opted_out(recipients: Sequence[str], desk: Desk) -> bool:
    """Whether none of these people wants a judgement; False if there is nobody."""
    return bool(recipients) and all(map(desk.filter.config.opted_out, recipients))
