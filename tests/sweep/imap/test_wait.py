"""Waiting for mail at a real server, by IDLE and without it."""

from __future__ import annotations

import threading

import pytest
from dovecot_server import PROGRAMS

from ndrfilter import limits
from ndrfilter.sweep.mailbox import CutOffError

pytestmark = pytest.mark.client(*PROGRAMS)


@pytest.fixture(params=[(), ("IDLE",)], ids=["IDLE", "polling"])
def account(request, served, monkeypatch):
    """A mailbox at a server with and without IDLE; neither is asked for long."""
    monkeypatch.setattr(limits, "IMAP_POLL", 0.1)
    monkeypatch.setattr(limits, "IMAP_IDLE", 0.5)
    return served(without=request.param)


def test_mail_that_comes_while_we_wait(account):
    mailbox = account.open()
    mailbox.open("INBOX")
    assert mailbox.wait(0.2) is False
    waiting = threading.Timer(0.7, account.deliver, ["new"])  # after IDLE was asked anew
    waiting.start()
    assert mailbox.wait(30.0) is True
    waiting.join()
    assert mailbox.wait(0.2) is False
    assert mailbox.open("INBOX").messages == 1


def test_mail_that_came_before_we_wait(account):
    account.deliver("old")
    mailbox = account.open()
    mailbox.open("INBOX")
    account.deliver("new")
    assert mailbox.wait(30.0) is True
    account.deliver("newer")
    assert len(list(mailbox.heads(["1", "2"]))) == 2
    assert mailbox.wait(30.0) is True


def test_a_connection_that_is_cut_while_we_wait(account):
    mailbox = account.open()
    mailbox.open("INBOX")
    cut = threading.Timer(0.3, account.server.kick)
    cut.start()
    with pytest.raises(CutOffError):
        mailbox.wait(30.0)
    cut.join()
    assert mailbox.again().messages == 0
