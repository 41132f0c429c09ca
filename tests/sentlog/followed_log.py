"""A Postfix log that grows and is followed: its lines, and a follower that can die and start again."""

from ndrfilter.sentlog import known
from ndrfilter.sentlog.follow import Follower
from ndrfilter.sentlog.trust import Trust
from ndrfilter.site import Site

START = 1795338000.0  # 2026-11-22T09:00:00Z
NOW = START + 3600.0
TRUST = Trust((Site(domains=("example.com",)),))


def stamp(second):
    return f"2026-11-22T09:{second // 60 % 60:02}:{second % 60:02}+00:00"


def lines(number, *, second=None):
    """The log of one message of ours, as a list of lines."""
    queue = f"4F{number:08X}"
    second = number if second is None else second
    texts = (
        f"smtpd[1]: {queue}: client=laptop[203.0.113.9], sasl_method=PLAIN, sasl_username=alice",
        f"cleanup[2]: {queue}: message-id=<{number}@example.com>",
        f"qmgr[3]: {queue}: from=<alice@example.com>, size=300, nrcpt=1 (queue active)",
        f"smtp[4]: {queue}: to=<bob@receiver.example>, relay=mx[198.51.100.25]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, "
        "status=sent (ok)",
        f"qmgr[3]: {queue}: removed",
    )
    return [f"{stamp(second)} mail postfix/{text}\n" for text in texts]


def log(*numbers):
    return "".join("".join(lines(number)) for number in numbers)


class Following:
    """A follower of a file, as the command drives it, that can die and start again."""

    def __init__(self, path, store):
        self.path, self.store, self.said = path, store, []
        self.start()

    def start(self):
        self.follower = Follower(self.store, TRUST, str(self.path), self.said.append)
        self.follower.open(self.path)

    def read(self):
        while self.follower.step(NOW):
            pass

    def catch_up(self):
        self.read()
        self.follower.commit(NOW)

    def has(self, number):
        return known(self.store, f"<{number}@example.com>", ["alice@example.com"], ["bob@receiver.example"]) is not None

    def recorded(self, upto=60):
        return [number for number in range(upto) if self.has(number)]


def append(path, text):
    with path.open("a") as file:
        file.write(text)
