"""Who the service runs as: never root by accident, and root no longer than it takes to bind."""

from __future__ import annotations

import os
from contextlib import contextmanager
from grp import getgrgid, getgrnam
from pwd import getpwnam, getpwuid

from ndrfilter.config.tree import Place
from ndrfilter.errors import ConfigError, Diagnostic
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndrfilter.config import Config

ROOT = "root"
_NAME_ONE = "service: {user: ndrfilter}, or --user; containers that know nobody else may say --user root"


class Identity(Noun):
    """A user to change to, with the group that its files get."""

    name: str
    uid: int
    gid: int
    home: str

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Do something as this user, and be root again."""
        groups = os.getgroups()
        os.initgroups(self.name, self.gid)
        os.setegid(self.gid)
        os.seteuid(self.uid)
        try:
            yield
        finally:
            os.seteuid(0)
            os.setegid(0)
            os.setgroups(groups)

    def become(self) -> None:
        """Change to this user for good."""
        os.initgroups(self.name, self.gid)
        os.setgid(self.gid)
        os.setuid(self.uid)
        os.environ.update(HOME=self.home, USER=self.name, LOGNAME=self.name)


def wanted(config: Config) -> Identity | None:
    """Whom to change to, None if we are already who we should be; raises ConfigError."""
    service = config.service
    if service.user:
        user = _user(config)
    elif os.geteuid() == 0:
        raise _wrong(config, "user", "refusing to run as root: name a user to change to", _NAME_ONE)
    else:
        user = _us()
    gid = group_id(service.group) if service.group else user.gid
    if gid is None:
        raise _wrong(config, "group", f'there is no group "{service.group}"', "groupadd --system makes one")
    if os.geteuid() == 0:
        return None if user.uid == 0 else user._replace(gid=gid)
    if (user.uid, gid) != (os.geteuid(), os.getegid()):
        key = "user" if user.uid != os.geteuid() else "group"
        us = f"{_us().name}:{_group_name(os.getegid())}"
        other = f"{user.name}:{_group_name(gid)}"
        raise _wrong(config, key, f"started as {us}, which cannot become {other}", "start it as root, or as them")
    return None


def group_id(name: str) -> int | None:
    """The number of a group, by its name or its number."""
    try:
        return getgrnam(name).gr_gid
    except KeyError:
        return int(name) if name.isdecimal() else None


def _user(config: Config) -> Identity:
    name = config.service.user
    try:
        found = getpwuid(int(name)) if name.isdecimal() else getpwnam(name)
    except (KeyError, OverflowError):
        advice = f"useradd --system --no-create-home {name if name.isidentifier() else 'ndrfilter'} makes one"
        raise _wrong(config, "user", f'there is no user "{name}"', advice) from None
    return Identity(found.pw_name, found.pw_uid, found.pw_gid, found.pw_dir)


def _us() -> Identity:
    try:
        name, home = getpwuid(os.geteuid()).pw_name, ""
    except KeyError:
        name, home = str(os.geteuid()), ""
    return Identity(name, os.geteuid(), os.getegid(), home)


def _group_name(gid: int) -> str:
    try:
        return getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _wrong(config: Config, key: str, message: str, advice: str) -> ConfigError:
    place = config.origins.get(f"service.{key}", Place(f"service.{key}"))
    return ConfigError([Diagnostic("E778", message, *place, help=advice)])
