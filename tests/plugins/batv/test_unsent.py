"""Whether an address can be the sender of mail of ours, said before there is a message: never where only that tells."""

import pytest

from ndrfilter import Envelope, Filter

FORGED = "prvs=1784ae6e14=alice@example.com"
VALID = "prvs=1784e71dd2=alice@example.com"
EXPIRED = "prvs=177819f246=alice@example.com"


class Clock:
    def __init__(self, now):
        self._now = now

    def now(self):
        return self._now


@pytest.fixture
def unsent(kit):
    """The fact, for these recipients."""

    def ask(*to, raw=b"", now=kit.NOW, sender="", client="198.51.100.25", name="mx.receiver.example", **values):
        config = kit.config(**values)
        config["site"]["relays"] = ["192.0.2.8/29"]
        config["site"]["receivers"] = ["mx.backup.example"]
        facts = Filter.from_config(config, clock=Clock(now)).facts(
            raw, Envelope(sender, to, client_ip=client, client_name=name)
        )
        return facts.fact("batv.unsent")

    return ask


@pytest.mark.parametrize("to", ["alice@example.com", "Alice@Example.COM", FORGED])
def test_what_no_mail_of_ours_bears(unsent, to):
    assert unsent(to) is True


@pytest.mark.parametrize(
    "to", [VALID, EXPIRED, "prvs=5784ae6e14=alice@example.com", "alice@elsewhere.example", '"a b"@example.com',
           "SRS0=abcd=aa=other.example=bob@example.com", "prvs=178499999=alice@example.com"],
)  # fmt: skip
def test_what_may_be_of_ours_or_is_not_for_us(unsent, to):
    assert unsent(to) is False


def test_one_recipient_that_may_be_is_enough(unsent):
    assert unsent("alice@example.com", VALID) is False


@pytest.mark.parametrize(
    "said",
    [{"sender": "bob@receiver.example"}, {"client": "192.0.2.10"}, {"client": "10.0.0.1"}, {"client": None},
     {"client": "unknown"}, {"name": "mx.backup.example"}, {"exempt_recipients": ["list.example"]},
     {"exempt_senders": ["alice@*"]}, {"since": "2026-11-20"}, {"raw": b"Subject: failure notice\n\ntext\n"}],
    ids=str,
)  # fmt: skip
def test_where_it_cannot_be_known(unsent, said):
    assert unsent("alice@example.com", **said) is False


def test_what_is_older_than_the_tags_has_ten_days_to_come_back(unsent, kit):
    since = kit.NOW - 43_200  # midnight of 2026-11-22
    assert unsent("alice@example.com", since="2026-11-22", now=since + 11 * kit.DAY - 1) is False
    assert unsent("alice@example.com", since="2026-11-22", now=since + 11 * kit.DAY) is True


def test_nobody_says_since_when(unsent):
    assert unsent("alice@example.com", since="") is None
