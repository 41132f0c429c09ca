"""What people and monitors look at: `/healthz`, `/metrics`, and the status page for this machine alone."""

from __future__ import annotations

from ndrfilter.doors.http.replies import TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ndrfilter.doors.http.requests import Request
    from ndrfilter.service.desk import Desk

Page = tuple[int, bytes, bytes, bytes]


def page(request: Request, desk: Desk, peer: Any) -> Page:
    """Status, media type, body and further fields."""
    if request.path == b"/healthz":
        return 200, TEXT, b"ok\n", b""
    return 503, TEXT, b"", b""
