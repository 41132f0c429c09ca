"""Addresses with something woven in: the tags of BATV (draft-levine-smtp-batv) and the Sender Rewriting Scheme (SRS).

Syntax alone: whether a tag is genuine, who holds the secret knows.
"""

from __future__ import annotations

import re

from ndrfilter.message.addresses import parse_address
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.message.model import Address

_PRVS = re.compile(r"prvs=([0-9])([0-9]{3})([0-9a-f]{6})=(.+)", re.I | re.A | re.S)
_BEHIND = re.compile(r"(.+)[+-]prvs=([0-9])([0-9]{3})([0-9a-f]{6})", re.I | re.A | re.S)
# Cisco writes nine digits and no key number, Barracuda and SparkPost a tag type of their own; only they can check them.
_OTHERS = re.compile(r"(?:prvs=[0-9a-f]{9}=|btv1==[0-9a-f]{11}==|msprvs1=[^=@]{1,64}=)(.+)", re.I | re.A | re.S)
_SRS = re.compile(r"srs([01])[=+-](.+)", re.I | re.A | re.S)
_DAY = re.compile(r"[a-z2-7]{2}", re.I | re.A)
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
SRS_DAYS = 1024
PRVS_DAYS = 1000


class Prvs(Noun):
    """A simple private signature: the parts of its tag, and the local part that it was put on."""

    key: str  # a digit
    day: int  # of expiry, since the epoch, modulo `PRVS_DAYS`
    signature: str  # six hexadecimal digits, lower case
    local: str

    @property
    def tag(self) -> str:
        """K DDD SSSSSS as it stands in the address."""
        return f"{self.key}{self.day:03}{self.signature}"


class Srs(Noun):
    """A rewritten sender: its hash, the texts that the hash covers, and whom the forwarder rewrote.

    `day` is the day of rewriting since the epoch, modulo `SRS_DAYS`; of an SRS1 address the day that the first
    forwarder wrote, None where he wrote nothing of the kind.
    """

    hash: str
    covered: tuple[str, ...]
    day: int | None
    sender: Address | None


def prvs_of(local: str) -> Prvs | None:
    """The tag of the local part `prvs=KDDDSSSSSS=alice` or `alice+prvs=KDDDSSSSSS`, None where there is none."""
    if found := _PRVS.fullmatch(local):
        key, day, signature, bare = found.groups()
    elif found := _BEHIND.fullmatch(local):
        bare, key, day, signature = found.groups()
    else:
        return None
    return Prvs(key, int(day), signature.lower(), bare)


def strip_tag(local: str) -> str:
    """The local part without its tag, whoever put it there; the same if it has none."""
    prvs = prvs_of(local)
    if prvs is not None:
        return prvs.local
    other = _OTHERS.fullmatch(local)
    return other.group(1) if other else local


def srs_of(local: str) -> Srs | None:
    """The parts of a local part `SRS0=HHH=TT=domain=local` or `SRS1=HHH=domain==HHH=TT=domain=local`, or None."""
    found = _SRS.fullmatch(local)
    if found is None:
        return None
    parts = found.group(2).split("=", 3 if found.group(1) == "0" else 2)
    if not all(parts):
        return None
    if found.group(1) == "0" and len(parts) == 4 and _DAY.fullmatch(parts[1]):
        made, day, domain, user = parts
        return Srs(made, (day, domain, user), _day(day), parse_address(f"{user}@{domain}"))
    if found.group(1) == "1" and len(parts) == 3 and parts[2][0] in "=+-":
        made, domain, rest = parts
        inner = rest[1:].split("=")
        day_of_first = _day(inner[1]) if len(inner) > 3 and _DAY.fullmatch(inner[1]) else None
        return Srs(made, (domain, rest), day_of_first, parse_address(f"SRS0{rest}@{domain}"))
    return None


def _day(text: str) -> int:
    return _BASE32.index(text[0].upper()) * 32 + _BASE32.index(text[1].upper())
