"""The spamd door: SpamAssassin's client protocol, for spamc, Exim, rspamd and whatever else speaks it."""

from __future__ import annotations

from ndrfilter.doors.spamd.connection import SpamdConnection

__all__ = ["SpamdConnection"]
