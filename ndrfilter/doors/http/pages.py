"""What people and monitors look at: `/ping`, `/healthz`, `/metrics`, and the status page for this machine alone."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING

from prometheus_client.exposition import choose_encoder

from ndrfilter.doors.http.replies import TEXT
from ndrfilter.noun import Noun
from ndrfilter.service.metrics import render
from ndrfilter.service.status import page as status_page

if TYPE_CHECKING:
    from typing import Any

    from ndrfilter.doors.http.requests import Request
    from ndrfilter.service.board import Board
    from ndrfilter.service.desk import Desk

PATHS = (b"/ping", b"/healthz", b"/metrics", b"/")
_HTML = b"text/html; charset=utf-8"
_GUARDED = (
    b"Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
    b" frame-ancestors 'none'\r\n"
    b"X-Content-Type-Options: nosniff\r\n"
    b"Referrer-Policy: no-referrer\r\n"
    b"Cache-Control: no-store\r\n"
)
_HOST = re.compile(rb"(localhost|[\d.]+|\[[0-9a-fA-F:.]+\])(?::\d+)?")


class Page(Noun):
    """What is shown: `more` are further header fields; a status other than 200 stands alone."""

    body: bytes = b""
    kind: bytes = TEXT
    status: int = 200
    more: bytes = b""


_PONG, _OK = Page(b"pong\r\n"), Page(b"ok\n")
_FORBIDDEN, _NOTHING_YET = Page(status=403), Page(status=503)


def page(request: Request, desk: Desk, peer: Any) -> Page:
    """The page at the request's path, one of PATHS; `peer` is the client's address as the socket gives it."""
    if request.path == b"/ping":
        return _PONG
    if request.path == b"/healthz":
        return _OK
    if request.path == b"/" and not _is_near(peer, request.first(b"host")):
        return _FORBIDDEN
    if desk.board is None:
        return _NOTHING_YET
    if request.path == b"/metrics":
        return _metrics(desk.board, (request.first(b"accept") or b"").decode("latin-1"))
    return Page(status_page(desk.board), _HTML, more=_GUARDED)


def _metrics(board: Board, accept: str) -> Page:
    """In the form that the scraper asks for; curl gets Prometheus' text."""
    return Page(render(board, accept), choose_encoder(accept)[1].encode())


def _is_near(peer: Any, host: bytes | None) -> bool:
    """Whether the client is on this machine, and no page of a stranger made its browser ask.

    Such a page has its own name resolve to 127.0.0.1; then it is that name which stands in `Host`.
    """
    if not isinstance(peer, tuple):
        return True
    if not _is_loopback(str(peer[0])):
        return False
    if host is None:
        return True
    found = _HOST.fullmatch(host)
    return found is not None and (found[1] == b"localhost" or _is_loopback(found[1].decode().strip("[]")))


def _is_loopback(text: str) -> bool:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
