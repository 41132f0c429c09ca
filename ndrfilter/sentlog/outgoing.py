"""What of a message goes into the sent log."""

from __future__ import annotations

from ndrfilter.message.addresses import addresses_of
from ndrfilter.sentlog.log import Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.message.model import Headers

_RECIPIENTS = ("To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc")


def entry_of(headers: Headers, time: float, sender: str | None = None, recipients: tuple[str, ...] = ()) -> Entry:
    """The entry for a message with that header and envelope; what nobody told of the envelope is read in the header.

    `time` in seconds since the epoch. The Message-ID is empty where there is none, and then there is nothing to record.
    """
    field = headers.first("Message-ID")
    written = field.raw.decode("utf-8", "replace") if field else ""
    if sender is None:
        author = addresses_of(headers, "From")
        sender = author[0].text if author else ""
    if not recipients:
        recipients = tuple(address.text for address in addresses_of(headers, *_RECIPIENTS))
    return Entry(written, recipients, sender, time)
