"""Judging within the launcher, where it goes wrong."""

from __future__ import annotations

import signal

import pytest

from ndrfilter.launch import judge


def test_a_failure_leaves_no_alarm_for_whom_the_message_is_left_to():
    before = signal.getsignal(signal.SIGALRM)
    try:
        with pytest.raises(KeyError):
            judge.judged(b"Subject: x\n\n", {"--max-seconds": ["60"]}, {})
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
