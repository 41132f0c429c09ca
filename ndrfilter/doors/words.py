"""Words for a result, shared by everything that people read. All text from mail leaves here escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndrfilter.doors.reply import one_decimal
from ndrfilter.engine.result import NO_HEADER
from ndrfilter.terminal import clip, escape

if TYPE_CHECKING:
    from ndrfilter.engine.result import Hit, Recipient, Result

GENUINE, BACKSCATTER, FAKE, UNDETERMINED, NO_BOUNCE = (
    "genuine", "backscatter", "fake", "undetermined", "not-a-bounce",
)  # fmt: skip
ORDER = (GENUINE, UNDETERMINED, FAKE, BACKSCATTER, NO_BOUNCE)
"""The verdicts as people want them: what may need reading first."""

COLOURS = {GENUINE: ("green", "bold"), BACKSCATTER: ("red",), FAKE: ("magenta", "bold"), UNDETERMINED: ("yellow",)}

_KINDS = {
    "failure": "delivery failure", "delay": "delivery delayed", "success": "delivery confirmed",
    "relayed": "passed on to a system without delivery reports", "expanded": "delivered to a list",
    "autoreply": "automatic reply", "challenge": "challenge to the sender", "receipt": "reading receipt",
    "feedback": "spam complaint", "virus-notice": "virus notice", "report": "report",
}  # fmt: skip
_LONG = 120
_NOTICED = 0.051  # two sums that people see as different at one decimal


def headline(result: Result) -> str:
    """What the message is and who wrote it: "delivery failure, written by Postfix at mx.example.net"."""
    if result.kind == "none":
        if result.verdict == FAKE:
            return "dressed as a bounce"
        return "not a mail message" if NO_HEADER in result.defects else "an ordinary message"
    writer = clip(result.dialect, _LONG)
    place = clip(result.reporting_mta, _LONG)
    if writer and place:
        return f"{_KINDS[result.kind]}, written by {writer} at {place}"
    if writer or place:
        return f"{_KINDS[result.kind]}, written by {writer or place}"
    return _KINDS[result.kind]


def measure(result: Result) -> str:
    """The score beside what was required, "9.0 of 5.0"; how it was proved; or nothing for ordinary mail.

    "capped" where the rules shown come to something else: groups have caps, and absence counts only where it may.
    """
    if result.verdict == NO_BOUNCE:
        return ""
    if result.verdict == GENUINE and result.evidence in ("proof", "record"):
        return f"by {result.evidence}"
    required = -result.required if result.verdict == GENUINE else result.required
    capped = ", capped" if abs(_sum(result) - result.score) > _NOTICED else ""
    return f"{one_decimal(result.score)} of {one_decimal(required)}{capped}"


def _sum(result: Result) -> float:
    """What the hits shown come to on the axis of the score, before any cap."""
    live = [hit for hit in result.hits if not hit.shadow]
    if result.verdict == FAKE:
        return sum(hit.score for hit in live if hit.toward == FAKE)
    return sum({BACKSCATTER: hit.score, GENUINE: -hit.score}.get(hit.toward, 0.0) for hit in live)


def by_weight(result: Result) -> list[tuple[str, Hit]]:
    """The hits, weightiest first, each with its contribution; all of these are of one width, so that they align."""
    hits = sorted(result.hits, key=lambda hit: -abs(hit.score))
    width = max(map(len, map(_sign, hits)), default=0)
    return [(f"{_sign(hit):>{width}}", hit) for hit in hits]


def _sign(hit: Hit) -> str:
    """A rule's contribution as it counts on the origin axis: backscatter up, genuine down; a fake counts up."""
    if not hit.toward or not hit.score:
        return ""
    return f"{-hit.score if hit.toward == GENUINE else hit.score:+.1f}"


def aside(hit: Hit, result: Result) -> str:
    """A remark on a hit that does not count towards the sum shown."""
    if hit.shadow:
        return " (shadow: not counted)"
    if hit.toward and (hit.toward == FAKE) != (result.verdict == FAKE):
        return " (towards fake)" if hit.toward == FAKE else " (not towards fake)"
    return ""


def failed(recipient: Recipient) -> str:
    """An address and what was wrong with it: "bob@example.net: the mailbox is full (5.2.2)"."""
    what = recipient.reason_text or {"delayed": "not delivered yet", "failed": "not delivered"}.get(
        recipient.action, recipient.action
    )
    status = f" ({escape(recipient.status)})" if recipient.status else ""
    return f"{clip(recipient.address, _LONG) or 'unnamed address'}: {escape(what) or 'no reason given'}{status}"


def counted(number: int, one: str, many: str) -> str:
    """A number and its noun: "1 message", "3,000 messages"."""
    return f"{number:,} {one if number == 1 else many}"


def undecided(result: Result) -> dict[str, list[str]]:
    """The names of the rules that could not be decided, by the cause, in the order of the causes; not escaped."""
    found: dict[str, list[str]] = {}
    for rule in result.undecided:
        found.setdefault(rule.cause, []).append(rule.name)
    return found
