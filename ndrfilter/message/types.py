"""The media types that carry a returned message, its header, or a delivery status, registered or merely seen."""

from __future__ import annotations

MESSAGE_TYPES = frozenset({"message/rfc822", "message/global", "message/partial", "message/news", "message/x-rfc822"})
HEADER_TYPES = frozenset({
    "text/rfc822-headers", "text/rfc822-header", "text/rfc-822-headers", "message/rfc822-headers",
    "message/global-headers",
    "text/rfc822", "application/rfc822", "message/headers",
})  # fmt: skip
STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
