"""spamc in all its modes finds our door as it finds a real spamd, whatever state the server is in.

Both servers are reached through the same kind of relay. What may differ is scores, names of rules, reports and the
fields that a filter adds; `Seen` shows what becomes of these before they are compared.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest
from service_process import Serving
from spamd_servers import MAIL, SITE, STATES, Between

pytestmark = pytest.mark.client("spamc", "spamd")

MODES = {
    "process": [], "check": ["-c"], "check, exit code": ["-c", "-E"], "report spam": ["-r"], "report": ["-R"],
    "report, exit code": ["-R", "-E"], "symbols": ["-y"], "symbols, exit code": ["-y", "-E"], "exit code": ["-E"],
    "no fallback": ["-x"], "no fallback, exit code": ["-x", "-E"], "no fallback, tempfail": ["-x", "-X"],
    "no fallback, check": ["-x", "-c"], "no fallback, report": ["-x", "-R"], "no fallback, symbols": ["-x", "-y"],
    "header": ["--headers"], "header, no fallback": ["--headers", "-x"], "too large": ["-s", "500"],
    "too large, no fallback": ["-s", "500", "-x"], "too large, check": ["-s", "500", "-c"], "user": ["-u", "alice"],
    "recipient": ["-u", "alice@home-postfix.test"], "unix socket": ["-U"], "unix socket, check": ["-U", "-c"],
    "learn spam": ["-L", "spam"], "learn ham": ["-L", "ham"], "forget": ["-L", "forget"], "report it": ["-C", "report"],
    "revoke": ["-C", "revoke"], "ping": ["-K"], "ping, no fallback": ["-K", "-x"], "compressed": ["-z"],
    "compressed, no fallback": ["-z", "-x"], "retries": ["--filter-retries=2", "--filter-retry-sleep=0"],
    "randomised": ["-H"], "pipe": ["-e", "/bin/cat"],
}  # fmt: skip
PATIENCE = 60
_REPORT = re.compile(rb"(?:a report\n|ndrfilter: ).*", re.S)
_SCORE = re.compile(rb"-?\d+\.\d/\d+\.\d\n((?:a report\n|ndrfilter: ).*)?\Z", re.S)
_MARKS = re.compile(rb"^X-(?:Spam|NDR)-[!-9;-~]*:[^\n]*\n(?:[ \t][^\n]*\n)*", re.M)


class Seen(NamedTuple):
    """What spamc left behind."""

    code: int
    out: bytes


def started(flags: list[str], place: Between, state: str, file: Path) -> subprocess.Popen[bytes]:
    patience = "1" if state == "hanging" else str(PATIENCE)
    where = [] if "-U" in flags else ["-d", place.tcp[0], "-p", str(place.tcp[1])]
    flags = [word for flag in flags for word in ((flag, place.unix) if flag == "-U" else (flag,))]
    command = ["spamc", "-F", "/dev/null", *where, "-t", patience, "--connect-retries=1", *flags]
    with file.open("rb") as message:
        return subprocess.Popen(command, stdin=message, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def seen(spamc: subprocess.Popen[bytes], raw: bytes) -> Seen:
    out, _ = spamc.communicate(timeout=2 * PATIENCE)
    return Seen(spamc.returncode, normal(out, raw))


def normal(out: bytes, raw: bytes) -> bytes:
    """The output with what may differ replaced by words for it."""
    if out == raw:
        return b"UNCHANGED"
    if _MARKS.sub(b"", out) == raw:
        return b"MARKED " + b" ".join(re.findall(rb"^X-Spam-(?:Flag: \S+|Status: \S+)", out, re.M))
    if re.fullmatch(rb"[A-Z][A-Z0-9_]*(?:,[A-Z][A-Z0-9_]*)*", out):
        return b"NAMES"
    if _REPORT.fullmatch(out):
        return b"REPORT"
    return _SCORE.sub(lambda score: b"SCORE" + (b" REPORT" if score[1] else b""), out)


def compared(raw: bytes, pairs: dict[str, list[subprocess.Popen[bytes]]]) -> dict[str, list[Seen]]:
    """What differs between the two of a pair; all is printed."""
    both = {name: [seen(spamc, raw) for spamc in pair] for name, pair in pairs.items()}
    for name, (by_us, by_spamd) in both.items():
        print(f"{name:24} {by_us}{'' if by_us == by_spamd else f' but {by_spamd}'}")
    return {name: pair for name, pair in both.items() if pair[0] != pair[1]}


@pytest.mark.parametrize(
    ("state", "kind"),
    [(state, kind) for state in STATES for kind in ("backscatter", "letter")] + [("live", "genuine")],
)
def test_finds_our_door_as_it_finds_spamd(state, kind, ours, theirs, between, tmp_path):
    raw, file = MAIL[kind], tmp_path / "message"
    file.write_bytes(raw)
    places = between(ours, state), between(theirs, state)
    running = {name: [started(flags, place, state, file) for place in places] for name, flags in MODES.items()}
    assert compared(raw, running) == {}


@pytest.mark.client("openssl")
def test_finds_it_over_tls_as_it_finds_spamd_without(theirs):
    """A spamd that speaks TLS breaks off now and then, with many clients; and `spamc -S -K` fails by itself."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    with tempfile.TemporaryDirectory(prefix="ndrfilter-tls-", dir="/tmp") as name:
        folder = Path(name)
        key, certificate = folder / "key.pem", folder / "cert.pem"
        subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
        config, file = folder / "ndrfilter.yml", folder / "message"
        config.write_text(
            f"{SITE.read_text()}\nlisten: [{{spamd: 127.0.0.1:0, certificate: cert.pem, key: key.pem}}]\n"
        )
        file.write_bytes(MAIL["backscatter"])
        with Serving(config) as serving:
            tls, plain = Between(serving.place["spamd"], ""), Between(theirs, "")
            running = {
                name: [started(["-S", *flags], tls, "live", file), started(flags, plain, "live", file)]
                for name, flags in MODES.items()
                if "-U" not in flags and "-K" not in flags
            }
            assert compared(MAIL["backscatter"], running) == {}
    assert [line for line in serving.lines if "ssl" in line] == []
