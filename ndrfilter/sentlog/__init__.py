"""The log of what we sent: what it keeps of a message, how it is fed, and what it can say of one that came back."""

from __future__ import annotations

from ndrfilter.sentlog.log import Coverage, Entry, Known, coverage, covered, known, record

__all__ = ["Coverage", "Entry", "Known", "coverage", "covered", "known", "record"]
