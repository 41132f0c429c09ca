"""`ndrfilter filter`: a message on standard input, the same message with our header fields on standard output.

What mail programs do with a failing filter decides what we may do: they keep or retry the mail at exit code 75 and
lose it at "0 with short output". So nothing is written before the whole reply is there, 0 means that all of it was
taken, and whatever goes wrong with us, not with the machine, lets the mail through marked as undetermined.

With `--outbound` it is a message that we send, and its marks instead of ours; what goes wrong lets it through as it is.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from contextlib import contextmanager

from ndrfilter.doors import envelope, filtered, options, outbound
from ndrfilter.errors import ConfigError, TemporaryError, UsageError
from ndrfilter.terminal import complain, escape, in_words, reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import Any

DONE, TEMPORARY = 0, 75
_DESCRIPTION = """\
Read a message from standard input and write it to standard output with its verdict in front:

  X-NDR-Status: backscatter; score=7.5; required=5.0; kind=failure; rules=A,B
  X-NDR-Reason: one plain sentence

Nothing else of the message changes. Fields of these names that came in with it are removed.

With --outbound: put on a message that you send what the plugins want on it (a token, for one), so that its bounces can
be known; before it is DKIM-signed. No verdict then. Mail that is not of your domains, and bounces, pass unchanged."""
_EXAMPLES = """\
example (procmail):
  :0 fw
  | ndrfilter filter
  :0
  * ^X-NDR-Status: backscatter
  backscatter/

exit codes: 0 the whole message was written, even if the configuration is broken (then its status says
"undetermined; error=config"; with --outbound nothing is put on it); 75 anything else: keep the mail and try again."""


class _Late(BaseException):
    """Our own deadline; no Exception, so that nobody who guards a plugin or a rule takes it for that one's failure."""


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "filter",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--outbound", action="store_true", help="mark a message that you send")
    options.add_me(parser)
    parser.add_argument(
        "--max-seconds",
        metavar="N",
        type=float,
        default=filtered.SECONDS,
        help=f"let the mail through as it is after so long (default {filtered.SECONDS:g}; 0: never)",
    )
    envelope.add_options(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Filter one message; returns 0 or 75."""
    try:
        if sys.stdin is None or sys.stdout is None:
            raise TemporaryError("standard input or output is closed")
        answer = _answer(_read(), args)
        _write(answer)
    except MemoryError:
        complain("out of memory; nothing was written")
    except OSError as error:
        complain(f"cannot read or write: {reason(error)}")
    except TemporaryError as error:
        complain(escape(str(error)))
    except KeyboardInterrupt:
        complain("interrupted")
    else:
        if args.outbound:
            outbound.remember(answer, args)
        return DONE
    return TEMPORARY


def _read() -> bytes:
    """All of standard input: left non-blocking, it would seem to end where it only pauses. Raises OSError."""
    os.set_blocking(sys.stdin.fileno(), True)
    return sys.stdin.buffer.read()


def _answer(raw: bytes, args: argparse.Namespace) -> bytes:
    """The whole reply. Raises MemoryError and TemporaryError only."""
    try:
        with _deadline(args.max_seconds):
            if args.outbound:
                return outbound.stamped(raw, args)
            return filtered.judged(raw, options.open_filter(args), args)
    except (ConfigError, UsageError) as error:
        complain(in_words(error))
        failed = "config"
    except _Late:
        complain(filtered.late(args.max_seconds))
        failed = "timeout"
    except (MemoryError, TemporaryError):
        raise
    except Exception as error:
        complain(f"internal error: {type(error).__name__}: {escape(str(error))}")
        failed = "internal"
    return raw if args.outbound else filtered.unjudged(raw, failed)


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Raises _Late in the block after so many seconds; not at all for 0."""

    def late(_signal: int, _frame: FrameType | None) -> None:
        raise _Late

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, max(0.0, seconds))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _write(answer: bytes) -> None:
    """All of it, closed at the end: a full disk may show as late as that. Raises OSError."""
    output = sys.stdout.fileno()
    os.set_blocking(output, True)
    rest = memoryview(answer)
    while rest:
        rest = rest[os.write(output, rest) :]
    os.close(output)
