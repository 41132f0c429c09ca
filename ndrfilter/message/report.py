"""Delivery status: message/delivery-status (RFC 3464), global-delivery-status (RFC 6533), and what resembles them."""

from __future__ import annotations

import re

from ndrfilter import limits
from ndrfilter.message.charset import decode_text, field_text
from ndrfilter.message.model import Report, ReportRecipient, StatusGroup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# A field, or another line.
_LINE_PATTERN = r"([A-Za-z][A-Za-z0-9-]{0,63})[ \t]*+:([^\n]*+(?:\n[ \t]+[^\s][^\n]*+)*)(?:\n|\Z)|([^\n]*+)(?:\n|\Z)"
_LINE, _TEXT_LINE = re.compile(_LINE_PATTERN.encode()), re.compile(_LINE_PATTERN)
_PRINTED = bytes(range(32, 127)) + b"\n\t"
_USUAL_SIZE = 64 * 1024
_START = re.compile(
    rb"(?mi)^([ \t>|]{0,40}+)"
    rb"(?=(?:reporting-mta|original-envelope-id|arrival-date|final-recipient|original-recipient)[ \t]*:)"
)
_TYPE = re.compile(r"\s*+[A-Za-z][A-Za-z0-9._-]{0,63}\s*+;\s*+")
_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
_COMMENT = re.compile(r"\([^()]*+\)")
_UNITEXT = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_PER_RECIPIENT = frozenset(
    {"final-recipient", "original-recipient", "action", "status", "diagnostic-code", "remote-mta"}
)
_NOTHING = dict.fromkeys(_PER_RECIPIENT, "")
_ADDRESSED = ("final-recipient", "original-recipient")
_MAX_GROUPS = limits.MAX_RECIPIENTS + 2  # the message's own, and one that shows that there are more


def parse_groups(data: bytes) -> tuple[StatusGroup, ...]:
    """The groups of fields of a status-like body: blank lines part them; lines that are no field are passed over.

    Of a body beyond `limits.MAX_STATUS_BYTES` the group that is cut there is left out: half an address is another one.
    """
    cut = len(data) > limits.MAX_STATUS_BYTES
    data = data[: data.rfind(b"\n", 0, limits.MAX_STATUS_BYTES) + 1] if cut else data
    groups: list[StatusGroup] = []
    fields: list[tuple[str, str]] = []
    full = False
    for name, value, other in _lines(data):
        if fields and (name in _ADDRESSED and _begins_anew(name, fields) if name else not other.strip()):
            groups.append(StatusGroup(tuple(fields)))
            fields = []
            full = len(groups) >= _MAX_GROUPS
        if name:
            fields.append((name, value))
        if full:
            break
    if fields and not (cut and groups):
        groups.append(StatusGroup(tuple(fields)))
    return tuple(groups)


def _lines(data: bytes) -> Iterator[tuple[str, str, str | bytes]]:
    """Each field's name in lower case and value, or two empty words and another line."""
    if len(data) <= _USUAL_SIZE and b"=?" not in data and not data.translate(None, _PRINTED):
        # Nothing to decode field by field. After the last line there is always an empty match.
        found = _TEXT_LINE.findall(data.decode("ascii").replace("\t", " "))[:-1]
        names = "\n".join([name for name, _, _ in found]).lower().split("\n")
        values = [value.replace("\n", "") if "\n" in value else value for _, value, _ in found]
        return zip(names, map(str.strip, values), [other for _, _, other in found], strict=False)
    return _each_line(data)


def _each_line(data: bytes) -> Iterator[tuple[str, str, str | bytes]]:
    """The same, line by line: with 8-bit and RFC 2047 words in it."""
    for found in _LINE.finditer(data):
        if found[1] is not None:
            yield found[1].decode("ascii").lower(), _value(found[2]), b""
        elif found.start() < len(data):
            yield "", "", found[3]


def _begins_anew(name: str, fields: list[tuple[str, str]]) -> bool:
    """Whether a blank line is missing before this field: the group has one already, or is the per-message group."""
    names = {key for key, _ in fields}
    if name in names:
        return True
    return not names & _PER_RECIPIENT


def _value(raw: bytes) -> str:
    if b"\x1b$" in raw:
        return decode_text(raw.replace(b"\n", b" ")).strip()
    return field_text(raw)


def parse_report(data: bytes) -> Report | None:
    """The report in the body of a status part; None if it has neither a reporting MTA nor a recipient."""
    message: list[tuple[str, str]] = []
    recipients: list[ReportRecipient] = []
    groups = parse_groups(data)
    for group in groups:
        if not _PER_RECIPIENT.isdisjoint(dict(group.fields)):
            recipients.append(_recipient(group))
        else:
            message.extend(group.fields)
    fields = StatusGroup(tuple(message))
    reporting = fields.get("reporting-mta") or next(
        (found for recipient in recipients if (found := recipient.group.get("reporting-mta"))), ""
    )
    if not reporting and not any(recipient.final or recipient.original for recipient in recipients):
        return None
    return Report(
        reporting_mta=_name(reporting),
        received_from_mta=_name(fields.get("received-from-mta")),
        arrival=fields.get("arrival-date"),
        envelope_id=fields.get("original-envelope-id"),
        fields=fields,
        recipients=tuple(recipients[: limits.MAX_RECIPIENTS]),
        cut=tuple(_cut(len(data), len(groups), len(recipients))),
    )


def _cut(size: int, groups: int, recipients: int) -> Iterator[str]:
    if size > limits.MAX_STATUS_BYTES:
        yield "status-too-long"
    if groups >= _MAX_GROUPS or recipients > limits.MAX_RECIPIENTS:
        yield "too-many-recipients"


def _recipient(group: StatusGroup) -> ReportRecipient:
    value = {**_NOTHING, **dict(reversed(group.fields))}
    action = _COMMENT.sub(" ", value["action"]).split()
    status = _STATUS.search(value["status"])
    return ReportRecipient(
        final=_address(value["final-recipient"]),
        original=_address(value["original-recipient"]),
        action=action[0].strip(";,.").lower() if action else "",
        status=status[0] if status else "",
        diagnostic=_untyped(value["diagnostic-code"])[: limits.MAX_DIAGNOSTIC_CHARS],
        remote_mta=_name(value["remote-mta"]),
        group=group,
    )


def _untyped(value: str) -> str:
    """`value` without its leading type (RFC 3464 section 2.1.2: "rfc822;", "smtp;")."""
    found = _TYPE.match(value) if value else None
    return value[found.end() :].strip() if found else value.strip()


def _name(value: str) -> str:
    words = _untyped(value).split() if value else None
    return words[0].strip("()[]<>,;").rstrip(".").lower() if words else ""


def _address(value: str) -> str:
    """An address of a generic or utf-8 type (RFC 6533 section 3), without angle brackets."""
    text = _untyped(value)
    if not text:
        return ""
    if "\\x{" in text:
        text = _UNITEXT.sub(_unicode, text)
    if text.endswith(")") and " (" in text:
        text = text.rpartition(" (")[0]
    return text.strip().removeprefix("<").removesuffix(">").strip()


def _unicode(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"


def starts_like_report(data: bytes) -> bool:
    """Whether this body begins with the fields of a delivery status, whatever its type says."""
    return _START.match(data.lstrip(b"\n")) is not None


def _has_recipient(data: bytes) -> bool:
    lower = data[: limits.MAX_STATUS_BYTES].lower()
    return b"final-recipient" in lower and (b"action:" in lower or b"status:" in lower)


def report_in_text(data: bytes) -> Report | None:
    """A delivery status that stands in the middle of a text, perhaps indented or quoted."""
    found = _START.search(data, 0, limits.MAX_STATUS_BYTES) if _has_recipient(data) else None
    if found is None:
        return None
    block = data[found.start() :]
    if found[1]:
        prefix, size = found[1], len(found[1])
        block = b"\n".join(line[size:] if line.startswith(prefix) else line for line in block.split(b"\n"))
    report = parse_report(block)
    return report if report and report.recipients else None
