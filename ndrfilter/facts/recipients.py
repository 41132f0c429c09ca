"""Failed recipients, from the delivery status, else as the recognisers read them: status, diagnostic, reason."""

from __future__ import annotations

import re
from itertools import chain, islice

from ndrfilter import limits
from ndrfilter.facts.recognised import Applying
from ndrfilter.message.addresses import addresses_at, parse_addresses
from ndrfilter.message.lazy import lazy
from ndrfilter.noun import Noun
from ndrfilter.schema import ACTIONS, NO_REASON

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ndrfilter.facts.world import Facts
    from ndrfilter.message.model import Address, Headers, Report, ReportRecipient
    from ndrfilter.schema import Extract, Reason, Recogniser

_ADDRESS = re.compile(r"[A-Za-z0-9._%+=/-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
REPLY = re.compile(r"(?<![\d.:/])([245]\d\d)(?=[ \-#]|$)")
ACTION_OF_KIND = {
    "failure": "failed", "delay": "delayed", "success": "delivered", "relayed": "relayed", "expanded": "expanded",
}  # fmt: skip


class RecipientFact:
    """A recipient as rules see it, and as the result gives it: what was said about it is read when somebody asks."""

    def __init__(self, address: str, action: str, told: _Told, facts: Facts) -> None:
        self.address = address
        self.action = action
        self._told = told
        self._facts = facts

    @lazy
    def diagnostic(self) -> str:
        """What the server said: in the report, else in the text of this recipient, else in the text of any."""
        told = self._told
        own = told.diagnostic
        if not own and told.in_report:
            own = self._facts.once(_said).get(told.address.lower(), "")
        return (own or self._facts.once(_said_of_all))[: limits.MAX_DIAGNOSTIC_CHARS]

    @lazy
    def status(self) -> str:
        """The enhanced status code (RFC 3463)."""
        return status_of(self._told.status, self.diagnostic, self.action)

    @lazy
    def reasoned(self) -> tuple[str, str]:
        """The reason class and its words: of what the server said, else of the whole text."""
        reasons = self._facts.knowledge.reasons
        found = reason_of(self.diagnostic, self.status, reasons)
        if found[0] != NO_REASON:
            return found
        return reason_of(self._facts.message.text[: limits.MAX_DIAGNOSTIC_CHARS], "", reasons)

    @property
    def reason(self) -> str:
        """The reason class."""
        return self.reasoned[0]

    @property
    def reason_text(self) -> str:
        """The reason in words."""
        return self.reasoned[1]


class _Told(Noun):
    """What a report, or a recogniser in the text, tells of a recipient."""

    address: str
    action: str = ""
    status: str = ""
    diagnostic: str = ""
    in_report: bool = False


def recipients(facts: Facts, kind: str) -> tuple[RecipientFact, ...]:
    """Every recipient that the bounce is about, at most one more than `limits.MAX_RECIPIENTS`."""
    report = facts.message.report
    found = list(_of_report(report)) if report else []
    found = found or list(_of_text(facts)) or (_by_elimination(facts) if kind in ACTION_OF_KIND else [])
    action = ACTION_OF_KIND.get(kind, "")
    unique = {(told.address.lower(), told.action): told for told in reversed(found)}
    made = (
        RecipientFact(_completed(told.address, facts), told.action if told.action in ACTIONS else action, told, facts)
        for told in reversed(unique.values())
    )
    return tuple(islice(made, limits.MAX_RECIPIENTS + 1))


def _of_report(report: Report) -> Iterator[_Told]:
    for recipient in report.recipients:
        address = _asked_for(recipient)
        if address:
            yield _Told(address, recipient.action, recipient.status, recipient.diagnostic, in_report=True)


def _said(facts: Facts) -> dict[str, str]:
    """What the text says of each address: recipients without a Diagnostic-Code get that, for some MTAs tell it to
    people alone."""
    return {told.address.lower(): told.diagnostic for told in _of_text(facts)}


def _said_of_all(facts: Facts) -> str:
    """The diagnostic that the text names for none in particular."""
    return next(chain.from_iterable(_read(facts, "diagnostic")), {}).get("diagnostic", "")


def _asked_for(recipient: ReportRecipient) -> str:
    """The address that the sender wrote, where the report tells it as an Internet address (RFC 3464 section 2.3.1)."""
    original = _bare(recipient.original)
    return original if "@" in original and "/" not in original else _bare(recipient.final) or original


def _of_text(facts: Facts) -> Iterator[_Told]:
    for read in _read(facts, "recipient"):
        named = False
        for values in read:
            if address := _bare(values.get("address", "")):
                named = True
                diagnostic = " ".join(values.get("diagnostic", "").split())
                yield _Told(address, values.get("action", ""), values.get("status", ""), diagnostic)
        if named:
            return


def _by_elimination(facts: Facts) -> list[_Told]:
    """Whom it must be where nothing says who failed.

    The one address in the text that is no party to the bounce, else whom the last server took the original for, else
    its only addressee, unless a list stands between.
    """
    parties = {address.text.lower() for name in ("From", "To") for address in _addresses(facts.message.headers, name)}
    named = {word.lower(): word for word in _ADDRESS.findall(facts.message.text)}
    if len(left := [word for key, word in named.items() if key not in parties]) == 1:
        return [_Told(left[0])]
    original = facts.message.original
    if original is None:
        return []
    taken_for = next((hop.for_ for hop in original.trace[:1] if hop.for_ and "@" in hop.for_), None)
    to = () if "List-Id" in original.headers else _addresses(original.headers, "To")
    if taken_for or len(to) == 1:
        return [_Told(taken_for or to[0].text)]
    return []


def _addresses(headers: Headers, name: str) -> tuple[Address, ...]:
    """Those of the topmost field."""
    found = headers.places[name]
    return addresses_at(headers, found[0]) if found else ()


def _completed(address: str, facts: Facts) -> str:
    """A mailbox named without a domain is one of the reporting server's own."""
    if "@" in address:
        return address
    author = _addresses(facts.message.headers, "From")
    return f"{address}@{author[0].domain}" if author and author[0].domain else address


def _read(facts: Facts, what: str) -> Iterator[Iterator[dict[str, str]]]:
    """What the extracts of one sort read, of each recogniser that has any: one mapping a match."""

    def extracts(recogniser: Recogniser) -> list[Extract]:
        return [extract for extract in recogniser.extracts if extract.what == what]

    main = "address" if what == "recipient" else what
    for recogniser in facts.once(Applying).that(extracts):
        yield chain.from_iterable(_matches(facts, extract, main) for extract in extracts(recogniser))


def _matches(facts: Facts, extract: Extract, main: str) -> Iterator[dict[str, str]]:
    if extract.source == "body":
        texts: Iterable[str] = (facts.message.text,)
    else:
        headers = facts.message.headers
        texts = (headers.text_at(place) for place in headers.places[extract.source])
    for text in texts:
        if extract.pattern is None:
            yield from ({"address": address.text} for address in parse_addresses(text))
            continue
        for match in extract.pattern.finditer(text):
            named = {key: value for key, value in match.groupdict().items() if value is not None}
            if main not in named:
                named[main] = (match.group(1) if match.re.groups else match.group(0)) or ""
            yield named


def mta_of_text(facts: Facts) -> str:
    """The reporting MTA as the recognisers read it, lower case, or an empty string."""
    for values in chain.from_iterable(_read(facts, "mta")):
        if values.get("mta"):
            return values["mta"].strip(" .<>[]()").lower()
    return ""


def _bare(address: str) -> str:
    return address.strip().strip("<>\"'").rstrip(".,;:").strip("<>")


def status_of(status: str, diagnostic: str, action: str) -> str:
    """The most telling enhanced status: a remote server's own word beats a general x.0.0 (RFC 3463 section 2)."""
    general = not status or status.endswith(".0.0")
    if general and (found := ENHANCED.search(diagnostic)):
        return found.group(1)
    if status:
        return status
    if reply := REPLY.search(diagnostic):
        return f"{reply.group(1)[0]}.0.0"
    return {"failed": "5.0.0", "delayed": "4.0.0", "delivered": "2.0.0"}.get(action, "")


def reason_of(diagnostic: str, status: str, reasons: tuple[Reason, ...]) -> tuple[str, str]:
    """The reason class and its words: a text that says it, else the status, else unknown."""
    for reason in reasons:
        if any(pattern.search(diagnostic) for pattern in reason.patterns):
            return reason.name, reason.describe
    for reason in reasons:
        if any(_status_like(status, pattern) for pattern in reason.statuses):
            return reason.name, reason.describe
    return NO_REASON, "the server did not say why in a way we know"


def _status_like(status: str, pattern: str) -> bool:
    parts, wanted = status.split("."), pattern.split(".")
    return len(parts) == len(wanted) == 3 and all(w in ("x", p) for p, w in zip(parts, wanted, strict=True))
