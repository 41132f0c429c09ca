"""The mail flow, once a session: everything is sent first, all DSNs are waited for together, then judged.

And a Postfix that asks our milter, once a session too.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from bench.endtoend import figures, judge, run

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

from milter_scene import Scene

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


@pytest.fixture(scope="session")
def scene(shared):
    """Postfix with our milter; the tests start the service."""
    folder = Path(tempfile.mkdtemp(prefix="ndrfilter-milter-", dir="/tmp"))
    folder.chmod(0o755)
    made = Scene(folder, shared / "mta")
    try:
        made.postfix()
        yield made
    finally:
        made.host.close()
        shutil.rmtree(folder)


def pytest_terminal_summary(terminalreporter, config):
    """The figures, below the tests."""
    found = config.stash.get(ROWS, [])
    if found:
        terminalreporter.section("DSNs by real servers")
        terminalreporter.write_line("\n".join(line for _, line in figures.promises(found)))
