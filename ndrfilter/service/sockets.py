"""The listening sockets: all of them bound before anything else starts, or none."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from pathlib import Path

from ndrfilter import limits
from ndrfilter.errors import ConfigError, Diagnostic
from ndrfilter.noun import Noun
from ndrfilter.service.identity import group_id
from ndrfilter.service.listening import ListenError
from ndrfilter.service.tls import context
from ndrfilter.terminal import reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from ssl import SSLContext

    from ndrfilter.config import Config
    from ndrfilter.config.model import Listener

_OURS = (-1, -1)
_PORTS = "root may bind it, or who has CAP_NET_BIND_SERVICE; systemd can hand the socket over"


class Bound(Noun):
    """A listener with its listening socket, non-blocking and shared by all workers."""

    listener: Listener
    socket: socket.socket
    tls: SSLContext | None = None

    def __str__(self) -> str:
        """As it is said in the log: the port is the real one."""
        one = self.listener
        told = one if one.port or not one.host else one._replace(port=self.socket.getsockname()[1])
        return f"{one.door} on {told}"


class Sockets:
    """What was bound, and what has to be undone."""

    def __init__(self, passed: Mapping[str, list[socket.socket]], owner: tuple[int, int] = _OURS) -> None:
        """`passed` are sockets that were handed over, by name; `owner` is the user and the group of socket files."""
        self.bound: list[Bound] = []
        self._numbers: list[int] = []  # whose listener each of them is
        self._passed = passed
        self._owner = owner
        self._files: list[tuple[str, int, int]] = []

    def open(self, config: Config) -> None:
        """Bind every listener; raises ConfigError with everything that was wrong, and then nothing is bound."""
        mistakes = []
        for number, listener in enumerate(config.listen):
            try:
                made = self._bind(listener)
                self.bound += made
                self._numbers += [number] * len(made)
            except ListenError as wrong:
                mistakes.append(wrong.diagnostic(config, number))
        if not mistakes:
            try:
                for one in self.bound:
                    one.socket.listen(limits.SERVICE_BACKLOG)
            except OSError as error:  # between our bind and now somebody else listened there
                mistakes.append(Diagnostic("E770", f"{one}: {reason(error)}"))
        if mistakes:
            self.close()
            raise ConfigError(mistakes)

    def adopt(self, config: Config) -> tuple[Bound, ...]:
        """The same sockets for a configuration that listens at the same places; raises ConfigError for its TLS."""
        made, mistakes = [], []
        for one, number in zip(self.bound, self._numbers, strict=True):
            listener = config.listen[number]
            try:
                made.append(one._replace(listener=listener, tls=context(listener, one.tls)))
            except ListenError as wrong:
                mistakes.append(wrong.diagnostic(config, number))
        if mistakes:
            raise ConfigError(mistakes)
        return tuple(made)

    def close(self) -> None:
        """Listen no longer, and take away the socket files that are still ours."""
        for path, device, inode in self._files:
            with contextlib.suppress(OSError):
                found = os.lstat(path)
                if (found.st_dev, found.st_ino) == (device, inode):
                    Path(path).unlink()
        self._files.clear()
        for one in self.bound:
            one.socket.close()
        self.bound.clear()

    def _bind(self, listener: Listener) -> list[Bound]:
        tls = context(listener)
        if listener.inherited:
            made = self._inherit(listener.inherited)
        elif listener.path:
            made = [self._bind_file(listener)]
        else:
            made = [_bind_port(listener)]
        for one in made:
            one.setblocking(False)
        return [Bound(listener, one, tls) for one in made]

    def _inherit(self, name: str) -> list[socket.socket]:
        found = self._passed.get(name, [])
        if not found:
            passed = f"handed over were: {', '.join(self._passed)}" if self._passed else "none was handed over at all"
            raise ListenError(
                "E774", f'no socket named "{name}" was handed over', f"FileDescriptorName={name}; {passed}"
            )
        if any(one.type != socket.SOCK_STREAM for one in found):
            raise ListenError("E774", f'the socket "{name}" takes no connections', "ListenStream= makes one that does")
        return found

    def _bind_file(self, listener: Listener) -> socket.socket:
        path = Path(listener.path)
        group = group_id(listener.group) if listener.group else self._owner[1]
        if group is None:
            advice = "the group that the mail server runs in"
            raise ListenError("E773", f'there is no group "{listener.group}"', advice, "group")
        _clear(path)
        made = socket.socket(socket.AF_UNIX)
        before = os.umask(0o777 & ~listener.mode)  # a chmod would follow whoever puts a symbolic link there meanwhile
        try:
            made.bind(str(path))
        except OSError as error:
            made.close()
            advice = "the folder has to be there, and this user must be able to write in it"
            raise ListenError("E772", f"cannot make {path}: {reason(error)}", advice) from error
        finally:
            os.umask(before)
        found = path.lstat()
        self._files.append((str(path), found.st_dev, found.st_ino))
        try:
            if (self._owner[0], group) != _OURS:
                os.chown(path, self._owner[0], group, follow_symlinks=False)
        except OSError as error:
            made.close()
            advice = "be a member of that group, or start as root"
            raise ListenError(
                "E773", f"cannot give {path} to {listener.group}: {reason(error)}", advice, "group"
            ) from error
        return made


def _clear(path: Path) -> None:
    """Take a socket file away that nobody listens on any more; raises ListenError if something else is there."""
    try:
        found = path.lstat()
    except OSError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise ListenError("E771", f"{path} is there, and is no socket", "choose another path, or take it away yourself")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        answer = probe.connect_ex(str(path))
    if answer not in (errno.ECONNREFUSED, errno.ENOENT):
        taken = answer in (0, errno.EAGAIN)
        message = f"{path} is taken: somebody listens there" if taken else f"{path} is there: {os.strerror(answer)}"
        raise ListenError("E770", message, "stop the other program, or choose another path")
    with contextlib.suppress(OSError):  # then binding says what is wrong
        path.unlink()


def _bind_port(listener: Listener) -> socket.socket:
    try:
        made = _stream(listener.host)
    except OSError as error:
        raise ListenError("E770", f"{listener}: {reason(error)}", "write an IPv4 address") from error
    host = listener.host if made.family == socket.AF_INET6 or ":" not in listener.host else "0.0.0.0"  # noqa: S104
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, listener.port))
    except OSError as error:
        made.close()
        raise _not_bound(listener, error) from error
    return made


def _stream(host: str) -> socket.socket:
    """A socket for the address; every address of a machine that has no IPv6 is every IPv4 address."""
    if ":" not in host:
        return socket.socket(socket.AF_INET)
    try:
        made = socket.socket(socket.AF_INET6)
    except OSError:
        if host != "::":
            raise
        return socket.socket(socket.AF_INET)
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, host != "::")
    return made


def _not_bound(listener: Listener, error: OSError) -> ListenError:
    if error.errno == errno.EADDRINUSE:
        advice = f"`ss -ltnp sport = :{listener.port}` says who; stop it, or choose another port"
        return ListenError("E770", f"{listener} is taken: another program listens there", advice)
    if error.errno == errno.EADDRNOTAVAIL:
        return ListenError("E770", f"{listener.host} is no address of this machine", "`ip address` shows those it has")
    if error.errno in (errno.EACCES, errno.EPERM):
        return ListenError("E770", f"this user may not bind {listener}", _PORTS)
    return ListenError("E770", f"{listener}: {reason(error)}")
