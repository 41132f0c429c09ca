"""Socket files: theirs is the mode and the owner, whatever happens in their folder meanwhile."""

import os
import stat
import subprocess
import sys

import pytest

from ndrfilter.config import from_mapping
from ndrfilter.service.sockets import Sockets

SWAPPED = """
import os, sys
from ndrfilter.config import from_mapping
from ndrfilter.service.sockets import Sockets

path, victim = sys.argv[1:]

def swap(event, _):
    if event in ("os.chown", "os.chmod"):
        os.unlink(path)
        os.symlink(victim, path)

sockets = Sockets({}, (65534, 65534))
config = from_mapping({"listen": [{"http": "unix:" + path, "mode": "0666"}]})
sys.addaudithook(swap)
sockets.open(config)
"""


@pytest.mark.parametrize("mode", ["0600", "0606", "0666"])
def test_the_mode_is_the_one_that_was_asked_for(tmp_path, mode):
    before = os.umask(0o077)
    try:
        sockets = Sockets({})
        sockets.open(from_mapping({"listen": [{"http": f"unix:{tmp_path}/s", "mode": mode}]}))
        assert stat.S_IMODE((tmp_path / "s").lstat().st_mode) == int(mode, 8)
        assert os.umask(0o077) == 0o077
        sockets.close()
    finally:
        os.umask(before)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_link_that_is_put_there_meanwhile_is_not_followed(tmp_path):
    victim = tmp_path / "shadow"
    victim.touch(0o600)
    subprocess.run([sys.executable, "-c", SWAPPED, tmp_path / "s", victim], check=True)
    found = victim.stat()
    assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (0, 0o600)
    assert (tmp_path / "s").is_symlink()
