"""The message with its verdict in the header: our fields, and SpamAssassin's for whoever has rules on those. Pure."""

from __future__ import annotations

from ndrfilter import __version__, limits
from ndrfilter.doors.reply import OUR_FIELDS, annotate, annotate_error, copies_of, fold, one_decimal
from ndrfilter.service import export
from ndrfilter.service.desk import OPT_OUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.engine.result import Result
    from ndrfilter.service.desk import Answer

# X-Spam-Prev-* are the sender's own fields, which a SpamAssassin before us kept from being overwritten.
_COPIES = copies_of(OUR_FIELDS + rb"|X-Spam-(?!Prev-)[!-9;-~]*")
_LIKE = "4.0.1"  # the SpamAssassin whose lines these are; programs look for a version there
_MOST_STARS = 50


def names(result: Result) -> list[str]:
    """The verdict's symbol and the rules' names, the weightiest first."""
    verdict = export.verdict_symbol(result)
    return ([verdict] if verdict else []) + [export.PREFIX + hit.name for hit in export.live(result)]


def marked(raw: bytes, answer: Answer) -> bytes:
    """The message as PROCESS returns it. Copies of these fields that came in with it are gone."""
    if answer.unjudged == OPT_OUT:
        return raw
    also = _as_spamassassin(answer.result)
    if answer.unjudged:
        return annotate_error(raw, answer.unjudged, answer.result.advice.reason, also=also, copies=_COPIES)
    return annotate(raw, answer.result, also=also, copies=_COPIES)


def header_of(raw: bytes, answer: Answer) -> bytes:
    """The header of that message, as HEADERS returns it.

    spamc puts behind it what stands in `raw` behind the first LF LF or CR LF CR LF; so it ends where that begins,
    wherever else the header might end. Without such a place spamc gives the message on as it was.
    """
    places = [raw.find(end) + len(end) for end in (b"\n\n", b"\r\n\r\n") if end in raw]
    body = len(raw) - min(places, default=len(raw))
    whole = marked(raw, answer)
    return whole[: len(whole) - body]


def _as_spamassassin(result: Result) -> list[str]:
    score = export.score(result)
    spam = export.is_spam(result)
    listed = names(result)[: limits.MAX_HEADER_RULES] or ["none"]
    status = [
        "Yes," if spam else "No,",
        f" score={one_decimal(score)}",
        f" required={one_decimal(export.required(result))}",
        " tests=" + listed[0] + ("," if len(listed) > 1 else ""),
        *(f"{name}," for name in listed[1:-1]),
        *listed[1:][-1:],
        " autolearn=disabled",
        f" version={_LIKE}",
    ]
    stars = "*" * min(int(score), _MOST_STARS)
    return [
        *(["X-Spam-Flag: YES"] if spam else []),
        f"X-Spam-Checker-Version: ndrfilter {__version__}",
        *([f"X-Spam-Level: {stars}"] if stars else []),
        *fold("X-Spam-Status", status),
    ]
