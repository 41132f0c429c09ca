"""The noun for what came back: a header, perhaps with a body, and the trace in it, read when somebody asks."""

from __future__ import annotations

from ndrfilter.message.lazy import lazy
from ndrfilter.message.trace import Hops

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.message.model import Headers, Hop


class Original:
    """The message, or its header, that came back.

    `source` says where it was: "rfc822" (message/rfc822, message/global, partial), "headers" (text/rfc822-headers,
    message/global-headers), "inline" (after a separator in a text), "quoted" (indented or `> `-quoted), "attachment".
    `full` when a body came back as well. `raw` is as faithful to the original bytes as can be had (line ends as LF).
    """

    def __init__(self, headers: Headers, source: str, raw: bytes, start: int) -> None:
        self.headers = headers
        self.source = source
        self.raw = raw
        self._start = start

    @lazy
    def body(self) -> bytes:
        """What stands below the header; perhaps nothing."""
        return self.raw[self._start :]

    @property
    def full(self) -> bool:
        """Whether a body came back."""
        return bool(self.body and not self.body.isspace())

    @lazy
    def trace(self) -> tuple[Hop, ...]:
        """Its `Received:` fields, top first."""
        return tuple(Hops(self.headers))
