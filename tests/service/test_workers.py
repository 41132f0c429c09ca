"""Workers that are killed, hang, or lose their supervisor; and clients that are more than files."""

from __future__ import annotations

import http.client
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from service_process import Serving
from service_setup import ROOT, alive, ask, until, workers

_IMPATIENT = """
import sys
from ndrfilter.doors import serve
from ndrfilter.service import start
from ndrfilter.service.crew import Pace

start.serve.__defaults__ = (Pace(heartbeat=1.5),)
from ndrfilter.cli import main
sys.exit(main(sys.argv[1:]))
"""


def _gone(pid: int) -> bool:
    return not alive(pid)


def test_a_killed_worker_is_replaced_and_others_answer_meanwhile(serving):
    before = workers(serving)
    assert len(before) == 2
    os.kill(before[0], signal.SIGKILL)
    assert ask(serving)["verdict"]
    serving.wait_for(rf"worker {before[0]} was killed by SIGKILL")
    now = until(lambda: (found := set(workers(serving))) and len(found) == 2 and found != set(before) and found)
    assert before[1] in now


def test_who_tries_again_is_served_while_workers_are_killed(serving):
    stop, answered, failed = threading.Event(), [], []

    def client() -> None:
        while not stop.is_set():
            try:
                answered.append(ask(serving)["verdict"])
            except (OSError, http.client.HTTPException):
                failed.append(1)

    thread = threading.Thread(target=client)
    thread.start()
    for _ in range(6):
        target = until(lambda: workers(serving))[0]
        os.kill(target, signal.SIGKILL)
        count = len(answered)
        until(lambda target=target, count=count: not alive(target) and len(answered) > count + 2)
    stop.set()
    thread.join()
    assert len(failed) <= 6  # at most the one request that the killed worker had
    assert set(answered) == {answered[0]}


def test_all_workers_killed_at_once_leave_nobody_unanswered(serving):
    """Who connects while nobody serves waits in the socket, which the supervisor holds."""
    for pid in workers(serving):
        os.kill(pid, signal.SIGKILL)
    assert ask(serving)["verdict"]


def test_a_worker_that_hangs_is_replaced(setup):
    script = setup.folder / "impatient.py"
    script.write_text(_IMPATIENT)
    serving = Serving(setup.path, "http=127.0.0.1:0", env={"PYTHONPATH": str(ROOT)})
    serving.command[1:3] = [str(script)]
    with serving:
        stuck = workers(serving)[0]
        os.kill(stuck, signal.SIGSTOP)
        serving.wait_for(rf"worker {stuck} gave no sign of life")
        serving.wait_for(rf"worker {stuck} was killed by SIGKILL; replacing it")
        until(lambda: len(workers(serving)) == 2)
        assert ask(serving)["verdict"]


def test_workers_leave_when_the_supervisor_is_killed(serving):
    left = workers(serving)
    serving.process.kill()
    until(lambda: all(map(_gone, left)))
    with socket.create_server(serving.place["http"]):
        pass


def test_workers_that_cannot_start_are_tried_more_and_more_slowly(setup):
    script = setup.folder / "failing.py"
    script.write_text(
        _IMPATIENT.replace(
            "from ndrfilter.cli", "from ndrfilter.service import generation\n"
            "generation.room = lambda: 1 / 0\nfrom ndrfilter.cli"
        )
    )  # fmt: skip
    command = [sys.executable, str(script), "-c", str(setup.path), "serve", "--listen", "http=127.0.0.1:0"]
    command += ["--workers", "1", *(["--user", "root"] if os.geteuid() == 0 else [])]
    delays = []
    with subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True
    ) as it:
        for line in it.stderr:
            if "another one " in line:
                delays.append(line.rpartition("another one ")[2].strip())
            if len(delays) == 5:
                break
        it.terminate()
        it.stderr.read()
    assert delays == ["at once", "at once", "in 0.1 s", "in 0.2 s", "in 0.4 s"]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files by /proc")
def test_a_few_files_serve_many_clients(setup):
    """Those who are silent are turned away in time; none of 200 makes the service fall over."""
    setup.write("service: {workers: 1}\n")
    serving = Serving(setup.path, "http=127.0.0.1:0")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    serving.command = ["sh", "-c", 'ulimit -n 64; exec "$@"', "sh", *serving.command]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 1024), hard))
    with serving:
        silent = [socket.create_connection(serving.place["http"]) for _ in range(200)]
        assert [ask(serving)["verdict"] for _ in range(3)]
        assert len(workers(serving)) == 1
        for one in silent:
            one.close()
        assert ask(serving)["verdict"]


def test_new_workers_that_never_serve_are_given_up(setup):
    flag, script = setup.folder / "flag", setup.folder / "failing.py"
    script.write_text(
        _IMPATIENT.replace("heartbeat=1.5", "start=1.5").replace(
            "from ndrfilter.cli",
            "from pathlib import Path\nfrom ndrfilter.service import generation\n"
            f"generation.room = lambda: 1 / 0 if Path({str(flag)!r}).exists() else 100\nfrom ndrfilter.cli",
        )
    )
    serving = Serving(setup.path, "http=127.0.0.1:0", env={"PYTHONPATH": str(ROOT)})
    serving.command[1:3] = [str(script)]
    with serving:
        before = set(workers(serving))
        flag.touch()
        serving.process.send_signal(signal.SIGHUP)
        serving.wait_for("the new workers were not ready within 1.5 s")
        assert ask(serving)["verdict"]
        until(lambda: set(workers(serving)) == before)
        flag.unlink()

        def reloaded() -> bool:  # within 1.5 s, which a busy machine may need more than once
            serving.process.send_signal(signal.SIGHUP)
            return "serves" in serving.wait_for(r"reloaded: generation \d+ serves|reload refused")

        until(reloaded)
