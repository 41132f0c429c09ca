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
_RECEIVED = re.compile(
    rb"\n[>| \t]{0,%d}Received:([^\r\n]{1,998}(?:\r?\n[>|]{0,4}[ \t][^\r\n]{1,998}){0,8})" % _MARGIN, re.I
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
    for found in _RECEIVED.finditer(b"\n" + raw):
        yield found[1]


def _hops(texts: dict[bytes, None], facts: Facts) -> tuple[Hop, ...]:
    site = facts.site
    if not site.may_stand_in(b"\n".join(texts).lower()):
        return ()
    told = [text for text in texts if site.may_stand_in(text.lower())]
    return tuple([parse_received(" ".join(text.decode("latin-1").split())) for text in told])
