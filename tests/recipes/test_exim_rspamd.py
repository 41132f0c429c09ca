"""A real Exim asks our HTTP door in its rspamd variant, set up from the page: the marks it adds, and mail without us."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from exim_process import beside, exim_as_on, field

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "service" / "exim-rspamd.md").read_text(encoding="utf-8")
DSNS = ROOT / "tests" / "cases" / "dsn"

pytestmark = pytest.mark.mta


@pytest.fixture(scope="module")
def exim(shared):
    with exim_as_on(PAGE, shared / "mta") as server:
        yield server


@pytest.fixture
def ours(exim, tmp_path):
    with beside(exim, PAGE, tmp_path) as serving:
        yield serving


def test_a_message_is_marked_by_its_verdict(exim, ours):
    raw = exim.deliver(b"x-ndr-status: genuine; score=-9.0\n" + (DSNS / "forged-postfix-full.eml").read_bytes())
    (status,) = field(raw, "X-NDR-Status")
    assert re.fullmatch(r"backscatter; score=[5-9]\.\d", status)
    (report,) = field(raw, "X-NDR-Report")
    assert report.startswith("Action: add header Symbol: NDR_BACKSCATTER(0.00) Symbol: NDR_")
    raw = exim.deliver((DSNS / "genuine-postfix-full.eml").read_bytes())
    assert field(raw, "X-NDR-Status")[0].startswith("genuine; score=-")
    raw = exim.deliver(b"From: bob@example.com\nSubject: lunch\n\nAt one?\n", "bob@example.com")
    assert field(raw, "X-NDR-Status") == ["not-a-bounce; score=0.0"]


def test_what_somebody_else_sent_in_our_name_may_be_refused(exim, ours):
    with pytest.raises(AssertionError, match="This is a bounce of a message that we did not send"):
        exim.send(b"X-Refuse: yes\n" + (DSNS / "forged-postfix-full.eml").read_bytes(), "<>")
    raw = exim.deliver(b"X-Refuse: yes\n" + (DSNS / "genuine-postfix-full.eml").read_bytes())
    assert field(raw, "X-NDR-Status")[0].startswith("genuine; score=-")


def test_mail_passes_unmarked_without_us(exim):
    raw = exim.deliver((DSNS / "forged-postfix-full.eml").read_bytes())
    assert field(raw, "X-NDR-Status") == field(raw, "X-NDR-Report") == []
    assert "spam acl condition: all spamd servers failed" in (exim.folder / "home/exim/log/mainlog").read_text()
