"""A private rspamd with Debian's configuration and our plugin, installed as the page says; and what stands behind it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "service" / "rspamd.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(?:\w+) (?P<file>[^\n]+)\n(?P<text>.*?)^```$", re.M | re.S)
BLOCKS = {match["file"]: match["text"] for match in BLOCK.finditer(PAGE)}
INSTALLED = Path("/etc/rspamd")
PATIENCE = 60.0  # seconds

# What would ask the network, and a list of names that takes long to read; and time for a busy machine.
_QUIET = """
task_timeout = 60s;
dns { nameserver = ["127.0.0.1:1"]; timeout = 0.05s; retransmits = 1; }
url_tld = "%s";
"""


class Relay:
    """Stands where the plugin asks: passes on to ndrfilter, or misbehaves. Counts who came."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.reply: bytes | None = None  # instead of ndrfilter's; b"" hangs
        self.asked = 0
        self.heard = b""  # of the last request, its beginning
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._hanging: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self.asked += 1
                threading.Thread(target=self._answer, args=(client, self.reply), daemon=True).start()

    def _answer(self, client: socket.socket, reply: bytes | None) -> None:
        if reply == b"":
            self._hanging.append(client)
            return
        with contextlib.suppress(OSError), client:
            self.heard = client.recv(65_536, socket.MSG_PEEK)
            if reply is None:
                self._pass_on(client)
            else:
                client.recv(65_536)
                client.sendall(reply)
                client.shutdown(socket.SHUT_WR)
                while client.recv(65_536):
                    pass

    def _pass_on(self, client: socket.socket) -> None:
        with socket.create_connection(self.target) as server:
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join()

    def close(self) -> None:
        """Nobody is there any more."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for client in self._hanging:
            client.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


class Rspamd:
    """A running rspamd; a context manager."""

    def __init__(self, folder: Path, settings: str, scores: str = "") -> None:
        """`settings` and `scores` are what stands in local.d/ndrfilter.conf and local.d/ndrfilter_group.conf."""
        self.conf = folder / "rspamd"
        self.log = folder / "log"
        folder.mkdir(exist_ok=True)
        shutil.copytree(INSTALLED, self.conf)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        local = self.conf / "local.d"
        local.mkdir(exist_ok=True)
        for module in (self.conf / "modules.d").glob("*.conf"):
            (local / module.name).write_text("enabled = false;\n")
        (folder / "names.dat").write_text("com\ntest\nexample\n")
        (local / "options.inc").write_text(_QUIET % (folder / "names.dat"))
        (local / "logging.inc").write_text('type = "console";\n')
        for worker in ("controller", "proxy"):
            (local / f"worker-{worker}.inc").write_text("enabled = false;\n")
        (local / "worker-normal.inc").write_text(f'bind_socket = "127.0.0.1:{self.port}";\ncount = 1;\n')
        places = {"CONFDIR": self.conf, "LOCAL_CONFDIR": self.conf, "DBDIR": folder, "RUNDIR": folder, "LOGDIR": folder}
        self._options = [f"--var={name}={place}" for name, place in places.items()]
        self._install()
        (local / "ndrfilter.conf").write_text(settings)
        (local / "ndrfilter_group.conf").write_text(scores)

    def _install(self) -> None:
        """As the page says, but for the last two lines, which are about the machine's own rspamd."""
        lines = BLOCKS["install"].replace("/etc/rspamd", str(self.conf)).splitlines()
        assert [line.split()[0] for line in lines[-2:]] == ["rspamadm", "systemctl"]
        subprocess.run(["sh", "-e"], input="\n".join(lines[:-2]), text=True, check=True, cwd=ROOT)

    def configtest(self) -> str:
        """What `rspamadm configtest` says."""
        command = ["rspamadm", *self._options, "configtest", "-c", str(self.conf / "rspamd.conf")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def __enter__(self) -> Rspamd:
        privileged = ["-i", "-u", "root", "-g", "root"] if os.geteuid() == 0 else []
        command = ["rspamd", "-f", *privileged, *self._options, "-c", str(self.conf / "rspamd.conf")]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as probe:
                probe.sendall(b"GET /ping HTTP/1.0\r\n\r\n")
                if probe.recv(100):
                    return self
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(self.log.read_text(errors="replace")[-2_000:])
            time.sleep(0.1)

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)

    def check(self, raw: bytes, *options: str, recipient: str = "alice@home-postfix.test") -> dict:
        """The reply of `rspamc --json` for that message."""
        command = ["rspamc", "-h", f"127.0.0.1:{self.port}", "--json", "-r", recipient, *options]
        done = subprocess.run(command, input=raw, capture_output=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


def ndr(reply: dict) -> dict[str, float]:
    """Our symbols in a reply, with their scores."""
    return {name: one["score"] for name, one in reply["symbols"].items() if name.startswith("NDR_")}
