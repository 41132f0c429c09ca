"""The milter door: protocol 6 of Sendmail and Postfix, which ask about mail before it is queued.

`wire` has the bytes, `negotiation` what we ask of an MTA, `session` what it has told, `mail` the message of which it
tells; `answers` says a verdict in the protocol's terms, `outbox` marks and records what we send; `connection` glues.
"""

from __future__ import annotations

from ndrfilter.doors.milter.connection import MilterConnection

__all__ = ["MilterConnection"]
