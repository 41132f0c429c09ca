"""`ndrfilter sweep`: a whole mailbox found through, told apart, explained, and on demand filed away."""

from ndrfilter.doors.sweep.command import register

__all__ = ["register"]
