"""Received lines anywhere in a message, however deep or quoted: none is believed, but we may be named in one."""

from __future__ import annotations

import re

from ndrfilter import limits
from ndrfilter.facts.bounce import original
from ndrfilter.message.trace import parse_received

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndrfilter.facts.world import Facts
    from ndrfilter.message.model import Hop

_MARGIN = 16
"""How far from the left a quoted or indented line may begin."""
_WORD = b"received:"
_RECEIVED = re.compile(
    rb"[>| \t]{0,%d}Received:([^\r\n]{1,998}(?:\r?\n[>|]{0,4}[ \t][^\r\n]{1,998}){0,8})" % _MARGIN, re.I
)


def stray_hops(facts: Facts) -> tuple[tuple[Hop, ...], bool]:
    """Every line anywhere in the message that looks like a Received field and may name one of our hosts.

    And whether there are more such lines, whatever they name, than we look at.
    """
    came_back = original(facts)
    texts: dict[bytes, None] = {}
    for raw in (facts.message.body, came_back.raw if came_back else b""):
        for number, text in enumerate(received_lines(raw)):
            if number == limits.MAX_STRAY_LINES or (len(texts) == limits.MAX_STRAY_HOPS and text not in texts):
                return _hops(texts, facts), True
            texts[text] = None
    return _hops(texts, facts), False


def received_lines(raw: bytes) -> Iterator[bytes]:
    """What stands behind each "Received:" at, or near, the beginning of a line, with the folded lines below it."""
    lower = raw.lower()
    end = 0
    place = lower.find(_WORD)
    while place >= 0:
        before = raw.rfind(b"\n", max(0, place - _MARGIN - 1), place)
        start = before + 1 if before >= 0 else 0 if place <= _MARGIN else end - 1
        found = _RECEIVED.match(raw, start) if start >= end else None
        if found is not None:
            yield found[1]
            end = found.end()
        place = lower.find(_WORD, max(end, place + len(_WORD)))


def _hops(texts: dict[bytes, None], facts: Facts) -> tuple[Hop, ...]:
    told = (text for text in texts if facts.site.may_stand_in(text.lower()))
    return tuple(parse_received(" ".join(text.decode("latin-1").split())) for text in told)
