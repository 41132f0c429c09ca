"""Waiting for files to change."""

from __future__ import annotations

import os
import time

from ndrfilter.sweep.local.watch import Watch


def test_what_may_have_changed_in_the_same_moment_is_looked_at_again_soon(tmp_path):
    os.utime(tmp_path)
    watch = Watch([tmp_path])
    assert watch.fresh
    assert watch.wait(86_400.0)
    assert not watch.fresh
    assert not watch.wait(0.0)


def test_a_clock_that_is_ahead_makes_nothing_fresh(tmp_path):
    ahead = time.time() + 600
    os.utime(tmp_path, (ahead, ahead))
    watch = Watch([tmp_path])
    assert not watch.fresh
    (tmp_path / "new").touch()
    assert watch.wait(0.0)
