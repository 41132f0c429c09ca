"""A verdict in other filters' terms: symbols with scores, spam or not. Their names carry `NDR_`, as in every score."""

from __future__ import annotations

from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndrfilter.engine.result import Hit, Result

PREFIX = "NDR_"
_BELOW = 0.1
_SPAM = ("backscatter", "fake")
_SYMBOLS = {"backscatter": "NDR_BACKSCATTER", "fake": "NDR_FAKE", "genuine": "NDR_GENUINE",
            "undetermined": "NDR_UNDETERMINED"}  # fmt: skip


class Symbol(Noun):
    """A rule that hit, as another filter shows it. `score` is positive towards spam; `text` may come from mail."""

    name: str
    score: float
    text: str


def is_spam(result: Result) -> bool:
    """Whether the mail is unwanted: backscatter or a fake."""
    return result.verdict in _SPAM


def required(result: Result) -> float:
    """The score from which it is unwanted; always positive."""
    return abs(result.required) or 5.0


def score(result: Result) -> float:
    """The score, on the same side of `required` as the verdict: programs compare the two themselves."""
    if is_spam(result):
        return max(result.score, required(result))
    return min(result.score, required(result) - _BELOW)


def verdict_symbol(result: Result) -> str:
    """NDR_BACKSCATTER, NDR_FAKE, NDR_GENUINE, NDR_UNDETERMINED; empty for what is no bounce."""
    return _SYMBOLS.get(result.verdict, "")


def live(result: Result) -> list[Hit]:
    """The rules that hit and count, the weightiest first."""
    hits = [hit for hit in result.hits if not hit.shadow]
    if len(hits) > 1:
        hits.sort(key=_lightness)
    return hits


def towards_spam(hit: Hit) -> float:
    """The rule's score, positive towards spam."""
    return -hit.score if hit.toward == "genuine" else hit.score


def symbols(result: Result) -> Iterator[Symbol]:
    """Those rules as another filter shows them."""
    for hit in live(result):
        yield Symbol(PREFIX + hit.name, towards_spam(hit), hit.text)


def _lightness(hit: Hit) -> float:
    return -abs(hit.score)
