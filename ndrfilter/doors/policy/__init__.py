"""The policy door: Postfix asks about an envelope before there is a message (its SMTPD_POLICY_README)."""

from ndrfilter.doors.policy.connection import PolicyConnection

__all__ = ["PolicyConnection"]
