"""The mail flow itself, run once inside the namespaces: everything is sent, then all DSNs are waited for.

    python -m bench.endtoend.flow HARNESS BOXES OUT        (as `run.flow` starts it)

BOXES is where the servers live while it lasts. OUT gets the DSNs as they lay in the mailbox, `manifest.json` with what
each is about, `maillog`, and the letters as they left their author's machine (`sent/`).
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import re
import shutil
import smtplib
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from bench.endtoend import letters, network
from bench.endtoend.letters import ALICE, BOB, Letter
from ndrfilter import Envelope, Filter

ROOT = Path(__file__).resolve().parents[2]
EVIDENCE = ROOT / "tests" / "cases" / "evidence"
SIGNED = (b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type", b"references")
_PATIENCE = 90.0
_DAY = 86_400
_ABOUT = re.compile(rb"^Final-Recipient: *[^;\n]+; *(u[0-9]{3})[@-]", re.M | re.I)


def settings(plugin: str) -> dict[str, object]:
    """The section of that plugin in the configuration that has all of them."""
    config = yaml.safe_load((EVIDENCE / "sources" / "all.yml").read_text(encoding="utf-8"))
    return next(item[plugin] for item in config["plugins"] if isinstance(item, dict) and plugin in item)


def ndrfilter(*words: str, given: bytes = b"") -> bytes:
    """Run the real command; what it wrote. Raises CalledProcessError."""
    command = [sys.executable, "-m", "ndrfilter", "-c", str(EVIDENCE / "sources" / "all.yml"), *words]
    return subprocess.run(command, input=given, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout


def stamped(letter: Letter, raw: bytes) -> bytes:
    """The message with our marks. Raises ValueError where it has none: the command lets mail through at any price."""
    command = ("filter", "--outbound", "--max-seconds", "60", "--sender", ALICE, "--recipient", letter.recipient)
    made = ndrfilter(*command, given=raw)
    if b"X-NDR-Token: k1-" not in made:
        raise ValueError(f"{letter.id} was not stamped")
    return made


def signed(letter: Letter, raw: bytes) -> bytes:
    """The message with a DKIM signature, after the stamp: RSA or Ed25519, the body relaxed or simple."""
    import dkim

    number = int(letter.id[1:])
    rsa = number % 2 == 0
    key = (EVIDENCE / ("rsa.pem" if rsa else "ed25519.key")).read_bytes()
    return (
        raw_field(
            dkim.sign(
                raw,
                b"rsa2026" if rsa else b"ed2026",
                b"home-postfix.test",
                key if rsa else key.strip(),
                canonicalize=(b"relaxed", b"simple" if number % 3 == 0 else b"relaxed"),
                signature_algorithm=b"rsa-sha256" if rsa else b"ed25519-sha256",
                include_headers=[name for name in SIGNED if b"\r\n" + name + b":" in b"\r\n" + raw.lower()],
            )
        )
        + raw
    )


def raw_field(field: bytes) -> bytes:
    """The field as it stands in a message: folded lines end with CRLF."""
    return field.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def tag_of_ours() -> str:
    """Alice's address as the plugin tags it."""
    raw = f"From: {ALICE}\r\n\r\n".encode()
    judge = Filter.from_config(EVIDENCE / "sources" / "batv.yml")
    envelope = Envelope(sender=ALICE, recipients=("bob@partner.test",))
    return next(stamp.sender for name, stamp in judge.stamps(raw, envelope) if name == "batv") or ""


def rewritten(address: str, now: float) -> str:
    """The address as postsrsd rewrites it for whom it forwards."""
    local, _, domain = address.partition("@")
    letters32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    day = int(now // _DAY) % 1024
    stamp = letters32[day >> 5] + letters32[day & 31]
    secret = str(settings("srs")["secrets"][0]).encode()  # type: ignore[index]
    digest = hmac.digest(secret, f"{stamp}{domain}{local}".lower().encode(), "sha1")
    return f"SRS0={base64.b64encode(digest).decode()[:4]}={stamp}={domain}={local}@home-postfix.test"


class Flow:
    """One run: what was sent, by whom, and what came back."""

    def __init__(self, servers: network.Servers, out: Path) -> None:
        self._servers = servers
        self._out = out
        keys: dict[str, str] = settings("batv")["keys"]  # type: ignore[assignment]
        self._tags = (servers.exim_tag(ALICE, keys["0"], "0"), tag_of_ours())
        self._forwarder = rewritten("carol@partner.test", time.time())
        self.rows: list[dict[str, object]] = []

    def send_all(self) -> None:
        """Prepare and send every letter."""
        matrix = letters.letters()
        with ThreadPoolExecutor(2) as pool:
            prepared = dict(zip(matrix, pool.map(self._prepared, matrix), strict=True))
        (self._out / "sent").mkdir()
        for letter, made in prepared.items():
            raw = prepared[letters.played(letter)] if letter.kind == "replayed" else made
            (self._out / "sent" / f"{letter.id}.eml").write_bytes(raw)
            sender = self._sender(letter)
            self._transmit(letter, sender, raw)
            self.rows.append(
                {name: getattr(letter, name) for name in Letter.__slots__} | {"sender": sender, "time": time.time()}
            )

    def _prepared(self, letter: Letter) -> bytes:
        raw = letters.compose(letter)
        if letter.kind != "own":
            return raw
        return signed(letter, stamped(letter, raw))

    def _sender(self, letter: Letter) -> str:
        """The envelope sender: tagged by Exim or by ourselves, rewritten, or as the forger says."""
        if letter.kind == "own":
            return self._tags[int(letter.id[1:]) // 2 % 2]
        if letter.kind == "forwarded":
            return self._forwarder
        if letter.kind == "replayed":
            return BOB
        return letters.SECRET_TAG if letter.shape == "tag-garbage" else ALICE

    def _transmit(self, letter: Letter, sender: str, raw: bytes) -> None:
        ours = letter.kind in ("own", "forwarded")
        source, place = (network.LAPTOP, network.HOME) if ours else (network.STRANGER, network.FOREIGN[letter.server])
        name = "mail.home-postfix.test" if letter.shape == "relay-helo" else network.HOSTS[source]
        options = [f"RET={letter.ret}", "BODY=8BITMIME", *(["SMTPUTF8"] if letter.utf8 else [])]
        with smtplib.SMTP(*place, local_hostname=name, source_address=(source, 0), timeout=30) as client:
            client.sendmail(sender, [letter.recipient], raw, options, ["NOTIFY=FAILURE"])

    def collect(self) -> None:
        """Wait for a DSN about each letter, and keep them."""
        found: dict[str, Path] = {}
        seen: set[Path] = set()
        end = time.monotonic() + _PATIENCE
        while len(found) < len(self.rows) and time.monotonic() < end:
            time.sleep(0.3)
            for path in set(self._servers.mailbox.glob("*")) - seen:
                seen.add(path)
                about = _ABOUT.search(path.read_bytes())
                if about:
                    found.setdefault(about[1].decode(), path)
        for row in self.rows:
            path = found.get(str(row["id"]))
            row["file"] = f"{row['id']}.eml" if path else ""
            if path:
                shutil.copyfile(path, self._out / f"{row['id']}.eml")

    def finish(self, began: float) -> None:
        """Write down what happened."""
        shutil.copyfile(self._servers.maillog, self._out / "maillog")
        report = {"seconds": round(time.monotonic() - began, 1), "tags": self._tags, "letters": self.rows}
        (self._out / "manifest.json").write_text(json.dumps(report, indent=1), encoding="utf-8")


def main(harness: str, boxes: str, out: str) -> int:
    """Run it all; the servers end with the namespaces, whatever happens."""
    began = time.monotonic()
    os.environ["NDRFILTER_CACHE"] = f"{out}/cache"
    ndrfilter("compile")
    servers = network.Servers(Path(harness), Path(boxes) / "servers")
    servers.start()
    flow = Flow(servers, Path(out))
    flow.send_all()
    flow.collect()
    servers.stop()
    flow.finish(began)
    return 0


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(*sys.argv[1:4]))
