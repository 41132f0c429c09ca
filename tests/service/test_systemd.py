"""What a service manager hands over and is told: sockets, sd_notify, the watchdog; and the unit that we ship."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time

import pytest
from service_process import Serving
from service_setup import ROOT, ask, refused

_LAUNCHER = """
import os, socket, sys
held = socket.create_server(("127.0.0.1", int(sys.argv[1])))
os.dup2(held.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES=sys.argv[2])
os.execv(sys.executable, [sys.executable, *sys.argv[3:]])
"""


INSTALLED = "/opt/ndrfilter/bin/ndrfilter"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def launched(serving: Serving, port: int, name: str) -> Serving:
    serving.command[1:1] = ["-c", _LAUNCHER, str(port), name]
    return serving


def test_a_socket_that_is_handed_over(setup):
    port = free_port()
    setup.write("listen: [{http: 'systemd:web'}]\nservice: {workers: 1}\n")
    with launched(Serving(setup.path), port, "web") as serving:
        serving.place["http"] = ("127.0.0.1", port)
        assert ask(serving)["verdict"]
        assert "ndrfilter: listening: http on systemd:web" in serving.lines
        serving.process.send_signal(signal.SIGHUP)
        serving.wait_for("reloaded: generation 2")
        assert ask(serving)["verdict"]


def test_a_socket_for_somebody_else(setup):
    setup.write("listen: [{http: 'systemd:web'}]\nservice: {workers: 1} # user:\n")
    assert 'no socket named "web" was handed over' in refused(
        setup.path, "--user", "root", env={"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web"}
    )


def test_another_name_than_the_configuration_wants(setup):
    setup.write("listen: [{http: 'systemd:web'}]\nservice: {workers: 1}\n")
    serving = launched(Serving(setup.path), free_port(), "mail")
    done = subprocess.run(serving.command, capture_output=True, text=True, cwd=ROOT, env=serving.env)
    assert done.returncode == 2
    assert 'no socket named "web" was handed over' in done.stderr
    assert "handed over were: mail" in done.stderr


class Manager:
    """Takes what a service says of itself."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address.replace("@", "\0", 1))
        self.socket.settimeout(30)

    def hears(self, word: str) -> dict[str, str]:
        """The next message with that variable."""
        while True:
            words = dict(line.split("=", 1) for line in self.socket.recv(4096).decode().split("\n"))
            if word in words:
                return words


@pytest.mark.parametrize("abstract", [False, True])
def test_the_manager_is_told(setup, abstract):
    address = f"@ndrfilter-test-{time.monotonic_ns()}" if abstract else str(setup.folder / "notify")
    manager = Manager(address)
    with Serving(setup.path, "http=127.0.0.1:0", env={"NOTIFY_SOCKET": address}) as serving:
        assert manager.hears("READY")["STATUS"].startswith("generation 1 serves since ")
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        setup.rule(2.0)
        serving.process.send_signal(signal.SIGHUP)
        told = manager.hears("RELOADING")
        assert before <= int(told["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        assert manager.hears("READY")["STATUS"].startswith("generation 2 serves since ")
        (setup.folder / "rules" / "probe.ndr").write_text("language 1\nnonsense\n")
        serving.process.send_signal(signal.SIGHUP)
        assert "the old configuration serves: a mistake in" in manager.hears("READY")["STATUS"]
        serving.process.send_signal(signal.SIGTERM)
        assert manager.hears("STOPPING")
        assert serving.process.wait(30) == 0


def test_the_watchdog_is_petted_while_workers_serve(setup):
    manager = Manager(str(setup.folder / "notify"))
    told = {"NOTIFY_SOCKET": str(setup.folder / "notify"), "WATCHDOG_USEC": "400000"}
    with Serving(setup.path, "http=127.0.0.1:0", env=told):
        assert manager.hears("WATCHDOG") == {"WATCHDOG": "1"}
        assert manager.hears("WATCHDOG")


@pytest.mark.client("systemd-analyze")
def test_the_unit_is_sound(tmp_path):
    folder = ROOT / "contrib" / "systemd"
    unit = (folder / "ndrfilter.service").read_text()
    assert f"ExecStart={INSTALLED} serve\n" in unit
    (tmp_path / "ndrfilter.service").write_text(unit.replace(INSTALLED, shutil.which("true") or ""))
    shutil.copy(folder / "ndrfilter.socket", tmp_path)
    command = ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def settings(unit: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in unit.splitlines() if "=" in line and not line.startswith("#"))


def test_what_the_units_agree_on():
    """systemd sets owner and mode of these folders at each start of either: one would take them from the other."""
    ours = settings((ROOT / "contrib" / "systemd" / "ndrfilter.service").read_text())
    page = (ROOT / "docs" / "evidence" / "sent_follow.md").read_text()
    follower = settings(page.partition("```ini")[2].partition("```")[0])
    for key in ("User", "StateDirectory", "StateDirectoryMode"):
        assert ours[key] == follower[key]
    assert ours["ExecStart"].split()[0] == follower["ExecStart"].split()[0] == INSTALLED
    assert "CacheDirectory" not in ours  # compiled rules are believed only in a folder of root's
