"""Which software wrote a `Received:` field, and the habits of its `from` clause: tables, the first row that fits."""

from __future__ import annotations

import re
from functools import lru_cache

from ndrfilter.message.received.peer import Habits
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.message.received.clauses import Clauses

_PLAIN = Habits()
_NEVER_STATED = Habits(states=False)
_CLAIMS = Habits(looked_up=False)
_LITERAL = Habits(literal=True)
_CLAIMED_LITERAL = Habits(looked_up=False, literal=True)
_EXIM = Habits(verified=True, literal=True, helo_comment=True)


class Dialect(Noun):
    """One software: its name, and the habits of its `from` clause."""

    name: str
    habits: Habits = _PLAIN


# A row: name, how its mark begins, habits. The marks of a table are joined into one pattern, matched once.
_COMMENTS = (
    ("exim", r"exim\b|[^\n]*\(exim\b|nemesis\b", _EXIM),
    ("smail", r"smail|/\\##/\\", _CLAIMS),
    ("amavis", r"amavis", _CLAIMS),
    ("postfix", r"postfix\b|[^\n]*\bpostfix\b", _NEVER_STATED),
    ("qmail", r"qmail\b|[a-z ]*qmail ", _PLAIN),
    ("opensmtpd", r"opensmtpd\b", _NEVER_STATED),
    ("dragonfly", r"dragonfly mail agent|dma\b", _PLAIN),
    ("communigate", r"communigate", Habits(marked=True)),
    ("domino", r"(?:lotus|ibm|hcl) (?:lotus )?(?:domino|notes)", _CLAIMS),
    ("sun", r"[^\n]*messaging server|pmdf\b|sun-java-system|iplanet|sun internet mail", _PLAIN),
    ("intermail", r"intermail", _CLAIMS),
    ("mdaemon", r"mdaemon", _CLAIMS),
    ("imail", r"smtpd32|imail", _CLAIMS),
    ("momentum", r"ecelerity|momentum", _PLAIN),
    ("powermta", r"powermta", _CLAIMS),
    ("haraka", r"haraka", _PLAIN),
    ("kerio", r"kerio", _CLAIMS),
    ("ntmail", r"ntmail", _CLAIMED_LITERAL),
    ("zmailer", r"zmailer", _PLAIN),
    ("fetchmail", r"fetchmail", _CLAIMED_LITERAL),
    ("sendgrid", r"sg\Z", _PLAIN),
    ("james", r"james smtp", _CLAIMS),
    ("yahoo", r"[^\n]*hermes smtp server", _PLAIN),
    ("sendmail", r"v?8\.\d|v8/|5\.\d\d/|[^\n]*sendmail", _NEVER_STATED),
)
_PROTOCOLS = (
    ("exchange", r"microsoft (?:smtp|exchange)|mapi\b|internet mail service", _CLAIMS),
    ("mailenable", r"mailenable", _CLAIMS),
    ("yahoo", r"nnfmp\b", _LITERAL),
    ("webmail", r"http", _LITERAL),
)
_NAMES = (
    ("messagelabs", r"\S*+(?<=\.messagelabs\.com)\Z", _LITERAL),
    ("exchange", r"\S*+(?<=\.(?:prod|tion)\.outlook\.com)\Z", _CLAIMS),
    ("gmail", r"\S*+(?<=\bgoogle\.com)\Z|\S*+(?<=\.googlemail\.com)\Z", Habits(dotted=True)),
    ("yahoo", r"\S*+(?<=\.yahoo\.com)\Z|\S*+(?<=\.yahoo\.co\.jp)\Z", _PLAIN),
    ("amazonses", r"\S*+(?<=\.amazonaws\.com)\Z", _PLAIN),
    ("mimecast", r"(?:\S*\.)?mimecast\.[a-z.]++\Z", _PLAIN),
    ("yandex", r"\S*+(?<=\.yandex\.(?:net|com))\Z|\S*+(?<=\.yandex\.ru)\Z", _PLAIN),
)


class _Table:
    """Rows whose marks are one pattern."""

    __slots__ = ("_pattern", "_rows")

    def __init__(self, rows: tuple[tuple[str, str, Habits], ...]) -> None:
        self._pattern = re.compile("|".join(f"({mark})" for _, mark, _ in rows), re.I)
        self._rows = tuple(Dialect(name, habits) for name, _, habits in rows)

    def find(self, text: str) -> Dialect | None:
        found = self._pattern.match(text)
        return self._rows[found.lastindex - 1] if found and found.lastindex else None


_BY_COMMENT, _BY_PROTOCOL, _BY_NAME = _Table(_COMMENTS), _Table(_PROTOCOLS), _Table(_NAMES)
_QMAIL, _IRONPORT, _COURIER = Dialect("qmail", Habits(bare=True)), Dialect("ironport"), Dialect("courier")
_UNKNOWN = Dialect("")
_QMAIL_DATE = re.compile(r"\s*\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d -0000\s*\Z")
_IRONPORT_DATE = re.compile(r"\s*\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}\s*\Z")
_COURIER_ID = re.compile(r"[0-9A-F]{16}\.[0-9A-F]{16}\.[0-9A-F]{8}\Z")


def dialect_of(clauses: Clauses) -> Dialect:
    """The row that fits, or one without a name."""
    by, with_, id_ = clauses.get("by"), clauses.get("with"), clauses.get("id")
    # Greetings stand in the from clause, recipients in the for clause: neither may name the software.
    comments = (*by.comments, *with_.comments, *id_.comments, *clauses.get("").comments)
    bracketed = any(comment.startswith("[") for comment in clauses.get("from").comments)
    return marked(comments, with_.phrase or clauses.get("via").phrase, by.word) or by_shape(
        by.word, with_.phrase, id_.word, bool(by.comments), bracketed, clauses.date
    )


def marked(comments: tuple[str, ...], protocol: str, by: str) -> Dialect | None:
    """The row whose mark stands in the comments, the protocol (lower case) or the recorder's name."""
    for comment in comments:
        if found := _by_comment(comment):
            return found
    return _by_words(protocol, by)


# Few programs write most fields, and few hosts most of those without a mark.
@lru_cache(64)
def _by_comment(comment: str) -> Dialect | None:
    return _BY_COMMENT.find(comment)


@lru_cache(256)
def _by_words(protocol: str, by: str) -> Dialect | None:
    return _BY_PROTOCOL.find(protocol) or _BY_NAME.find(by.rstrip("."))


def by_shape(by: str, protocol: str, id_: str, noted: bool, bracketed: bool, date: str) -> Dialect:
    """The row that the shape of the field tells: `noted` with a comment behind "by", `bracketed` with one in "from"."""
    if by and protocol.endswith(("smtp", "smtps", "qmtp", "esmtpa")) and not id_ and not noted:
        if not bracketed and _QMAIL_DATE.match(date):
            return _QMAIL
        if bracketed and _IRONPORT_DATE.match(date):
            return _IRONPORT
    if _COURIER_ID.match(id_):
        return _COURIER
    return _UNKNOWN
