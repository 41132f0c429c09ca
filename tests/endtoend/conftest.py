"""The mail flow, once a session: everything is sent first, all DSNs are waited for together, then judged."""

from __future__ import annotations

import pytest

from bench.endtoend import figures, judge, run

ROWS = pytest.StashKey()


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
def rows(flow, request):
    """The verdict of each source on each DSN."""
    found = request.config.stash[ROWS] = list(judge.judged(flow))
    return found


def pytest_terminal_summary(terminalreporter, config):
    """The figures, below the tests."""
    found = config.stash.get(ROWS, [])
    if found:
        terminalreporter.section("DSNs by real servers")
        terminalreporter.write_line("\n".join(line for _, line in figures.promises(found)))
