"""The HTTP door: what rspamd's clients ask, Exim's `variant=rspamd`, our own answer, and pages for monitors."""

from ndrfilter.doors.http.connection import HttpConnection

__all__ = ["HttpConnection"]
