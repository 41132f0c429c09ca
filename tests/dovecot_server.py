"""A private Dovecot on loopback: real IMAP with TLS by a CA made on the spot, for tests that need somebody's mailbox.

    with DovecotServer(tmp_path / "dovecot") as server:
        server.deliver("alice", "INBOX", raw)
        place, ca_file = server.place("alice"), server.ca     # imaps://alice@localhost:PORT, password in server.password
        before = server.counts("alice")

Needs Debian's dovecot-core and dovecot-imapd, and openssl. To root, Dovecot runs in a user namespace as somebody else:
it never gives mail to root. Mail is looked at and delivered in its files, so that nothing of ours stands in between.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import quote

PROGRAMS = ("dovecot", "doveadm", "openssl")  # for the marker `client`
PATIENCE = 30.0  # seconds
NEWCOMERS = 500
SOMEBODY = "mail"  # whom root becomes; every system has this account

CONFIG = """
protocols = imap
base_dir = {run}
state_dir = {run}
log_path = {home}/log
auth_verbose = yes
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
listen = 127.0.0.1
ssl = required
ssl_cert = <{home}/tls/server.pem
ssl_key = <{home}/tls/server.key
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = yes
auth_mechanisms = plain login
auth_failure_delay = 0
login_trusted_networks =
mail_home = {home}/homes/%n
mail_location = maildir:~/Maildir
mail_plugins = quota acl
mail_max_userip_connections = 50
maildir_very_dirty_syncs = no
imap_capability = {capability}
imap_idle_notify_interval = 60 s
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {starttls}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service imap {{
  process_limit = 50
}}
protocol imap {{
  mail_plugins = quota acl imap_quota imap_acl
}}
plugin {{
  quota = maildir:User quota
  acl = vfile
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {home}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {home}/users
  default_fields = uid={user} gid={group} home={home}/homes/%n
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
{special}
}}
namespace shared {{
  type = public
  separator = {separator}
  prefix = Public{separator}
  location = maildir:{home}/public:INDEXPVT=~/public
  subscriptions = no
  list = children
}}
"""
SPECIAL = (("Drafts", "Drafts"), ("Junk", "Junk"), ("Sent", "Sent"), ("Trash", "Trash"))


class DovecotServer:
    """A running Dovecot; a context manager.

    `users` maps names to passwords. `without` leaves capabilities out ("MOVE", "IDLE", "UIDPLUS", "SPECIAL-USE"; the
    last also takes the folders' uses away). `quota` limits every user's mail, in bytes. `prefix` ("INBOX.") and
    `separator` are the personal namespace's. `names` are what the certificate is for.
    """

    def __init__(
        self,
        home: Path,
        users: dict[str, str] | None = None,
        *,
        without: Iterable[str] = (),
        quota: int = 0,
        prefix: str = "",
        separator: str = "/",
        names: Iterable[str] = ("localhost",),
        special: Iterable[tuple[str, str]] = SPECIAL,
    ) -> None:
        self.home = home
        self.users = dict(users) if users else {"alice": 'se cret"é', "bob@example.com": "bob's"}
        self.password = self.users[next(iter(self.users))]
        self.quota, self.prefix, self.separator = quota, prefix, separator
        self.without, self.special, self.names = tuple(without), tuple(special), tuple(names)
        self.ca = home / "tls" / "ca.pem"
        self.imaps, self.starttls = _free_port(), _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._run = tempfile.mkdtemp(
            prefix="dv"
        )  # a socket's path has 107 bytes at most (unix(7)), a test's own has more

    def __enter__(self) -> DovecotServer:
        self._lay_out()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._run, ignore_errors=True)

    # Where to find it

    def place(self, user: str = "alice", *, starttls: bool = False) -> str:
        """The PLACE for `ndrfilter sweep`."""
        scheme, port = ("imap", self.starttls) if starttls else ("imaps", self.imaps)
        return f"{scheme}://{quote(user, safe='')}@localhost:{port}"

    def password_file(self, user: str = "alice") -> Path:
        """A file with that user's password, which only we may read."""
        path = self.home / f"password-{user}"
        path.write_text(self.users[user] + "\n", encoding="utf-8")
        path.chmod(0o600)
        return path

    def log(self) -> str:
        """What Dovecot wrote into its log so far."""
        return (self.home / "log").read_text(encoding="utf-8", errors="replace")

    def newcomer(self) -> str:
        """A user who was not there before, with an empty mailbox and `password`."""
        return next(self._newcomers)

    # Mail

    def maildir(self, user: str = "alice", folder: str = "INBOX") -> Path:
        """The Maildir of a folder, named as over IMAP ("Public/…" is the shared one); it need not be there."""
        shared = f"Public{self.separator}"
        root = (
            self.home / "public" if folder.startswith(shared) else self.home / "homes" / user.split("@")[0] / "Maildir"
        )
        name = folder.removeprefix(shared)
        name = name.removeprefix(self.prefix) if self.prefix else name
        encoded = _utf7(name).replace(self.separator, ".")
        return root if name == "INBOX" else root / f".{encoded}"

    def make(self, user: str, folder: str) -> Path:
        """Makes a folder unless it is there; its Maildir."""
        path = self.maildir(user, folder)
        for part in ("tmp", "new", "cur"):
            (path / part).mkdir(parents=True, exist_ok=True)
        if path.name.startswith("."):
            (path / "maildirfolder").touch()
        return path

    def deliver(self, user: str, folder: str, raw: bytes, *, date: float | None = None, flags: str = "") -> Path:
        """Puts a message into a folder, made if need be; `date` is its INTERNALDATE, `flags` Maildir's ("S": seen)."""
        self._delivered = getattr(self, "_delivered", 0) + 1
        name = f"{1_000_000_000 + self._delivered}.M{self._delivered}P{os.getpid()}.test:2,{flags}"
        where = self.make(user, folder)
        temporary = where / "tmp" / name
        temporary.write_bytes(raw)
        if date is not None:
            os.utime(temporary, (date, date))
        return temporary.rename(where / "cur" / name)

    def mails(self, user: str = "alice") -> dict[str, list[bytes]]:
        """All messages of an account by folder (as the Maildir is named, "INBOX" first); empty folders are left out."""
        root = self.maildir(user)
        folders = {"INBOX": root} | {path.name[1:]: path for path in sorted(root.glob(".*")) if path.is_dir()}
        found = {name: [file.read_bytes() for file in _files(path)] for name, path in folders.items()}
        return {name: mails for name, mails in found.items() if mails}

    def counts(self, user: str = "alice") -> Counter[str]:
        """Digest by digest, how many messages of all folders have it: equal before and after if nothing was lost."""
        mails = self.mails(user).values()
        return Counter(hashlib.sha256(raw).hexdigest() for folder in mails for raw in folder)

    def flags(self, user: str = "alice", folder: str = "INBOX") -> list[str]:
        """The flags of each message there, as Maildir has them ("S": seen), in the order of the files' names."""
        return [file.name.partition(":2,")[2] for file in _files(self.maildir(user, folder))]

    # What goes wrong

    def take_away(self, user: str, *folders: str) -> None:
        """Removes folders with all that is in them."""
        for folder in folders:
            shutil.rmtree(self.maildir(user, folder))

    def renew(self, user: str, folder: str = "INBOX") -> None:
        """Gives a folder another UIDVALIDITY, and its messages other UIDs."""
        path = self.maildir(user, folder)
        for file in [*path.glob("dovecot-uidlist"), *path.glob("dovecot.index*")]:
            file.unlink()
        (path / "dovecot-uidlist").write_text(f"3 V{int(time.time()) + 1000} N1001 G{os.urandom(16).hex()}\n")

    def share(self, folder: str, user: str, rights: str = "lr") -> str:
        """Makes a public folder with these ACL rights for that user ("lrwstipekxa" are all); its name over IMAP."""
        name = f"Public{self.separator}{folder}"
        path = self.make(user, name)
        (path / "dovecot-acl").write_text(f"user={user} {rights}\n")
        return name

    def kick(self, user: str = "alice") -> None:
        """Cuts every connection of that user."""
        self.doveadm("kick", user)

    def doveadm(self, *words: str) -> bytes:
        """What a doveadm command says; AssertionError where it fails."""
        command = [*_as_somebody(), "doveadm", "-c", str(self.home / "dovecot.conf"), *words]
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE, env=_environment())
        assert done.returncode == 0, done.stderr
        return done.stdout

    # Its process

    def start(self) -> None:
        """Starts it, where it was stopped, on the same ports; returns when it answers."""
        command = [*_as_somebody(), "dovecot", "-F", "-c", str(self.home / "dovecot.conf")]
        self._process = subprocess.Popen(command, env=_environment(), stderr=subprocess.PIPE, start_new_session=True)
        until(self._answers, self.log_or_nothing)

    def stop(self) -> None:
        """Ends it and every connection."""
        process, self._process = self._process, None
        if process is not None:
            os.killpg(process.pid, signal.SIGTERM)  # to itself alone, it waits for its clients
            process.communicate(timeout=PATIENCE)

    def log_or_nothing(self) -> str:
        """The log, also where none was begun."""
        return self.log() if (self.home / "log").exists() else ""

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._process.communicate()[1], self.log_or_nothing())
        try:
            with socket.create_connection(("127.0.0.1", self.starttls), 1.0) as connection:
                return connection.recv(4) == b"* OK"
        except OSError:
            return False

    def _lay_out(self) -> None:
        for folder in ("tls", "homes", "public"):
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        certificate(self.home / "tls", self.names)
        # Dovecot does not look into this file again within the same second: so all are there from the beginning.
        newcomers = [f"newcomer{number}" for number in range(NEWCOMERS)]
        self.users |= dict.fromkeys(newcomers, self.password)
        self._newcomers = iter(newcomers)
        rule = f"userdb_quota_rule=*:bytes={self.quota}" if self.quota else ""
        lines = [f"{user}:{{PLAIN}}{password}::::::{rule}\n" for user, password in self.users.items()]
        (self.home / "users").write_text("".join(lines), encoding="utf-8")
        user, group = (SOMEBODY, SOMEBODY) if os.geteuid() == 0 else _ourselves()
        folders = () if "SPECIAL-USE" in self.without else self.special
        special = "".join(
            f'  mailbox "{name}" {{\n    special_use = \\{use}\n    auto = subscribe\n  }}\n' for name, use in folders
        )
        text = CONFIG.format(
            home=self.home, run=self._run, user=user, group=group, imaps=self.imaps, starttls=self.starttls, special=special,
            prefix=self.prefix, separator=self.separator, capability=self._capability(),
        )  # fmt: skip
        (self.home / "dovecot.conf").write_text(text)

    def _capability(self) -> str:
        if not self.without:
            return ""
        all_of_them = (
            "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY THREAD=REFERENCES THREAD=REFS "
            "THREAD=ORDEREDSUBJECT MULTIAPPEND URL-PARTIAL CATENATE UNSELECT CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED "
            "I18NLEVEL=1 CONDSTORE QRESYNC ESEARCH ESORT SEARCHRES WITHIN CONTEXT=SEARCH LIST-STATUS BINARY MOVE "
            "SNIPPET=FUZZY PREVIEW=FUZZY PREVIEW STATUS=SIZE SAVEDATE LITERAL+ NOTIFY SPECIAL-USE QUOTA ACL RIGHTS=texk"
        )
        return " ".join(word for word in all_of_them.split() if word not in self.without)


def until(condition: Callable[[], bool], told: Callable[[], str] = str) -> None:
    """Waits for a condition; AssertionError with what `told` says if it does not come."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, told()
        time.sleep(0.02)


def certificate(folder: Path, names: Iterable[str], *, expired: bool = False) -> None:
    """A CA (ca.pem) and a server's certificate (server.pem, server.key) for these host names or IP addresses, by it."""
    alternatives = ",".join(f"{'IP' if name[0].isdigit() else 'DNS'}:{name}" for name in names)
    new = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-batch", "-subj"]
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names.txt"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "names.txt").write_text(f"subjectAltName={alternatives}\nbasicConstraints=critical,CA:FALSE\n")
    for words in (
        [*new, "/CN=Test CA", "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2"],
        [*new, "/CN=server", "-keyout", "server.key", "-out", "server.csr"],
        ["x509", "-req", "-in", "server.csr", "-out", "server.pem", *signed, "-days", "-1" if expired else "2"],
    ):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=PATIENCE)


def _files(maildir: Path) -> list[Path]:
    return sorted(file for part in ("new", "cur") for file in (maildir / part).glob("*"))


def _utf7(name: str) -> str:
    from imapclient.imap_utf7 import encode

    return encode(name).decode()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _as_somebody() -> list[str]:
    if os.geteuid():
        return []
    account = pwd.getpwnam(SOMEBODY)
    return ["unshare", "--user", f"--map-user={account.pw_uid}", f"--map-group={account.pw_gid}"]


def _ourselves() -> tuple[str, str]:
    import grp

    account = pwd.getpwuid(os.getuid())
    return account.pw_name, grp.getgrgid(os.getgid()).gr_name


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin"}
