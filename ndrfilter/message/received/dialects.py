"""Which software wrote a `Received:` field, and the habits of its `from` clause. One row each, the first that fits."""

from __future__ import annotations

import re

from ndrfilter.message.received.peer import Habits
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.message.received.clauses import Clauses

_PLAIN = Habits()
_CLAIMS = Habits(looked_up=False)
_LITERAL = Habits(literal=True)
_EXIM = Habits(verified=True, literal=True, helo_comment=True)


class Dialect(Noun):
    """One row: a mark that occurs in a comment of the by, with or id clause, in the with phrase, or in the by name."""

    name: str
    where: str  # "comment", "with", "by"
    mark: re.Pattern[str]
    habits: Habits = _PLAIN


def _row(name: str, where: str, mark: str, habits: Habits = _PLAIN) -> Dialect:
    return Dialect(name, where, re.compile(mark), habits)


_TABLE = (
    _row("exim", "comment", r"^exim\b|\(exim\b|^nemesis\b", _EXIM),
    _row("smail", "comment", r"^smail|^/\\##/\\", _CLAIMS),
    _row("amavis", "comment", r"^amavis", _CLAIMS),
    _row("postfix", "comment", r"\bpostfix\b"),
    _row("qmail", "comment", r"^qmail\b|^[a-z ]*qmail "),
    _row("opensmtpd", "comment", r"^opensmtpd\b"),
    _row("dragonfly", "comment", r"^dragonfly mail agent|^dma\b"),
    _row("communigate", "comment", r"^communigate", Habits(marked=True)),
    _row("domino", "comment", r"^(?:lotus|ibm|hcl) (?:lotus )?(?:domino|notes)", _CLAIMS),
    _row("sun", "comment", r"messaging server|^pmdf\b|sun-java-system|^iplanet"),
    _row("intermail", "comment", r"^intermail", _CLAIMS),
    _row("mdaemon", "comment", r"^mdaemon", _CLAIMS),
    _row("imail", "comment", r"^smtpd32|^imail", _CLAIMS),
    _row("momentum", "comment", r"^ecelerity|^momentum"),
    _row("powermta", "comment", r"^powermta|^momentum", _CLAIMS),
    _row("haraka", "comment", r"^haraka"),
    _row("kerio", "comment", r"^kerio", _CLAIMS),
    _row("ntmail", "comment", r"^ntmail", Habits(looked_up=False, literal=True)),
    _row("zmailer", "comment", r"^zmailer"),
    _row("fetchmail", "comment", r"^fetchmail", Habits(looked_up=False, literal=True)),
    _row("sendgrid", "comment", r"^sg\Z"),
    _row("james", "comment", r"^james smtp", _CLAIMS),
    _row("yahoo", "comment", r"hermes smtp server"),
    _row("sendmail", "comment", r"^(?:v?8\.\d|v8/|5\.\d\d/)|sendmail|^8\.\d"),
    _row(
        "exchange",
        "with",
        r"^microsoft smtp|^mapi\b|^internet mail service|^microsoft exchange|^microsoft smtpsvc",
        _CLAIMS,
    ),
    _row("mailenable", "with", r"mailenable", _CLAIMS),
    _row("yahoo", "with", r"^nnfmp\b", _LITERAL),
    _row("messagelabs", "by", r"\.messagelabs\.com\Z", _LITERAL),
    _row("webmail", "with", r"^http", _LITERAL),
    _row("exchange", "by", r"\.prod\.outlook\.com\Z|\.protection\.outlook\.com\Z", _CLAIMS),
    _row("gmail", "by", r"(?:^|\.)google\.com\Z|\.googlemail\.com\Z", Habits(dotted=True)),
    _row("yahoo", "by", r"\.yahoo\.com\Z|\.yahoo\.co\.jp\Z"),
    _row("amazonses", "by", r"\.amazonaws\.com\Z"),
    _row("mimecast", "by", r"(?:^|\.)mimecast\.[a-z.]++\Z"),
    _row("yandex", "by", r"\.yandex\.(?:net|ru)\Z"),
)
_QMAIL = Dialect("qmail", "", re.compile(""), Habits(bare=True))
_IRONPORT = Dialect("ironport", "", re.compile(""))
_COURIER = Dialect("courier", "", re.compile(""))
_UNKNOWN = Dialect("", "", re.compile(""))
_QMAIL_DATE = re.compile(r"\s*\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d -0000\s*\Z")
_IRONPORT_DATE = re.compile(r"\s*\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}\s*\Z")
_COURIER_ID = re.compile(r"[0-9A-F]{16}\.[0-9A-F]{8}\.[0-9A-F]{8}\Z")


def dialect_of(clauses: Clauses) -> Dialect:
    """The row that fits, or one without a name."""
    by, with_, id_ = clauses.get("by"), clauses.get("with"), clauses.get("id")
    # Greetings stand in the from clause, recipients in the for clause: neither may name the software.
    comments = (*by.comments, *with_.comments, *id_.comments, *clauses.get("").comments)
    places = {
        "comment": [comment.lower() for comment in comments],
        "with": [with_.phrase],
        "by": [by.word.rstrip(".").lower()],
    }
    for row in _TABLE:
        for text in places[row.where]:
            if row.mark.search(text):
                return row
    return _by_shape(clauses)


def _by_shape(clauses: Clauses) -> Dialect:
    by, with_, id_ = clauses.get("by"), clauses.get("with"), clauses.get("id")
    if by.word and with_.phrase.endswith(("smtp", "smtps", "qmtp", "esmtpa")) and not id_.word and not by.comments:
        bracketed = any(comment.startswith("[") for comment in clauses.get("from").comments)
        if not bracketed and _QMAIL_DATE.match(clauses.date):
            return _QMAIL
        if bracketed and _IRONPORT_DATE.match(clauses.date):
            return _IRONPORT
    if _COURIER_ID.match(id_.word):
        return _COURIER
    return _UNKNOWN
