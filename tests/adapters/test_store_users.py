"""Which users may use a store, and where its folder is by default."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from stored import ROOT, on_disk, run

from ndrfilter.adapters.state import default_folder

AS_NOBODY = """
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
"""
READER = """
from ndrfilter.errors import TemporaryError
try:
    print(store.mark("a"))
except TemporaryError as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
class TestOtherUsers:
    def told(self, folder, before=AS_NOBODY):
        warm = "import sqlite3, hashlib\nimport ndrfilter.errors\n"
        told, trouble = run(warm + before + READER, folder).communicate()
        assert trouble == b""
        return told.decode().strip()

    @pytest.fixture
    def folder(self):
        import tempfile

        with tempfile.TemporaryDirectory(dir="/tmp") as name:
            Path(name).chmod(0o755)
            yield Path(name) / "state"

    def test_a_user_without_the_right_to_write_is_told_how_to_get_it(self, folder):
        on_disk(folder).set_mark("a", "x")
        folder.chmod(0o755)
        assert "chgrp GROUP" in self.told(folder)

    def test_a_member_of_the_group_shares_what_is_there(self, folder):
        folder.mkdir()
        os.chown(folder, 0, 4242)
        folder.chmod(0o2770)
        on_disk(folder).set_mark("a", "shared")
        member = "os.setgroups([4242])\nos.setgid(65534)\nos.setuid(65534)\n"
        assert self.told(folder, member) == "shared"
        assert self.told(folder, member + "store.set_mark('a', 'mine')\n") == "mine"
        assert on_disk(folder).mark("a") == "mine"

    def test_what_root_makes_in_a_users_folder_is_the_users(self, folder):
        folder.mkdir(mode=0o700)
        os.chown(folder, 65534, 65534)
        on_disk(folder).set_mark("a", "x")
        assert self.told(folder) == "x"
        assert {path.stat().st_uid for path in folder.iterdir()} == {65534}

    def test_a_strangers_folder_is_not_used(self, folder):
        folder.mkdir()
        os.chown(folder, 4242, 4242)
        folder.chmod(0o755)
        assert "belongs to somebody else" in self.told(folder)


def test_where_the_folder_is_by_default():
    assert default_folder({}) == Path("/var/lib/ndrfilter") or os.geteuid() != 0
    program = f"{AS_NOBODY if os.geteuid() == 0 else ''}\nfrom ndrfilter.adapters.state import default_folder\n"
    program += "print(default_folder({'XDG_STATE_HOME': '/x'}), default_folder({'HOME': '/h'}))"
    system = Path("/var/lib/ndrfilter")
    if system.exists() and system.stat().st_mode & 0o5 == 0o5:
        pytest.skip("this machine has a system folder that everybody may read")
    told = subprocess.run(
        [sys.executable, "-c", f"import os\nfrom pathlib import Path\nimport ndrfilter.adapters.state\n{program}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["/x/ndrfilter", "/h/.local/state/ndrfilter"]
