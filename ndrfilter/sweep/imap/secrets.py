"""The password or token: asked for, from a file, a command, or the desktop's keyring. It is in no message, repr or log.

Architecture invariant: a secret leaves this module only towards the server that it is for.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import threading

from ndrfilter import limits
from ndrfilter.sweep.mailbox import PlaceError
from ndrfilter.terminal import clip, reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from ndrfilter.sweep.imap.server import Server
    from ndrfilter.sweep.places import Access

SERVICE = "ndrfilter"
_WAYS = "--password-file, --password-command, --keyring or --token-command"
_SHOWN = 200  # characters


class Secret:
    """How we prove who we are to that server; `token` is whether it is an OAuth2 token."""

    def __init__(self, server: Server, access: Access) -> None:
        """Raises PlaceError where more than one way is named."""
        named = (access.password_file, access.password_command, access.keyring or None, access.token_command)
        if sum(way is not None for way in named) > 1:
            raise PlaceError(f"name one of {_WAYS}, not several")
        self._server, self._access, self._said = server, access, ""
        self.token = access.token_command is not None

    def get(self) -> str:
        """It, as it is now: a token may be another one each time, a person is asked once. Raises PlaceError."""
        found = self._found()
        if not found or any(char in found for char in "\0\r\n"):
            raise PlaceError(f"{self._server.name}: the {self._noun} is empty, or no single line")
        return found

    @property
    def _noun(self) -> str:
        return "token" if self.token else "password"

    def _found(self) -> str:
        access = self._access
        if access.password_file is not None:
            return from_file(access.password_file)
        if access.keyring:
            return from_keyring(self._server)
        command = access.token_command or access.password_command
        return self._asked() if command is None else from_command(command, self._noun)

    def _asked(self) -> str:
        if self._access.ask is None:
            raise PlaceError(f"{self._server.name}: nobody can be asked for the password here; use {_WAYS}")
        self._said = self._said or self._access.ask(f"Password of {self._server.user} at {self._server.host}: ")
        return self._said


def from_file(path: Path) -> str:
    """The first line of that file; raises PlaceError, also where others may read it."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            line = file.readline(limits.SWEEP_SECRET)
    except OSError as error:
        raise PlaceError(f"the password file {clip(str(path), _SHOWN)} cannot be read: {reason(error)}") from None
    if os.name == "posix" and mode & 0o077:
        shown = clip(shlex.quote(str(path)), _SHOWN)
        raise PlaceError(f"others may read the password file {shown}: chmod 600 {shown}")
    return _text(line)


def from_command(command: str, noun: str = "password") -> str:
    """The first line of what that command prints; it may ask at the terminal itself. Raises PlaceError."""
    what = f"the {noun} command"
    try:
        words = shlex.split(command)
        program = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)  # noqa: S603 - the person's
    except (OSError, ValueError, IndexError) as error:
        raise PlaceError(f"{what} does not run: {reason(error)}") from None
    with contextlib.ExitStack() as stack:
        stack.callback(program.kill)
        said = _printed(program)
        if said is None:
            raise PlaceError(f"{what} did not end within {limits.SWEEP_SECRET_PATIENCE:g} s")
        if len(said) > limits.SWEEP_SECRET:
            raise PlaceError(f"{what} prints more than {limits.SWEEP_SECRET} bytes: the {noun} must be its first line")
        if code := _code(program, what):
            raise PlaceError(f"{what} failed with exit code {code}: run it by hand to see why")
    return _text(said.partition(b"\n")[0])


def _printed(program: subprocess.Popen[bytes]) -> bytes | None:
    """What it writes, as much as may be; None if it does not end. A child of its own may hold the pipe: so a thread."""
    said: list[bytes] = []
    stream = program.stdout
    reader = threading.Thread(target=lambda: said.append(stream.read(limits.SWEEP_SECRET + 1)), daemon=True)  # type: ignore[union-attr]
    reader.start()
    reader.join(limits.SWEEP_SECRET_PATIENCE)
    return said[0] if said else None


def _code(program: subprocess.Popen[bytes], what: str) -> int:
    try:
        return program.wait(limits.SWEEP_SECRET_PATIENCE)
    except subprocess.TimeoutExpired:
        raise PlaceError(f"{what} did not end within {limits.SWEEP_SECRET_PATIENCE:g} s") from None


def from_keyring(server: Server) -> str:
    """What the desktop's keyring has for service "ndrfilter", name user@host; raises PlaceError."""
    try:
        import keyring
    except ImportError:
        raise PlaceError("--keyring needs a library that is not installed: pip install 'ndrfilter[keyring]'") from None
    name = f"{server.user}@{server.host}"
    try:
        found = keyring.get_password(SERVICE, name)
    except Exception as error:  # backends raise what they like
        raise PlaceError(f"the keyring does not open: {type(error).__name__}") from None
    if not found:
        raise PlaceError(
            f"the keyring has no password for {clip(name, _SHOWN)}: keyring set {SERVICE} {clip(name, _SHOWN)}"
        )
    return str(found)


def _text(line: bytes) -> str:
    try:
        return line.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise PlaceError("the first line is no text in UTF-8, so no password") from None
