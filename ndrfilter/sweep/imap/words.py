"""What goes wrong on the way to an IMAP server, in sentences that say what would be right."""

from __future__ import annotations

import socket
import ssl

from ndrfilter.errors import NdrError, TemporaryError
from ndrfilter.sweep.mailbox import BusyError, CutOffError, PlaceError
from ndrfilter.terminal import clip, reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.sweep.imap.server import Server

_SHOWN = 200  # characters of what a server says
_SELF_SIGNED, _CHAIN_SELF_SIGNED, _UNKNOWN_CA, _NO_CHAIN, _EXPIRED, _NOT_YET = 18, 19, 20, 21, 10, 9
_NAMES = (62, 64)  # host name, IP address
LATER = frozenset(("UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG"))
"""Response codes (RFC 5530) of what may go well another time."""
_APP_PASSWORDS = ("gmail.com", "googlemail.com", "yahoo.com", "aol.com", "icloud.com", "me.com", "fastmail.com")
_TOKENS = ("outlook.com", "office365.com", "hotmail.com", "live.com", "outlook.office365.com")


def unreachable(server: Server, error: Exception) -> NdrError:
    """Why no connection came about: PlaceError for a name or certificate, else TemporaryError."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return PlaceError(f"{server.name}: {_certificate(server, error)}")
    if isinstance(error, ssl.SSLError) and error.reason in ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL"):
        other = f"imap://…:{server.port}" if server.tls else f"imaps://…:{server.port}"
        return PlaceError(f"{server.name}: no TLS is spoken there; {other} may be right, or port 993")
    if isinstance(error, ssl.SSLError):
        return TemporaryError(f"{server.name}: TLS did not come about ({clip(error.reason or str(error), _SHOWN)})")
    if isinstance(error, socket.gaierror | UnicodeError):
        return _nameless(server, error)
    if isinstance(error, ConnectionRefusedError):
        return TemporaryError(f"{server.name}: nothing answers at port {server.port}; is that the right port?")
    if isinstance(error, TimeoutError):
        return TemporaryError(f"{server.name}: no answer; is the name right, and are you online?")
    if isinstance(error, OSError):
        return TemporaryError(f"{server.name} cannot be reached: {clip(reason(error), _SHOWN)}")
    return TemporaryError(f"{server.name}: what answers there is no IMAP server, or a broken one ({shown(error)})")


def _nameless(server: Server, error: Exception) -> NdrError:
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return TemporaryError(f"{server.name}: the name cannot be looked up now; are you online?")
    return PlaceError(
        f"{server.name}: there is no server {clip(server.host, _SHOWN)}; look up how your provider calls it"
    )


def _certificate(server: Server, error: ssl.SSLCertVerificationError) -> str:
    code, host = error.verify_code, clip(server.host, _SHOWN)
    if code in _NAMES:
        return f"the server's certificate is for another name than {host}; use the name that your provider gives"
    if code in (_EXPIRED, _NOT_YET):
        return "the server's certificate is not valid now: it has run out, or this computer's clock is wrong"
    if code in (_SELF_SIGNED, _CHAIN_SELF_SIGNED, _UNKNOWN_CA, _NO_CHAIN):
        return (
            "the server's certificate is by nobody that this computer trusts (self-signed, perhaps); if you know it to "
            "be right, name its CA with --ca-file"
        )
    return f"the server's certificate cannot be trusted: {clip(error.verify_message, _SHOWN)}"


def refused_login(server: Server, code: str, text: str, token: bool) -> NdrError:
    """The server does not let us in; `text` is what it says, without any secret."""
    said = f" ({clip(text, _SHOWN)})" if text else ""
    if code in LATER:
        return TemporaryError(f"{server.name}: the server lets nobody in now{said}")
    if token:
        return PlaceError(
            f"{server.name}: the server does not take the token, it may have run out: get a new one{said}"
        )
    return PlaceError(f"{server.name}: the server does not take this name and password{_advice(server)}{said}")


def later(name: str, folder: str, text: str) -> BusyError:
    """The server cannot do something in that folder now; `text` is what it says."""
    return BusyError(f"{name}: the server cannot use {clip(folder, _SHOWN)} now ({text}); try again later")


def _advice(server: Server) -> str:
    domains = [part.lower() for part in (server.host, server.user.rpartition("@")[2])]
    if any(_within(domain, _TOKENS) for domain in domains):
        return ": Microsoft wants an OAuth2 token (--token-command), or an app password"
    if any(_within(domain, _APP_PASSWORDS) for domain in domains):
        return ": this provider wants an app password, made in the account's security settings"
    return "; the name is often the whole address"


def _within(domain: str, known: tuple[str, ...]) -> bool:
    return any(domain == one or domain.endswith("." + one) for one in known)


def cut_off(name: str, error: BaseException) -> CutOffError:
    """The connection was lost in the middle."""
    return CutOffError(f"{name}: the connection was lost ({shown(error)}); asking again goes on where it was")


def shown(error: BaseException) -> str:
    """An exception's own words, fit to print."""
    text = reason(error) if isinstance(error, OSError) else str(error)
    return clip(text or type(error).__name__, _SHOWN)
