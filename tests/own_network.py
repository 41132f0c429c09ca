"""A network namespace of a test's own: nothing listens there, and nobody else comes in."""

from __future__ import annotations

import subprocess


def own_network() -> subprocess.Popen[bytes]:
    """A process in a new network whose loopback is up; `nsenter --target PID --net` goes in. Kill it at the end."""
    command = "ip link set lo up && echo up && exec sleep infinity"
    process = subprocess.Popen(["unshare", "--net", "sh", "-c", command], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n", "no network of our own"  # before, nsenter would stay outside
    return process
