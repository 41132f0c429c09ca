"""A real Chromium without a window, driven through its debugging pipe; what it asks of the network is seen."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import socket
import subprocess
import threading
import time
from pathlib import Path

PATIENCE = 60.0
_QUIET = (
    "--headless=new", "--hide-scrollbars", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-extensions",
    "--disable-domain-reliability", "--disable-breakpad", "--metrics-recording-only", "--no-pings",
    "--remote-debugging-pipe", "--disable-dev-shm-usage", "--proxy-bypass-list=<-loopback>",
)  # fmt: skip


class Listener:
    """A proxy that answers nobody and remembers who asked."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.asked: list[str] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            with client:
                client.settimeout(PATIENCE)
                self.asked.append(client.recv(4_096).decode("latin-1").partition("\r\n")[0])
                client.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def close(self) -> None:
        self._socket.close()


class Browser:
    """One page of one browser; `events` are those that came, with the name and what they told."""

    def __init__(self, folder: Path, listener: Listener) -> None:
        self._in, theirs_out = os.pipe()
        theirs_in, self._out = os.pipe()
        # Chromium reads from descriptor 3 and writes to 4; ours are moved out of the way of these first.
        theirs = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 60) for descriptor in (theirs_in, theirs_out)]

        def place() -> None:
            os.dup2(theirs[0], 3)
            os.dup2(theirs[1], 4)

        self._process = subprocess.Popen(
            ["chromium", *_QUIET, f"--proxy-server=http://127.0.0.1:{listener.port}", f"--user-data-dir={folder}", "about:blank"],
            preexec_fn=place, pass_fds=(3, 4), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=os.environ | {"HOME": str(folder)}, start_new_session=True,
        )  # fmt: skip
        for descriptor in (theirs_in, theirs_out, *theirs):
            os.close(descriptor)
        self._buffer = b""
        self._number = 0
        self.events: list[tuple[str, dict]] = []
        self._session = ""
        targets = self.ask("Target.getTargets")["targetInfos"]
        target = next(one["targetId"] for one in targets if one["type"] == "page")
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for part in ("Page", "Network", "Log"):
            self.ask(f"{part}.enable")

    def ask(self, method: str, **params) -> dict:
        """The answer to a command of the DevTools protocol."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == self._number:
                assert "error" not in told, told
                return told["result"]

    def _next(self) -> dict:
        until = time.monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(0.0, until - time.monotonic()))
            assert ready, "the browser says nothing"
            got = os.read(self._in, 1 << 20)
            assert got, "the browser is gone"
            self._buffer += got
        line, _, self._buffer = self._buffer.partition(b"\0")
        told = json.loads(line)
        if "method" in told:
            self.events.append((told["method"], told.get("params", {})))
        return told

    def show(self, path: Path, width: int, *, dark: bool = False, script: bool = False) -> None:
        """Open that file in a window so wide, and wait until it and all it asks for is there."""
        self.ask("Emulation.setScriptExecutionDisabled", value=not script)
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", media="", features=[scheme])
        self.events.clear()
        self.ask("Page.navigate", url=path.as_uri())
        while not any(name == "Page.loadEventFired" for name, _ in self.events):
            self._next()

    def requests(self) -> list[str]:
        """What the page asked for since it was opened, itself included."""
        return [told["request"]["url"] for name, told in self.events if name == "Network.requestWillBeSent"]

    def size(self) -> tuple[int, int]:
        """How wide and how high the page is, in CSS pixels."""
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        return size["width"], size["height"]

    def picture(self) -> bytes:
        """The whole page as PNG."""
        wide, high = self.size()
        clip = {"x": 0, "y": 0, "width": wide, "height": high, "scale": 1}
        return base64.b64decode(self.ask("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)["data"])

    def printed(self) -> bytes:
        """The page as PDF on A4."""
        return base64.b64decode(self.ask("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)["data"])

    def tree(self) -> list[dict]:
        """The page as those hear it who do not see it."""
        return self.ask("Accessibility.getFullAXTree")["nodes"]

    def close(self) -> None:
        os.killpg(self._process.pid, 9)
        self._process.wait()
        os.close(self._in)
        os.close(self._out)
