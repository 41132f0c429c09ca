"""Whose mailbox it is, and the filter for that: proposed by the mailbox and DNS, agreed to once, then remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndrfilter.doors.sweep import dialogue
from ndrfilter.noun import Noun
from ndrfilter.sweep import evidence
from ndrfilter.sweep.mailbox import PlaceError
from ndrfilter.terminal import complain, escape

if TYPE_CHECKING:
    from pathlib import Path

    from ndrfilter.adapters.store import SqliteStore
    from ndrfilter.api import Filter
    from ndrfilter.doors.sweep.visit import Visit
    from ndrfilter.sweep.answer import SentScope
    from ndrfilter.sweep.evidence import Profile, Proposal


class Person(Noun):
    """The filter for his mail, his addresses, what the Sent folder says, and what all that may change with."""

    judge: Filter
    addresses: tuple[str, ...]
    sent: SentScope | None
    fingerprint: str
    folders: tuple[str, ...]
