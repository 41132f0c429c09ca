"""From a result to what is remembered of it: every text cut, so that no message can fill the ledger."""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.message.addresses import parse_addresses
from ndrfilter.sweep.nouns import Failed, Row
from ndrfilter.sweep.state import digest_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.engine.result import Hit, Recipient, Result
    from ndrfilter.message.model import Headers
    from ndrfilter.sweep.nouns import Item, Key

_SENT_LOG = "SENT_LOG_KNOWS"
_ARRIVED = frozenset(("delivered", "relayed", "expanded"))
_NOT_OURS = frozenset(("backscatter", "fake"))


def row_of(result: Result, key: Key, item: Item, headers: Headers, header: bytes) -> Row:
    """What was found out about a message that was returned, or pretends to be; `headers` are the fields of `header`."""
    original = result.original
    return Row(
        key=key,
        verdict=result.verdict,
        kind=result.kind,
        received=item.received,
        sender=_cut(_address(headers.text("From"))),
        title=_cut(headers.text("Subject")),
        writer=_cut(result.dialect),
        reporting_mta=_cut(result.reporting_mta),
        evidence=result.evidence,
        recorded=result.evidence == "record" or any(_is_record(hit) for hit in result.hits),
        through_us=bool(original and original.handover) and result.verdict not in _NOT_OURS,
        failed=_failed(result.recipients),
        author=_cut(original.author) if original else "",
        to=tuple(map(_cut, original.to[: limits.SWEEP_FAILED])) if original else (),
        subject=_cut(original.subject) if original else "",
        written=original.date if original else None,
        message_id=_cut(original.message_id) if original else "",
        why=_cut(_why(result)),
        digest=digest_of(header),
    )


def row_of_trouble(key: Key, item: Item, header: bytes, error: Exception) -> Row:
    """A message that one of our parts failed at: nobody says what it is, and it stays where it is."""
    why = _cut(f"it could not be judged: {type(error).__name__}: {error}")
    nothing = ("", "", "", "", "", False, False, (), "", (), "", None, "")
    return Row(key, "undetermined", "none", item.received, *nothing, why, digest_of(header))


def _failed(recipients: tuple[Recipient, ...]) -> tuple[Failed, ...]:
    told = [one for one in recipients if one.action not in _ARRIVED][: limits.SWEEP_FAILED]
    return tuple(
        Failed(_cut(one.address), one.reason, _cut(one.reason_text), _cut(one.status), _cut(one.diagnostic))
        for one in told
    )


def _is_record(hit: Hit) -> bool:
    return not hit.shadow and hit.name.startswith(_SENT_LOG)


def _why(result: Result) -> str:
    """The strongest sign for the verdict; where no sign is for it, the advice."""
    return next((hit.text for hit in result.hits if hit.toward == result.verdict and not hit.shadow), "") or (
        result.advice.reason
    )


def _address(text: str) -> str:
    found = parse_addresses(text[: limits.MAX_LINE])
    return found[0].text if found else text


def _cut(text: str) -> str:
    return text[: limits.SWEEP_TEXT]
