"""The mail flow, once a session: everything is sent first, all DSNs are waited for together, then judged."""

from __future__ import annotations

import pytest

from bench.endtoend import judge, run


@pytest.fixture(scope="session")
def flow(shared, tmp_path_factory):
    """The folder of a flow: the letters, the DSNs about them, the log of the server they left through."""
    out = tmp_path_factory.mktemp("endtoend") / "flow"
    run.flow(shared / "mta", out)
    return out


@pytest.fixture(scope="session")
def letters(flow):
    """What was sent."""
    return judge.letters(flow)


@pytest.fixture(scope="session")
def rows(flow):
    """The verdict of each source on each DSN."""
    return list(judge.judged(flow))
