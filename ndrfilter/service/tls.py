"""TLS of a listener: its certificate and key are read at the start and at every reload, never for a connection."""

from __future__ import annotations

import ssl

from ndrfilter.config.files import opened
from ndrfilter.service.listening import ListenError
from ndrfilter.terminal import reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from ndrfilter.config.model import Listener


def context(listener: Listener, before: ssl.SSLContext | None = None) -> ssl.SSLContext | None:
    """What speaks TLS for this listener, None if it is plain; raises ListenError.

    `before` goes on being used if the key may not be read any more: root could read it at the start, we cannot now.
    """
    if listener.certificate is None or listener.key is None:
        return None
    try:
        for key, path in (("certificate", listener.certificate), ("key", listener.key)):
            _readable(key, path)
    except ListenError as wrong:
        if before is not None and isinstance(wrong.__cause__, PermissionError):
            return before
        raise
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        made.load_cert_chain(listener.certificate, listener.key, password=lambda: "")
    except (ssl.SSLError, OSError, ValueError) as error:
        raise _unusable(listener, error) from error
    return made


def _readable(key: str, path: Path) -> None:
    try:
        with opened(path):
            pass
    except OSError as error:
        raise ListenError("E775", f"cannot read {path}: {reason(error)}", "a file in PEM form", key) from error


def _unusable(listener: Listener, error: Exception) -> ListenError:
    if getattr(error, "reason", "") == "KEY_VALUES_MISMATCH":
        message = f"{listener.key} is not the key of {listener.certificate}"
        return ListenError("E775", message, "take both from the same folder", "key")
    message = f"{listener.certificate} and {listener.key} are no certificate with its key"
    return ListenError(
        "E775", message, "PEM form; the key without a passphrase, the chain behind the certificate", "key"
    )
