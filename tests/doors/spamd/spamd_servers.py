"""Asking a spamd door, a real spamd to compare with, what may stand between a client and either, and mail for them."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[3]


SITE = ROOT / "docs" / "demo" / "ndrfilter.yml"
MAIL = {name: (ROOT / "docs" / "demo" / "mail" / file).read_bytes() for name, file in {
    "backscatter": "06-exim-parcel.eml", "genuine": "01-exim-unknown-user.eml", "fake": "10-mailbox-suspended.eml",
    "letter": "11-letter.eml",
}.items()}  # fmt: skip
PATIENCE = 60.0
Place = tuple[str, int] | str


def dial(place: Place) -> socket.socket:
    """A connection to that place."""
    if isinstance(place, str):
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(PATIENCE)
        made.connect(place)
        return made
    return socket.create_connection(place, timeout=PATIENCE)


def say(place: Place, *pieces: bytes, end: bool = True) -> bytes:
    """All that is answered to these bytes; `end` half-closes behind them."""
    with dial(place) as client, contextlib.suppress(ConnectionResetError, BrokenPipeError):
        for piece in pieces:
            client.sendall(piece)
        if end:
            client.shutdown(socket.SHUT_WR)
        return _all(client)
    return b""


def _all(client: socket.socket) -> bytes:
    return b"".join(iter(lambda: client.recv(65536), b""))


def request(method: str, raw: bytes = b"", version: str = "1.5", *fields: str) -> bytes:
    """A request as spamc makes it."""
    head = [f"{method} SPAMC/{version}", *fields, f"Content-length: {len(raw)}", "", ""]
    return "\r\n".join(head).encode() + raw


PLUGINS = "loadplugin Mail::SpamAssassin::Plugin::VBounce\nloadplugin Mail::SpamAssassin::Plugin::Check\n"
VBOUNCE = Path("/usr/share/spamassassin/20_vbounce.cf")
SETTINGS = """
welcomelist_bounce_relays mail.home-postfix.test
score BOUNCE_MESSAGE 9
header RETURNED exists:X-Failed-Recipients
score RETURNED 0.1
report_safe 0
report a report
report of two lines
add_header spam Flag _YESNOCAPS_
add_header all Level _STARS(*)_
add_header all Status "_YESNO_, score=_SCORE_ required=_REQD_ tests=_TESTS_ autolearn=_AUTOLEARN_ version=_VERSION_"
"""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listening(place: Place, process: subprocess.Popen[bytes]) -> None:
    """Wait until something listens there."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, "it ended at once"
        with contextlib.suppress(OSError):
            dial(place).close()
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on {place}")


STATES = ("live", "dead", "hanging", "garbage", "cut off early", "cut off late")
GARBAGE = b"\x00\xff HTTP/1.1 400 what?\r\nSPAMD/9 nonsense\r\n\r\n"


@contextlib.contextmanager
def spamd(settings: str) -> Iterator[Place]:
    """A real spamd with VBounce's rules alone, for as long as the context lasts.

    It leaves root's rights behind, so its folder lies where everybody may read.
    """
    with tempfile.TemporaryDirectory(prefix="ndrfilter-spamd-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("rules", "site"):
            (folder / part).mkdir()
        shutil.copy(VBOUNCE, folder / "rules")
        (folder / "site" / "v.pre").write_text(PLUGINS)
        (folder / "site" / "local.cf").write_text(settings)
        place = "127.0.0.1", free_port()
        command = ["spamd", "-L", "-x", "-m", "2", "--max-conn-per-child=10000", "-i", place[0], "-p", str(place[1]),
                   "-s", "stderr", "-r", f"{folder}/pid", "-C", f"{folder}/rules", f"--siteconfigpath={folder}/site"]  # fmt: skip
        environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            listening(place, process)
            yield place
        finally:
            process.terminate()
            process.wait(PATIENCE)


class Between(NamedTuple):
    """Places through which a server is reached, as it is and in the state: over TCP and over a Unix socket."""

    tcp: Place
    unix: str


class Relay:
    """Passes clients on to a server, in the state that a client shall find it in."""

    def __init__(self, folder: Path, target: Place, state: str) -> None:
        self.target, self.state = target, state
        self.sockets = [socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX)]
        self.held: list[socket.socket] = []
        self.path = str(folder / f"{state}.sock")
        self.sockets[1].bind(self.path)
        self.place = Between(self.sockets[0].getsockname(), self.path)
        if state == "dead":
            for one in self.sockets:
                one.close()
            return
        self.sockets[1].listen(64)
        for one in self.sockets:
            threading.Thread(target=self._serve, args=(one,), daemon=True).start()

    def _serve(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        if self.state == "hanging":
            self.held.append(client)
            return
        with client, contextlib.suppress(OSError):
            asked = _all(client)
            client.sendall(GARBAGE if self.state == "garbage" else self._cut(say(self.target, asked)))

    def _cut(self, answer: bytes) -> bytes:
        """The first line and a little more; all but the last byte; or the whole."""
        early = answer.find(b"\n") + 5
        return answer[: {"live": None, "cut off early": early, "cut off late": -1}[self.state]]

    def close(self) -> None:
        """Let nobody in any more."""
        for one in [*self.sockets, *self.held]:
            with contextlib.suppress(OSError):  # also wakes the thread that accepts
                one.shutdown(socket.SHUT_RDWR)
            one.close()
