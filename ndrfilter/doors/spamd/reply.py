"""What spamd's clients get for an answer, in the shape that their version reads. Pure.

From version 1.3 on a client takes a length and the verdict together. Before, it gets one of them: the length with a
message, the verdict with everything else. Exim (1.2) reads no reply that has both.
"""

from __future__ import annotations

from ndrfilter.doors.reply import one_decimal
from ndrfilter.doors.spamd import protocol
from ndrfilter.doors.spamd.markup import header_of, marked, names
from ndrfilter.doors.spamd.report import report
from ndrfilter.service import export

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.doors.spamd.protocol import Request
    from ndrfilter.service.desk import Answer

PONG = b"SPAMD/1.5 0 PONG\r\n"
_OK = b"SPAMD/1.1 0 EX_OK\r\n"
_BOTH_FROM = 3


def reply(request: Request, answer: Answer) -> bytes:
    """The whole reply to a request that has a message."""
    verdict = f"Spam: {_spam(request, answer)}\r\n".encode("ascii")
    if request.method == protocol.CHECK:
        return _OK + verdict + b"\r\n"
    body = _body(request, answer)
    length = b"Content-length: %d\r\n" % len(body)
    if request.minor >= _BOTH_FROM:
        fields = length + verdict
    else:
        fields = length if request.method in (protocol.PROCESS, protocol.HEADERS) else verdict
    return b"".join((_OK, fields, b"\r\n", body))


def _spam(request: Request, answer: Answer) -> str:
    result = answer.result
    yes, no = ("Yes", "No") if request.method == protocol.REPORT_IFSPAM else ("True", "False")
    said = yes if export.is_spam(result) else no
    return f"{said} ; {one_decimal(export.score(result))} / {one_decimal(export.required(result))}"


def _body(request: Request, answer: Answer) -> bytes:
    if request.method == protocol.PROCESS:
        return marked(request.body, answer)
    if request.method == protocol.HEADERS:
        return header_of(request.body, answer)
    if request.method == protocol.SYMBOLS:
        return ",".join(names(answer.result)).encode("ascii") + (b"" if request.minor >= _BOTH_FROM else b"\r\n")
    if request.method == protocol.REPORT_IFSPAM and not export.is_spam(answer.result):
        return b""
    return report(answer.result)
