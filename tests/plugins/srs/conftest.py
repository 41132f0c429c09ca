"""Bounces of what we forwarded, and the section of a site that forwards."""

from __future__ import annotations

import pytest

from ndrfilter import Envelope, resources
from ndrfilter.message.addresses import parse_address
from ndrfilter.message.tags import srs_of

srs = resources.plugin("srs")
DAY = 86_400
NOW = 20_779 * DAY + 43_200.0  # 2026-11-22T12:00:00Z
SECRET = "a secret for the tests only"
DEFAULTS = {setting.name: setting.default for setting in srs.settings()}
GOOD = "SRS0=+z+g=JJ=else.example=joe@example.com"


def section(**values):
    return srs.configure({**DEFAULTS, "secrets": (SECRET,), **values})


def checked(text, now=NOW, **values):
    found = srs_of(parse_address(text).local)
    return srs.check(found, section(**values), now) if found else None


def config(**values):
    return {"site": {"domains": ["example.com"]}, "plugins": [{"srs": {"secrets": [SECRET], **values}}]}


def bounce(number=0, path=GOOD):
    return (
        f"Return-Path: <>\nFrom: MAILER-DAEMON@mx.receiver.example\nSubject: failure notice\n\n"
        "Hi. This is the qmail-send program at mx.receiver.example.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        f"<nobody{number}@receiver.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        f"--- Below this line is a copy of the message.\n\nReturn-Path: <{path}>\nFrom: joe@else.example\n"
        "To: alice@example.com\nSubject: lunch\n\nlunch?\n"
    ).encode("utf-8", "surrogatepass")


def to(*recipients):
    return Envelope(sender="", recipients=recipients)


def names(result):
    return {hit.name for hit in result.hits if hit.name.startswith("SRS")}


class Kit:
    """What the tests of this folder make mail with."""

    section, checked, config, bounce, to, names = map(staticmethod, (section, checked, config, bounce, to, names))
    DAY, NOW, SECRET = DAY, NOW, SECRET


@pytest.fixture(scope="session")
def kit():
    return Kit
