"""From a server's name to a session that is logged in."""

from __future__ import annotations

import base64
import imaplib
import ssl

from imapclient import IMAPClient

from ndrfilter import limits
from ndrfilter.sweep.imap import words
from ndrfilter.sweep.imap.session import Session, code_of, quoted
from ndrfilter.sweep.imap.wire import InTheClearError, Wire
from ndrfilter.sweep.mailbox import PlaceError
from ndrfilter.terminal import clip, reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ndrfilter.errors import NdrError
    from ndrfilter.sweep.imap.secrets import Secret
    from ndrfilter.sweep.imap.server import Server
    from ndrfilter.sweep.places import Access

_SHOWN = 100  # characters


class _Client(IMAPClient):  # type: ignore[misc]
    """The library's client on a connection of ours."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        super().__init__(wire.host, wire.port, ssl=False)
        wire.debug = 0

    def _create_IMAP4(self) -> Wire:  # noqa: N802 - the library's
        return self._wire

    def _set_read_timeout(self) -> None:
        """The wire sees to that."""


def connect(server: Server, secret: Secret, access: Access) -> Session:
    """A session there; raises PlaceError for what the person has to mend, else TemporaryError."""
    context = _context(access)
    silence = access.timeout or limits.IMAP_SILENCE
    try:
        wire = Wire(server.host, server.port, context, tls=server.tls, silence=silence)
    except InTheClearError as error:
        raise PlaceError(
            f"{server.name}: the server {error}, and nothing is said to it in the clear: try imaps://"
        ) from None
    except (OSError, imaplib.IMAP4.error, ValueError) as error:
        raise words.unreachable(server, error) from None
    try:
        _log_in(wire, server, secret)
        return Session(_Client(wire), wire, server.name)
    except BaseException:
        wire.shutdown()
        raise


def _context(access: Access) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if access.ca_file is not None:
        try:
            context.load_verify_locations(cafile=str(access.ca_file))
        except OSError as error:
            why = "it has no certificate in PEM" if isinstance(error, ssl.SSLError) else reason(error)
            raise PlaceError(f"the CA file {clip(str(access.ca_file), _SHOWN)} cannot be used: {why}") from None
    return context


def _log_in(wire: Wire, server: Server, secret: Secret) -> None:
    if wire.state != "NONAUTH":
        return
    said = secret.get()
    wire.begin(limits.IMAP_LINE, limits.IMAP_LOGIN)
    problem = _obstacle(wire, server, said, secret.token)
    wire.forget()
    if problem is not None:
        raise problem


def _obstacle(wire: Wire, server: Server, said: str, token: bool) -> NdrError | None:
    """Logs in; why that does not go. Raised in here, it would carry the server's own words along as its context."""
    try:
        _prove(wire, server, said, token)
    except (imaplib.IMAP4.abort, OSError) as error:
        return words.cut_off(server.name, _harmless(error, said))
    except imaplib.IMAP4.error as error:
        text = str(_harmless(error, said))
        return words.refused_login(server, code_of(text), text, token)
    except (ValueError, TypeError) as error:
        return words.unreachable(server, _harmless(error, said))
    return None


def _prove(wire: Wire, server: Server, said: str, token: bool) -> None:
    if token:
        _with_token(wire, server, said)
    elif "AUTH=PLAIN" in wire.capabilities:
        wire.authenticate("PLAIN", _once(f"\0{server.user}\0{said}".encode()))
    elif "LOGINDISABLED" in wire.capabilities:
        raise PlaceError(f"{server.name}: the server takes no passwords; get a token by --token-command")
    elif not (server.user + said).isascii():
        raise PlaceError(f"{server.name}: the server takes only passwords of plain letters, digits and signs (ASCII)")
    else:
        wire.login(quoted(server.user.encode()).decode(), said)


def _with_token(wire: Wire, server: Server, said: str) -> None:
    """RFC 7628, or what Google made of it before; to a challenge, which tells an error, we answer as each demands."""
    if "AUTH=OAUTHBEARER" in wire.capabilities:
        user = server.user.replace("=", "=3D").replace(",", "=2C")
        wire.authenticate("OAUTHBEARER", _once(f"n,a={user},\1auth=Bearer {said}\1\1".encode(), b"\1"))
    elif "AUTH=XOAUTH2" in wire.capabilities:
        wire.authenticate("XOAUTH2", _once(f"user={server.user}\1auth=Bearer {said}\1\1".encode()))
    else:
        raise PlaceError(f"{server.name}: the server takes no tokens (OAUTHBEARER, XOAUTH2); use a password")


def _once(said: bytes, then: bytes = b"") -> Callable[[bytes], bytes]:
    """Says it at the first challenge, `then` at those that follow."""
    answers = [said]
    count = 0

    def answer(_: bytes) -> bytes:
        nonlocal count
        count += 1
        if count > limits.IMAP_CHALLENGES:
            raise imaplib.IMAP4.abort("it asks and asks")
        return answers.pop() if answers else then

    return answer


def _harmless(error: Exception, said: str) -> Exception:
    """The error, if there is nothing of the secret in it: a server may repeat what it was told, encoded or not."""
    first = error.args[0] if error.args else ""
    text = first.decode(errors="replace") if isinstance(first, bytes) else str(error)
    encoded = [base64.b64encode(b"\0" * shift + said.encode())[4:-4].decode() for shift in range(3)]
    telling = said in text or any(part and part in text for part in encoded)
    return imaplib.IMAP4.error("" if telling else text)
