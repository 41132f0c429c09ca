"""Which mailbox a PLACE means: one at an IMAP server, a Maildir, or an mbox file; and how we get into it."""

from __future__ import annotations

from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ndrfilter.sweep.mailbox import Mailbox


class Access(Noun):
    """How to log in, at most one way of these; with none of them the person is asked.

    `password_file`: its first line is the password. `password_command`: the first line of what it prints is; it is
    split as a shell would and run without one. `keyring`: the desktop's own, service "ndrfilter", name user@host.
    `token_command`: as `password_command`, for an OAuth2 token. `ask`: what asks for a password without showing it,
    None where nobody can be asked. `ca_file`: a CA to trust besides the system's. `timeout`: seconds of silence.
    """

    password_file: Path | None = None
    password_command: str | None = None
    keyring: bool = False
    token_command: str | None = None
    ca_file: Path | None = None
    ask: Callable[[str], str] | None = None
    timeout: float | None = None


NOBODY = Access()


def open_place(place: str, access: Access = NOBODY) -> Mailbox:
    """The mailbox there, logged in: `imaps://user@host[:port]`, `imap://…` (STARTTLS), or the path of a file or folder.

    Raises PlaceError for what the person has to mend, TemporaryError for what may be better next time.
    """
    from ndrfilter.sweep.mailbox import PlaceError

    scheme = place.partition("://")[0].lower()
    if scheme in ("imaps", "imap") and "://" in place:
        from ndrfilter.sweep.imap import opened

        return opened(place, access)
    if not place:
        raise PlaceError("no mailbox is named: an empty name is none; name imaps://user@host, a Maildir, or an mbox")
    if "://" in place and scheme.isalnum():
        raise PlaceError(
            f"{scheme}:// is no mailbox that we can read: name imaps://user@host, a Maildir, or an mbox file"
        )
    from ndrfilter.sweep.local import opened as opened_here

    return opened_here(place)
