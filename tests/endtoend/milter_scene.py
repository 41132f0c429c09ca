"""Postfix with our milter, set up from its page; letters to send, each with the verdict that it must get."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from pathlib import Path

from mailhost import MailHost, letter
from service_process import Serving

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests" / "cases" / "dsn"
PAGE = ROOT / "docs" / "service" / "postfix-milter.md"
ALICE = "alice@home-postfix.test"
STRICT = 12035  # where Postfix takes no mail that the milter has not seen
_FOLDER = "/var/spool/postfix/"
_SITE = (ROOT / "docs" / "demo" / "ndrfilter.yml").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```(?:\w+) (?P<name>[^\n]+)\n(?P<text>.*?)^```$", re.M | re.S)
_CLIENT = re.compile(rb"Received: from \S+ \((\S+) \[([\d.]+)\]\)")
_STATUS = re.compile(rb"^X-NDR-Status: ([a-z-]+)", re.M)
_WORDS = ("invoice", "meeting", "garden", "lunch", "report", "train", "ticket", "photos", "budget", "weather")


def block(name):
    """The page's block of that name."""
    return {found["name"]: found["text"] for found in _BLOCK.finditer(PAGE.read_text())}[name]


def settings(name):
    """A main.cf of the page as options."""
    return dict(line.split(" = ", 1) for line in block(name).splitlines())


class Letters:
    """Messages to send, with the verdict that each must get."""

    def __init__(self, folder):
        self.folder, self.folders, self.verdicts = folder, [folder], {}
        folder.mkdir()

    def add(self, raw, sender, verdict, to=ALICE, **more):
        """One message with a mark of its own."""
        mark = f"m{len(self.verdicts):05}"
        self.verdicts[mark] = verdict
        letter(self.folder, mark, b"X-Mark: " + mark.encode() + b"\n" + raw, sender, to, **more)

    def ordinary(self, number):
        """A letter like any other."""
        words = [_WORDS[(number * step) % len(_WORDS)] for step in (1, 3, 7, 9)]
        text = "\n".join(" ".join(words) for _ in range(1 + number % 40))
        raw = f"From: Bob <bob@remote.test>\nTo: {ALICE}\nSubject: {words[0]}\nMessage-ID: <{number}@remote.test>\n\n{text}\n"
        self.add(raw.encode(), "bob@remote.test", b"not-a-bounce")

    def dsn(self, file, verdict):
        """A bounce of the collection, as it came by SMTP: without what our own server had written on top."""
        raw = file.read_bytes()
        rest = raw.partition(b"\nReceived: ")[2]
        top, end, rest = (b"Received: " + rest).partition(b"\n\tfor ")
        client = _CLIENT.match(top)
        if client is None:
            self.add(rest if end else raw, "", verdict)
        else:
            name, ip = (word.decode() for word in client.groups())
            self.add(rest.partition(b"\n")[2], "", verdict, xclient=f"ADDR={ip} NAME={name}")

    def mixed(self, total):
        """Three ordinary letters to two bounces of the collection."""
        cases = [line.split("\t")[:5] for line in (CASES / "manifest.tsv").read_text().splitlines()[1:]]
        foreign = [(CASES / case[0], case[4].encode()) for case in cases if "-own-" not in case[0]]
        for number in range(len(self.verdicts), len(self.verdicts) + total):
            if number % 5 < 3:
                self.ordinary(number)
            else:
                self.dsn(*foreign[number % len(foreign)])
        return self

    def more(self, total):
        """A new folder of so many more."""
        self.folder = self.folders[0].with_name(f"out{len(self.folders)}")
        self.folder.mkdir()
        self.folders.append(self.folder)
        return self.mixed(total).folder


class Scene:
    """Postfix, our service, and a clean mailbox for each test."""

    def __init__(self, folder, harness):
        self.folder = folder
        self.host = MailHost(folder, harness)
        self.socket = self.host.box("postfix") / "spool" / "ndrfilter" / "milter.sock"
        self.socket.parent.mkdir(parents=True)
        for path in (self.host.box("postfix"), self.socket.parent.parent, self.socket.parent):
            path.chmod(0o755)
        self.config = folder / "ndrfilter.yml"

    def configure(self, extra="", **service):
        """The page's listener, where this Postfix has its queue, for the site of the demonstration."""
        written = block("/etc/ndrfilter/ndrfilter.yml")
        listen = written[written.index("listen:") : written.index("service:")]
        listen = listen.replace(f"{_FOLDER}ndrfilter/milter.sock", str(self.socket))
        listen = listen.replace("group: postfix", 'mode: "0666"')  # the harness' Postfix has a group of its own
        options = "".join(f"  {name}: {value}\n" for name, value in {"workers": 2, **service}.items())
        self.config.write_text(f"{_SITE}\n{listen}service:\n{options}{extra}")

    def serve(self):
        """Our service."""
        return Serving(self.config, env={"NDRFILTER_STATE": str(self.folder / "state")})

    def postfix(self):
        """Postfix by the page, and once more on a port of its own, where mail waits for the milter."""
        page = {**settings("/etc/postfix/main.cf"), **settings("main.cf for own bounces")}
        site = {
            "mynetworks": "127.0.0.0/8, 192.0.2.0/28",
            "virtual_mailbox_domains": "home-postfix.test",
            "virtual_mailbox_maps": "static:home/",
        }
        self.host.configure(
            {**page, **site, "myhostname": "mail.home-postfix.test"},
            f"127.0.0.1:{STRICT} inet n - n - - smtpd\n  -o milter_default_action=tempfail\n",
        )
        self.host.up("sink")
        self.host.up("postfix")

    def letters(self, total=0):
        """A folder of letters; the mailbox is emptied."""
        for file in (self.host.box("postfix") / "mail" / "home" / "new").glob("*"):
            file.unlink()
        return Letters(Path(tempfile.mkdtemp(dir=self.folder)) / "out").mixed(total)

    def delivered(self):
        """Each message's mark and its verdicts, once the queue is empty."""
        self.host.settle()
        found = Counter()
        for raw in self.host.mailbox("postfix", "home"):
            header = raw.partition(b"\n\n")[0]
            mark = re.search(rb"^X-Mark: (\w+)", header, re.M)
            found[mark[1].decode() if mark else "", tuple(_STATUS.findall(header))] += 1
        return found


def once_each(verdicts):
    """What a mailbox has when each of these messages came once, with its verdict."""
    return Counter((mark, (verdict,)) for mark, verdict in verdicts.items())


def accepted(told):
    """The marks of the messages that the server took."""
    return {mark for mark, reply in told.items() if reply.startswith("250")}
