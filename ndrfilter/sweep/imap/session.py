"""Commands and what comes back: one connection that is logged in, one command after another.

A second command is never sent before the first is answered: a server may work at both at once, and Dovecot does, so
that nothing tells which of them an untagged line belongs to (RFC 3501 section 5.5).

Architecture invariant: after anything that leaves it unclear what the next line belongs to, the connection is closed.
"""

from __future__ import annotations

import imaplib
import re
import time
from contextlib import contextmanager

from imapclient.response_parser import parse_response

from ndrfilter import limits
from ndrfilter.errors import TemporaryError
from ndrfilter.noun import Noun
from ndrfilter.sweep.imap import words
from ndrfilter.sweep.mailbox import CutOffError
from ndrfilter.terminal import clip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from imapclient import IMAPClient

    from ndrfilter.sweep.imap.wire import Wire

    Piece = bytes | tuple[bytes, bytes]

_CODE = re.compile(r"(?:.*?(?:BAD|NO) )?\[(?P<code>[A-Z-]+)[ \]]")
_SHOWN = 200  # characters of what a server says
_DIGITS = 10  # of a 32-bit number
_REMEMBERED = 100_000  # sequence numbers
_NEWS = frozenset(("EXISTS", "EXPUNGE", "RECENT"))
_SLICE = 1.0  # seconds: Windows tells us of Ctrl-C no sooner than a call returns
_NONSENSE = (ValueError, TypeError, LookupError, AttributeError, RecursionError)


class Refused(Exception):  # noqa: N818 - it is an answer
    """The server says NO or BAD; `code` is its response code (RFC 5530), "" without one; `lines` came before that."""

    def __init__(self, text: str, lines: dict[str, list[Piece]]) -> None:
        self.code, self.text, self.lines = code_of(text), clip(text, _SHOWN), lines
        super().__init__(self.text)


class Answer(Noun):
    """What came for a command: the text of the tagged line, and the untagged lines by their word, with literals."""

    text: str
    lines: dict[str, list[Piece]]

    def last(self, word: str) -> bytes | None:
        """The last line of that kind, None if there was none."""
        found = [line for line in self.lines.get(word, ()) if isinstance(line, bytes)]
        return found[-1] if found else None

    def number(self, word: str) -> int:
        """The number in it, 0 if there is none that counts."""
        found = self.last(word) or b""
        return int(found) if found.isdigit() and len(found) <= _DIGITS else 0


class Session:
    """A connection that is logged in. `name` is the mailbox's, for messages.

    Commands raise Refused for NO and BAD, CutOffError where the connection failed, TemporaryError for nonsense.
    """

    def __init__(self, client: IMAPClient, wire: Wire, name: str) -> None:
        self._client, self._wire, self.name = client, wire, name
        self._expunged: list[int] = []
        self.open, self._news = True, False
        with self._guarded():
            wire.begin(limits.IMAP_SMALL_ANSWER, limits.IMAP_LOGIN)
            self._capabilities = frozenset(word.decode("ascii", "replace") for word in client.capabilities())
            wire.untagged_responses.clear()

    @property
    def fetched(self) -> int:
        """Bytes that came."""
        return self._wire.fetched

    def has(self, *capabilities: str) -> bool:
        """Whether the server offers all of these."""
        return self._capabilities.issuperset(capabilities)

    def run(self, name: str, *words: str | bytes, allowance: int = limits.IMAP_SMALL_ANSWER) -> Answer:
        """A command and its answer, of so many bytes at most."""
        with self._guarded():
            self._wire.begin(allowance, limits.IMAP_COMMAND)
            tag: bytes = self._wire._command(name, *words)
        return self._answer(tag)

    def _answer(self, tag: bytes) -> Answer:
        with self._guarded():
            kind, data = self._wire._get_tagged_response(tag)
            self._wire._check_bye()
            lines, self._wire.untagged_responses = self._wire.untagged_responses, {}
            gone = [line for line in lines.pop("EXPUNGE", ()) if isinstance(line, bytes) and line.isdigit()]
            self._expunged += [int(line[:_DIGITS]) for line in gone[-_REMEMBERED:]]
            del self._expunged[:-_REMEMBERED]
            self._news = self._news or "EXISTS" in lines
            text = data[0].decode("utf-8", "replace")
        if kind != "OK":
            raise Refused(text, lines)
        return Answer(text, lines)

    def expunged(self) -> list[int]:
        """Sequence numbers of what was taken out of the open folder since this was asked last, in their order."""
        found, self._expunged = self._expunged, []
        return found

    def take_news(self) -> bool:
        """Whether mail came since this was asked last."""
        news, self._news = self._news, False
        return news

    def unanswered(self, word: str) -> list[Piece]:
        """What the server told in lines of that kind before the connection was lost, within one command."""
        return list(self._wire.untagged_responses.get(word, ()))

    def turned(self, selected: bool) -> None:
        """A folder was opened, or could not be: what was told before is about another one."""
        self._wire.state = "SELECTED" if selected else "AUTH"
        self._expunged, self._news = [], False

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        if not self.open:
            raise CutOffError(f"{self.name}: the connection was lost; asking again goes on where it was")
        try:
            yield
        except (imaplib.IMAP4.abort, OSError) as error:
            self.close()
            raise words.cut_off(self.name, error) from None
        except (imaplib.IMAP4.error, *_NONSENSE) as error:
            self.close()
            raise TemporaryError(
                f"{self.name}: the server does not speak IMAP as it should ({words.shown(error)})"
            ) from None
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Lets go of the connection; nothing is raised."""
        self.open = False
        self._wire.shutdown()

    def goodbye(self) -> None:
        """Logs out and closes; nothing is raised."""
        if self.open:
            try:
                with self._guarded():
                    self._wire._command("LOGOUT")
            except TemporaryError:
                pass
        self.close()

    def idle(self, seconds: float) -> bool:
        """IDLE (RFC 2177) for so long at most: whether there was news. Raises Refused where it does not idle."""
        with self._guarded():
            self._wire.begin(limits.IMAP_SMALL_ANSWER, seconds + limits.IMAP_COMMAND)
            tag = self._wire._command("IDLE")
            while self._wire._get_response():
                if self._wire.tagged_commands[tag]:
                    break
            else:
                self._listen(time.monotonic() + seconds)
                self._wire.send(b"DONE\r\n")
            news = bool(_NEWS.intersection(self._wire.untagged_responses))
        self._answer(tag)
        return self.take_news() or news

    def _listen(self, until: float) -> None:
        while not _NEWS.intersection(self._wire.untagged_responses) and time.monotonic() < until:
            if self._wire.has_line(min(_SLICE, until - time.monotonic())):
                self._wire._get_response()


def parsed(pieces: list[Piece]) -> tuple[Any, ...]:
    """Untagged lines as nested tuples, by the library; () where they make no sense."""
    try:
        return tuple(parse_response(pieces))
    except (imaplib.IMAP4.error, *_NONSENSE):
        return ()


def code_of(text: str) -> str:
    """The response code in brackets before a text, "" if there is none (RFC 3501 section 7.1)."""
    match = _CODE.match(text[:_SHOWN])
    return match["code"] if match else ""


def quoted(text: bytes) -> bytes:
    """A quoted string (RFC 3501 section 4.3)."""
    return b'"' + text.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
