"""Mailboxes that are files: Maildirs and mboxes. `opened` finds out which a path is.

Architecture invariant: nothing here overwrites or removes a message; what is moved is on the disk at its new place
before it is gone from the old one.
"""

from __future__ import annotations

from ndrfilter.sweep.local.opening import opened

__all__ = ["opened"]
