"""Results written by hand, golden files, the command line as a process of its own, and `ndrfilter sent` with a log."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from ndrfilter.adapters.clock import SystemClock
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.cli import main
from ndrfilter.engine.result import Advice, Hit, OriginalSummary, Recipient, Result, Trouble, Undecided
from ndrfilter.sentlog import known

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from sent_mail import ALICE, BOB

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "cases" / "output"

BACKSCATTER = Result(
    verdict="backscatter",
    kind="failure",
    score=9.0,
    required=5.0,
    hits=(
        Hit("MESSAGE_ID_NOT_OURS", "backscatter", 1.5, "structure", "<77@mailer.spam.example>"),
        Hit(
            "ORIGINAL_FROM_STRANGER", "backscatter", 4.0, "trace",
            "handed over by host66.spam.example [203.0.113.66], which is not ours", "not_through_us",
        ),
        Hit("ORIGINAL_SPF_FAIL", "backscatter", 3.5, "trace", "SPF of example.com does not allow 203.0.113.66"),
        Hit("NEW_IDEA", "backscatter", 2.0, "content", "on trial", "", True),
        Hit("FAKE_LINK", "fake", 1.0, "content", "links to shop.example"),
    ),
    undecided=(Undecided("ORIGINAL_DKIM_OURS", "no signature came back"),),
    evidence="trace",
    original=OriginalSummary(
        "rfc822", False, "you@example.com", "you@example.com", ("bob@victim.example",), "Cheap pills \x1b[31m",
        "<77@mailer.spam.example>", 1_700_000_000.0, "", "host66.spam.example [203.0.113.66]",
    ),
    recipients=(Recipient("bob@victim.example", "failed", "5.1.1", "550 no such user", "address_unknown",
                          "the address does not exist"),),
    dialect="Postfix",
    reporting_mta="mx.victim.example",
    defects=(),
    errors=(),
    advice=Advice(
        "You did not send this.",
        "Someone forged your address.",
        "Nothing on your side is broken. Ignore it.",
        "You did not send this: someone forged your address.",
    ),
    envelope_source="headers",
)  # fmt: skip
GENUINE = BACKSCATTER._replace(
    verdict="genuine",
    score=-6.0,
    hits=(Hit("HANDED_OVER_BY_US", "genuine", 6.0, "trace", "mail.example.com handed it to mx.victim.example"),),
    undecided=(),
    recipients=(
        Recipient("bob@victim.example", "failed", "5.2.2", "552 5.2.2 Mailbox\nfull", "mailbox_full",
                  "the mailbox is full"),
        Recipient("eve@victim.example", "failed", "", "", "unknown", ""),
    ),
    advice=Advice("Yes, you sent this.", "The mailbox is full.", "Wait.", "Your mail came back: the mailbox is full."),
)  # fmt: skip
UNDETERMINED = BACKSCATTER._replace(
    verdict="undetermined",
    score=2.0,  # the hit below comes to nothing: as if capped
    hits=(Hit("LIST_VERP", "", 0.0, "structure", "a mailing list's bounce handling wants this"),),
    original=None,
    evidence="",
    defects=("truncated",),
    errors=(Trouble("plugin acme", "ValueError: \x1b]0;evil\x07"),),
    advice=Advice("We cannot tell.", "Nothing came back.", "Read it.", "It is not known whose this was."),
    envelope_source="none",
)
FAKE = BACKSCATTER._replace(
    verdict="fake",
    kind="none",
    score=6.0,
    hits=(Hit("FAKE_WITH_LINK", "fake", 6.0, "content", "links to shop.example"),),
    undecided=(),
    original=None,
    recipients=(),
    dialect="",
    reporting_mta="",
    advice=Advice("No.", "Somebody wants you to open it.", "Delete it.", "No mail server wrote this."),
)
ORDINARY = FAKE._replace(
    verdict="not-a-bounce",
    score=0.0,
    hits=(),
    advice=Advice("This is no bounce.", "", "", "Not a delivery report."),
)
NO_MAIL = ORDINARY._replace(
    defects=("nul-bytes", "no-header"),
    advice=Advice("This is no mail.", "It has no header.", "Look at the file.", "Not a mail message."),
)
TRACED = BACKSCATTER._replace(
    trace=(
        ("ORIGINAL_SPF_FAIL", "true"), ('  spf.original == "fail"', "true"), ("  returned", "true"),
        ("OUR_RELAY", "unknown (no DNS)"), ("  original.handover exists", "absent"),
    )
)  # fmt: skip
RESULTS = {
    "backscatter": BACKSCATTER, "genuine": GENUINE, "undetermined": UNDETERMINED, "fake": FAKE,
    "ordinary": ORDINARY, "no-mail": NO_MAIL, "traced": TRACED,
}  # fmt: skip


@pytest.fixture(scope="session")
def backscatter() -> Result:
    """A backscatter result."""
    return BACKSCATTER


@pytest.fixture(scope="session")
def results() -> dict[str, Result]:
    """One result of each verdict."""
    return RESULTS


@pytest.fixture
def golden():
    """Compares with a golden file; NDRFILTER_GOLDEN=write writes it instead."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("NDRFILTER_GOLDEN") == "write":
            path.write_text(text, encoding="utf-8", newline="")
        assert text == path.read_bytes().decode()

    return compare


def _environment(home: Path) -> dict[str, str]:
    """An environment without anybody's configuration or envelope."""
    dropped = ("SENDER", "RECIPIENT", "NO_COLOR", "NDRFILTER_CONFIG")
    env = {key: value for key, value in os.environ.items() if key not in dropped}
    return env | {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "PYTHONPATH": str(ROOT), "COLUMNS": "100"}


@pytest.fixture
def process(tmp_path):
    """Runs the command line in a process of its own; what it is told goes to `subprocess.run`."""

    def run(*args: str | Path, stdin: bytes = b"", env=(), **more):
        command = [sys.executable, "-m", "ndrfilter", *map(str, args)]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 120, **more}
        return subprocess.run(command, input=stdin, env=_environment(tmp_path) | dict(env), **options)

    return run


class Done(NamedTuple):
    returncode: int
    stdout: bytes
    stderr: bytes


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def ndrfilter(tmp_path, monkeypatch):
    """Runs the command line in this process, where rules are compiled only once; its output goes to a real file."""

    def run(*args: str | Path, stdin: bytes = b"", env=(), output: str | Path = "", terminal=False):
        written, said = (
            Path(output or tmp_path / ".stdout"),
            (Terminal if terminal else io.TextIOWrapper)(io.BytesIO(), "utf-8"),
        )
        descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        given = tmp_path / ".stdin"
        given.write_bytes(stdin)
        with monkeypatch.context() as patch, given.open(encoding="utf-8") as read:
            patch.setattr(sys, "stdin", read)
            patch.setattr(sys, "stdout", os.fdopen(descriptor, "w", encoding="utf-8", closefd=False))
            patch.setattr(sys, "stderr", said)
            patch.setattr(os, "environ", _environment(tmp_path) | dict(env))
            code = main([str(arg) for arg in args])
        with contextlib.suppress(OSError):  # `filter` has closed it
            os.close(descriptor)
        said.flush()
        return Done(code, b"" if output else written.read_bytes(), said.buffer.getvalue())

    return run


@pytest.fixture
def box(tmp_path, ndrfilter):
    """A configuration, its state folder, and the command with both."""

    class Box:
        state = tmp_path / "state"
        config = tmp_path / "ndrfilter.yml"

        def __call__(self, *arguments, stdin=b"", **more):
            return ndrfilter("sent", *arguments, "-c", self.config, stdin=stdin, **more)

        @property
        def store(self):
            return SqliteStore(self.state, SystemClock())

        def told(self, number=1, sender=ALICE, recipient=BOB):
            found = known(self.store, f"<{number}.x@example.com>", [sender], [recipient])
            return found and (found.sender, found.recipient)

        def status(self):
            return json.loads(self("status", "--json").stdout)

    made = Box()
    made.config.write_text(
        f"site: {{domains: [example.com], relays: [mail.example.com], complete: [log]}}\n"
        f"plugins: [sent_log]\nstate: {made.state}\n"
    )
    return made
