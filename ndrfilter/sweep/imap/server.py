"""Which server, and whose mail there: `imaps://user@host[:port]` taken apart."""

from __future__ import annotations

import re
from urllib.parse import unquote

from ndrfilter.noun import Noun
from ndrfilter.sweep.mailbox import PlaceError
from ndrfilter.terminal import clip, escape

_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]@?#]+)(?::(?P<port>[0-9]{1,5}))?")
_RIGHT = "right is imaps://user@host, or imaps://user@host:993"
_SHOWN = 100  # characters


class Server(Noun):
    """Whom we talk to. `tls` is TLS from the first byte, else STARTTLS is demanded. `host` is without brackets."""

    user: str
    host: str
    port: int
    tls: bool

    @property
    def name(self) -> str:
        """What people call this mailbox."""
        scheme, usual = ("imaps", 993) if self.tls else ("imap", 143)
        host = f"[{self.host}]" if ":" in self.host else self.host
        return escape(f"{scheme}://{self.user}@{host}" + ("" if self.port == usual else f":{self.port}"))


def parsed(place: str) -> Server:
    """The server that a PLACE names, the user's name decoded. Raises PlaceError, for a password in it too."""
    scheme, _, rest = place.partition("://")
    tls = scheme.lower() == "imaps"
    user, at, where = rest.rpartition("@")
    if ":" in user:
        raise PlaceError(
            f"a password does not belong into {scheme}://…: the shell's history keeps it, and others see it among the "
            "running programs. Leave it out to be asked, or use --password-file, --password-command or --keyring"
        )
    if not at or not user:
        raise PlaceError(f"{clip(place, _SHOWN)}: whose mailbox? {_RIGHT}")
    match = _HOST.fullmatch(where.removesuffix("/"))
    port = int(match["port"] or (993 if tls else 143)) if match else 0
    decoded = unquote(user)
    if match is None or not 0 < port < 65536 or not decoded.isprintable():
        raise PlaceError(f"{clip(place, _SHOWN)} cannot be read: {_RIGHT}")
    return Server(decoded, match["host"].strip("[]").lower(), port, tls)
