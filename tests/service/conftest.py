"""A configuration with a rule that a message can ask for, and a service that runs with it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from service_process import Serving  # noqa: E402
from service_setup import Setup  # noqa: E402


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup(tmp_path)


@pytest.fixture
def serving(setup: Setup) -> Iterator[Serving]:
    with Serving(setup.path, "http=127.0.0.1:0") as running:
        yield running
