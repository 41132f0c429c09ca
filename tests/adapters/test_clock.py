"""The clocks."""

from ndrfilter.adapters.clock import FixedClock, SystemClock


def test_clocks():
    assert FixedClock(5.0).now() == 5.0
    assert SystemClock().now() > 1.7e9
