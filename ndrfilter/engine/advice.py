"""What a person is told, by key: did I send this, why do I get it, what should I do. Texts are data, to translate."""

from __future__ import annotations

from functools import lru_cache

from ndrfilter.engine.result import Advice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

SENT = {
    "backscatter": "No. Someone forged your address on a message that never passed your mail servers.",
    "genuine": "Yes. The message that came back was sent through your own mail servers.",
    "record": "Yes. The message that came back is one that your own mail servers logged as sent.",
    "proof": "Yes. It bears a mark that only your own mail servers can make.",
    "forwarded": "No, but we forwarded it: your own mail servers sent it on for somebody else.",
    "fake": "No, and nobody returned anything: this is an ordinary mail dressed up as a delivery report.",
    "not-a-bounce": "This is not a delivery report; nothing of yours came back.",
    "no-mail": "This is not a mail message, so nothing of yours came back with it.",
    "undetermined": "We cannot tell. What came back does not prove who sent it.",
    "no-site": "We cannot tell, because nobody told us which domains and mail servers are yours.",
}
WHY = {
    "backscatter": "A server accepted the forged message, could not deliver it, and told the forged sender: you.",
    "fake": "It looks like a bounce so that you open a link or an attachment. No mail server wrote it.",
    "not-a-bounce": "It carries neither the structure nor the wording of a mail server's report.",
    "no-mail": "It has no header, and every mail begins with one.",
    "no-site": "It is a real report of a mail server, but whether the message was yours depends on who you are.",
    "exempt": "It is left to another program: {exempt}.",
    "claimed": "One of your servers is named in it, in a place where anybody could have written that.",
    "weak": "Much speaks for a forged sender, but nothing that is hard enough to forge.",
    "undecided": "Something that could prove it yours could not be checked just now.",
    "handover": "One of your servers handed the message over, though other signs speak against it.",
    "contradicted": "Its trace says that you sent it, and what all mail of yours has is missing.",
    "between": "Neither side has enough evidence.",
}
DO = {
    "backscatter": "Nothing on your side is broken. Ignore it; do not reply.",
    "forwarded": "Let it pass: your forwarder sends it back to the first sender.",
    "fake": "Do not click, open or answer anything in it. Delete it.",
    "not-a-bounce": "Treat it as any other mail.",
    "no-mail": "Look whether this is the right file, whole and not compressed.",
    "undetermined": "Read it: if you wrote to that address, it is yours; if not, ignore it.",
    "no-site": "Run `ndrfilter config init`, or add `--me you@your.domain`.",
}
REASON = {
    "backscatter": "You did not send this: someone forged your address.",
    "genuine": "You sent this, and it came back: {short}.",
    "forwarded": "We forwarded this, and it came back: {short}.",
    "fake": "Not a delivery report: no mail server wrote this.",
    "not-a-bounce": "Not a delivery report.",
    "no-mail": "Not a mail message.",
    "undetermined": "A delivery report, but nothing shows whether you sent the original.",
    "no-site": "A delivery report; without a site nobody can say whose the original was.",
    "exempt": "Left to another program: {exempt}.",
}
WHAT_TO_DO = {
    "address_unknown": "Check the address for a typing error, or ask the person for the new one.",
    "mailbox_full": "Wait, or reach the person another way; the mailbox is full.",
    "policy": "Their server's policy refused it: ask your postmaster whether your server or domain is on a blocklist.",
    "authentication": "Your domain's SPF, DKIM or DMARC did not satisfy them: show this to your postmaster.",
    "too_big": "Send it smaller, or share the file by a link.",
    "network": "Their server could not be reached or refused to relay; check the part behind the @, and try later.",
    "expired": "Their server did not answer for a long time. Check the part behind the @, or try again later.",
    "content": "Their server did not like the contents: check the attachment, or send it as plain text.",
    "suspended": "The mailbox is disabled. Reach the person another way.",
    "delay": "Nothing yet: the server is still trying and will tell you if it gives up.",
    "success": "Nothing. It is a confirmation.",
    "unknown": "Read what the server said, below, and check the address.",
}
FORWARDED = "forwarded"
_OWN_ANSWERS = frozenset({"no-site", "no-mail"})
_ANSWERS = frozenset({"relayed", "expanded", "success"})


@lru_cache(maxsize=64)  # for each verdict a handful, and the rule files' own words for what they exempt
def advise(verdict: str, why: str, exempt: str) -> Advice:
    """The answers for any verdict but genuine; `why` is the decision's word, `exempt` the exempting rule's reason."""
    key = why if why in _OWN_ANSWERS else verdict
    reason = REASON["exempt" if why == "exempt" else key]
    because = WHY.get(why, WHY["between"]) if key != verdict or verdict == "undetermined" else WHY[verdict]
    return Advice(SENT[key], because.format(exempt=exempt), DO[key], reason.format(exempt=exempt))


def advise_owner(kind: str, recipients: Sequence[Any], carrier: str) -> Advice:
    """The answers to whom the original belongs.

    `carrier` is the strongest class that carries the verdict, or "forwarded": the message was not ours, but sent on.
    """
    by = carrier if carrier in SENT else "genuine"
    return Advice(
        SENT[by],
        _what(kind, recipients, "That mail" if by == FORWARDED else "Your mail"),
        DO[by] if by == FORWARDED else _what_to_do(kind, recipients),
        REASON[FORWARDED if by == FORWARDED else "genuine"].format(short=_short(kind, recipients)),
    )


def _short(kind: str, recipients: Sequence[Any]) -> str:
    if kind in _ANSWERS:
        return "it arrived"
    if kind == "delay":
        return "it is delayed"
    return (recipients[0].reason_text if recipients else "") or "it could not be delivered"


def _what(kind: str, recipients: Sequence[Any], mail: str) -> str:
    named = ", ".join(recipient.address for recipient in recipients[:3]) or "the recipient"
    named += f" and {len(recipients) - 3} more" if len(recipients) > 3 else ""
    if kind in _ANSWERS:
        return f"A server confirms {mail.lower()} to {named}."
    if kind == "delay":
        return f"{mail} to {named} is delayed; the server is still trying."
    if kind == "failure":
        return f"{mail} to {named} could not be delivered: {_short(kind, recipients)}."
    return f"It answers {mail.lower()} to {named}."


def _what_to_do(kind: str, recipients: Sequence[Any]) -> str:
    if kind in _ANSWERS:
        return WHAT_TO_DO["success"]
    if kind == "delay":
        return WHAT_TO_DO["delay"]
    if kind != "failure":
        return "Read it."
    reason = recipients[0].reason if recipients else "unknown"
    return WHAT_TO_DO.get(reason, WHAT_TO_DO["unknown"])
