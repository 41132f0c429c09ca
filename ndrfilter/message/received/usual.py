"""The usual `Received:` field in one regular expression: a shortcut, with the plain reading as the measure of it.

What Postfix, Exim, Sendmail, qmail, Exchange, Gmail and their like write every day has its clauses in one order, an
address that stands where theirs does, and no login. All else is left to the plain reading.
"""

from __future__ import annotations

import re

from ndrfilter.message.model import Hop
from ndrfilter.message.received.dialects import by_shape, marked
from ndrfilter.message.received.notes import is_by_hand, is_local, noted_sender
from ndrfilter.message.received.peer import NO_NAME, greets, host, name_of, read_ip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.message.received.peer import Habits

_WORD = r'[^\s()"<>;]++'
_PATH = rf"({_WORD}|<[^<>()\s;]*+>) *+"
_INSIDE = r"(?:[^()]++|\([^()]*+\)){0,9}\) *+"
# A login may stand in a comment that begins so; who had it is a matter for the plain reading.
_COMMENTS = rf"((?:\((?![\s()]{{0,9}}(?i:auth|account|a=|smtp-auth)|[\s()]{{9}}){_INSIDE}){{0,5}})"
_KEY = rf"(?i:from|by|via|with|id|for)(?!{_WORD})"
_PHRASE = rf"({_WORD}(?: (?!{_KEY}){_WORD}){{0,3}}) *+"
_IP = r"(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{1,45}+)"
_USER = r"(?:[A-Za-z0-9_.-]{1,64}+@)?"
# A name before an address, unless it makes a note or a greeting of the comment, or is an address itself.
_NAME = (
    rf"(?!(?i:helo|ehlo|lhlo|using|client|tls|cipher|authenticated) |(?i:envelope-)){_USER}"
    r"(?![0-9.]++ )([A-Za-z0-9_][A-Za-z0-9_.-]{0,200}+) "
)
_USUAL = re.compile(
    rf" *+{_COMMENTS}"
    rf"(?:from ++({_WORD}) *+("
    rf"\((?:(?:{_NAME})?\[(?:IPv6:)?{_IP}(?:%\w{{1,20}})?\](?: helo=({_WORD}))?|{_USER}{_IP}|localhost)\) *+"
    rf"|\((?:HELO|EHLO|helo|ehlo) ({_WORD})\) *+\({_USER}{_IP}\) *+)?"
    rf"((?:\(authenticated bits=\d{{1,4}}\) *+)?(?:\((?:using |No client |Client ){_INSIDE}){{0,5}}))?"
    rf"(?:by ++({_WORD})(?: over TLS secured channel(?!{_WORD}))? *+{_COMMENTS})?"
    rf"(?:with ++{_PHRASE}{_COMMENTS}(?:tls ++({_WORD}) *+{_COMMENTS})?)?"
    rf"(?:id ++{_PATH}{_COMMENTS})?"
    rf"(?:via ++{_PHRASE})?"
    rf"(?:for ++{_PATH}{_COMMENTS})?"
    r";([^;()]*+(?:\([^;()]*+\)[^;()]*+){0,3})\Z"
)
_EACH = re.compile(r"\(((?:[^()]++|\([^()]*+\))*)\)")
_FLAT = str.maketrans("()", "  ")


def read_usual(text: str) -> Hop | None:
    """The hop, or None where the field is not of the usual kind."""
    found = _USUAL.match(text)
    if found is None or not text.isascii() or "qmail-scanner" in text:
        return None
    (
        lead, first, peer, name, bracketed, helo, bare, greeting, greeted, security, by, by_notes, with_, with_notes,
        cipher, more_notes, id_, id_notes, via, for_, for_notes, date,
    ) = found.groups("")  # fmt: skip
    if security and (greets(security) or "may be forged" in security):
        return None
    protocol = (f"{with_} tls {cipher}" if cipher else with_).lower()
    with_notes += more_notes
    told = _each(by_notes + with_notes + id_notes + lead)
    dialect = marked(told, protocol or via.lower(), by) or by_shape(
        by, protocol, id_, bool(by_notes), peer.startswith("(["), date
    )
    address = bracketed or bare or greeted
    ip = read_ip(address) if address else None
    names = _names(first, name, helo or greeting, address, bool(bracketed), dialect.habits)
    if names is None or (address and ip is None):
        return None
    sender, local, submitted = None, False, False
    if ip is None or "nvelope-" in text.lower():
        comments = "\n".join(_each(lead + peer + security + by_notes + with_notes + id_notes + for_notes))
        lower = comments.lower()
        sender = noted_sender(comments)
        local, submitted = ip is None and is_local(protocol, lower), ip is None and is_by_hand(lower)
    authenticated = security.startswith("(auth") or protocol.endswith(("smtpa", "smtpsa"))
    return Hop(
        *names, ip, name_of(by), protocol or None, id_.strip("<>") or None, date, for_.strip("<>;") or None,
        sender, authenticated, local, submitted, None, False, dialect.name, text,
    )  # fmt: skip


def _each(notes: str) -> tuple[str, ...]:
    """The comments, each without its parentheses and with blanks for those in it."""
    if notes.count("(") > 1:
        return tuple([note.translate(_FLAT).strip() for note in _EACH.findall(notes)])
    return (notes.strip()[1:-1].strip(),) if notes else ()


def _names(
    first: str, name: str, stated: str, address: str, bracketed: bool, habits: Habits
) -> tuple[str | None, str | None] | None:
    """The greeting and the looked-up name, as `read_peer` has them; None where that takes a closer look."""
    if stated or habits.literal:
        if first[:1] == "[" or ":" in first or first[:1].isdigit() or not habits.states or (stated and name):
            return None
        if stated:
            return name_of(stated), host(first) if habits.looked_up else None
    greeting = name_of(first)
    if not address or not habits.looked_up:
        return greeting, None
    if name and name.lower() not in NO_NAME:
        return greeting, host(name) if name.endswith(".") or not habits.dotted else None
    if (habits.verified and bracketed) or (habits.bare and not bracketed):
        return greeting, host(first)
    return greeting, None
