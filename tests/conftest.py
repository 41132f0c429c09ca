"""What all tests share: where the outside data lies, which programs a test needs, and the promise of a full run.

`@pytest.mark.shared("corpus", …)` needs those folders of $NDRFILTER_SHARED, `@pytest.mark.client("maildrop", …)` those
programs, `@pytest.mark.mta` the mail servers of $NDRFILTER_SHARED/mta, installed, and root. Without them a test is
skipped and says why. With NDRFILTER_REQUIRE=1 such a skip is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]
sys.path += [str(ROOT), str(ROOT / "tests")]  # for what the tests share with bench/ and with each other
# A busy machine is no failure.
settings.register_profile("ndrfilter", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ndrfilter")
REQUIRE = os.environ.get("NDRFILTER_REQUIRE", "") not in ("", "0")


def shared_root() -> Path | None:
    """The folder of outside data, or None where there is none."""
    named = os.environ.get("NDRFILTER_SHARED")
    return Path(named) if named and Path(named).is_dir() else None


def missing_for(item: pytest.Item) -> str:
    """Why that test cannot run here; empty if it can."""
    for mark in item.iter_markers("shared"):
        shared = shared_root()
        if shared is None:
            return "$NDRFILTER_SHARED names no folder of outside data"
        for part in mark.args:
            if not (shared / part).exists():
                return f"{part} is missing in $NDRFILTER_SHARED"
    for mark in item.iter_markers("client"):
        for program in mark.args:
            if shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/lib/dovecot") is None:
                return f"{program} is not installed"
    return no_servers() if item.get_closest_marker("mta") else ""


@pytest.fixture(autouse=True, scope="session")
def _state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing that a test remembers goes into the machine's own state; processes find the shipped rules compiled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NDRFILTER_STATE", str(tmp_path_factory.mktemp("state")))
        patch.setenv("NDRFILTER_CACHE", str(tmp_path_factory.mktemp("cache")))
        compiled = [sys.executable, "-m", "ndrfilter", "-c", "docs/demo/ndrfilter.yml", "compile"]
        subprocess.run(compiled, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        yield


@lru_cache
def no_servers() -> str:
    """Why real mail servers cannot run here; empty if they can."""
    from bench.endtoend.network import obstacle

    shared = shared_root()
    return obstacle(shared / "mta") if shared else "$NDRFILTER_SHARED names no folder of outside data"


def pytest_runtest_setup(item: pytest.Item) -> None:
    reason = missing_for(item)
    if reason:
        pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    marked = any(item.get_closest_marker(name) for name in ("client", "shared", "mta"))
    if REQUIRE and marked and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, though NDRFILTER_REQUIRE is set: {call.excinfo.value if call.excinfo else ''}"
    return report


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of outside data; for tests marked `shared`."""
    found = shared_root()
    assert found is not None
    return found
