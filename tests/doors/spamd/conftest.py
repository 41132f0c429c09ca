"""The door and a real spamd side by side, and what may stand between a client and either."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from service_process import Serving  # noqa: E402
from spamd_servers import MAIL, SETTINGS, SITE, VBOUNCE, Between, Place, Relay, spamd  # noqa: E402


@pytest.fixture(scope="session")
def mail() -> dict[str, bytes]:
    """One message of each verdict."""
    return MAIL


@pytest.fixture(scope="session")
def door() -> Iterator[Serving]:
    """Our service with a spamd door, for the site of the demonstration."""
    with Serving(SITE, "spamd=127.0.0.1:0") as serving:
        yield serving


@pytest.fixture(scope="session")
def ours(door: Serving) -> Place:
    """Where our door is."""
    return door.place["spamd"]


@pytest.fixture(scope="session")
def theirs() -> Iterator[Place]:
    """Where a real spamd is, whose only rules are those of VBounce."""
    if not VBOUNCE.exists():
        pytest.skip("SpamAssassin's rules are not installed")
    with spamd(SETTINGS) as place:
        yield place


@pytest.fixture
def between(tmp_path: Path) -> Iterator[Callable[[Place, str], Between]]:
    """Makes relays."""
    made: list[Relay] = []

    def relay(target: Place, state: str) -> Between:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Relay(folder, target, state))
        return made[-1].place

    yield relay
    for one in made:
        one.close()
