"""Bounces to tagged and untagged addresses, and the section of a site that tags its mail."""

from __future__ import annotations

import pytest

from ndrfilter import Envelope, resources
from ndrfilter.message.addresses import parse_address
from ndrfilter.message.tags import prvs_of
from ndrfilter.plugin import Key

batv = resources.plugin("batv")
DAY = 86_400
NOW = 20_779 * DAY + 43_200.0  # 2026-11-22T12:00:00Z
SECRET = "a secret for the tests only"
DEFAULTS = {setting.name: setting.default for setting in batv.settings()}
CLIENT = {"client_ip": "198.51.100.25", "client_name": "mx.receiver.example"}


def section(**values):
    return batv.configure({**DEFAULTS, "keys": (Key("k1", SECRET.encode()),), **values})


def checked(text, now=NOW, **values):
    address = parse_address(text)
    prvs = prvs_of(address.local) if address else None
    return batv.check(prvs, address.domain, section(**values), now) if prvs else None


def config(complete=("signing",), **values):
    plugin = {"keys": {"k1": SECRET}, "since": "2026-10-01", **values}
    return {"site": {"domains": ["example.com"], "complete": list(complete)}, "plugins": [{"batv": plugin}]}


def bounce(number=0, to="alice@example.com", original=""):
    return (
        f"Return-Path: <>\nReceived: from mx.receiver.example (mx.receiver.example [198.51.100.25])\n"
        f"\tby mx.example.com (Postfix) with ESMTP id {number}; Sun, 22 Nov 2026 10:00:05 +0000\n"
        f"From: MAILER-DAEMON@mx.receiver.example\nTo: {to}\nSubject: failure notice\n\n"
        "Hi. This is the qmail-send program at mx.receiver.example.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        f"<nobody{number}@receiver.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n{original}"
    ).encode("utf-8", "surrogatepass")


def names(result):
    return {hit.name for hit in result.hits if hit.name.startswith("BATV")}


def to(*recipients):
    return Envelope(sender="", recipients=recipients, **CLIENT)


class Kit:
    """What the tests of this folder make mail with."""

    section, checked, config, bounce, names, to = map(staticmethod, (section, checked, config, bounce, names, to))
    DAY, NOW, SECRET, CLIENT = DAY, NOW, SECRET, CLIENT


@pytest.fixture(scope="session")
def kit():
    return Kit
