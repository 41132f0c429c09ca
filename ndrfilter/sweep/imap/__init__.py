"""A mailbox at an IMAP server (RFC 3501 and the extensions it offers), over TLS always."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.sweep.imap.box import ImapMailbox
    from ndrfilter.sweep.places import Access


def opened(place: str, access: Access) -> ImapMailbox:
    """The mailbox that `imaps://user@host[:port]` or `imap://…` names, logged in; raises PlaceError, TemporaryError."""
    from ndrfilter.sweep.imap.box import ImapMailbox
    from ndrfilter.sweep.imap.secrets import Secret
    from ndrfilter.sweep.imap.server import parsed

    server = parsed(place)
    return ImapMailbox(server, Secret(server, access), access)
