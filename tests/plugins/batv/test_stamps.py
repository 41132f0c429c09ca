"""Which mail of ours leaves with a tag, and which without."""

from __future__ import annotations

import re

import pytest

from ndrfilter import resources
from ndrfilter.message import parse
from ndrfilter.plugin import Outgoing
from ndrfilter.site import Site

batv = resources.plugin("batv")
TAGGED = "prvs=1784e71dd2=alice@example.com"


@pytest.fixture
def stamped(kit):
    """The sender that a message of ours leaves with; None where it is left alone."""

    def run(sender, *recipients, **values):
        outgoing = Outgoing(parse(b"From: a@b\n\n"), Site(domains=("example.com",)), sender, recipients, kit.NOW)
        found = batv.stamp(outgoing, kit.section(**values))
        return found and found.sender

    return run


@pytest.mark.parametrize(
    ("sender", "made"),
    [
        ("alice@example.com", "prvs=1786[0-9a-f]{6}=alice@example.com"),
        ("Alice+news@Example.com", r"prvs=1786[0-9a-f]{6}=Alice\+news@example.com"),
        ("alice@mail.example.com", "prvs=1786[0-9a-f]{6}=alice@mail.example.com"),
    ],
)
def test_our_mail_leaves_with_a_tag(kit, stamped, sender, made):
    tagged = stamped(sender, "bob@receiver.example")
    assert re.fullmatch(made, tagged)
    assert kit.checked(tagged) == "valid"


def test_no_case_that_servers_make_of_an_address_breaks_our_tag(kit, stamped):
    tagged = stamped("Alice+News@example.com", "bob@receiver.example")
    assert "=Alice+News@" in tagged
    assert {kit.checked(tagged), kit.checked(tagged.lower()), kit.checked(tagged.upper())} == {"valid"}


def test_the_tag_behind_the_local_part(kit, stamped):
    tagged = stamped("alice@example.com", "bob@receiver.example", subaddress="+")
    assert re.fullmatch(r"alice\+prvs=1786[0-9a-f]{6}@example.com", tagged)
    assert kit.checked(tagged) == "valid"


@pytest.mark.parametrize(
    "sender",
    ["", None, "bob@receiver.example", TAGGED, "alice+prvs=1784e71dd2@example.com", "SRS0=+z+g=JJ=else.example=joe@example.com",
     '"a b"@example.com', "x" * 49 + "@example.com", "alice"],
)  # fmt: skip
def test_what_leaves_without_a_tag(stamped, sender):
    assert stamped(sender, "bob@receiver.example") is None


def test_exempt_senders_and_recipients(stamped):
    exempt = {
        "exempt_senders": ("garden-*@example.com", "Root@Example.com"),
        "exempt_recipients": ("lists.example.net",),
    }
    assert stamped("garden-owner@example.com", "bob@receiver.example", **exempt) is None
    assert stamped("ROOT@example.com", "bob@receiver.example", **exempt) is None
    assert stamped("alice@example.com", "bob@receiver.example", "a@ezmlm.lists.example.net", **exempt) is None
    assert stamped("alice@example.com", "bob@receiver.example", "a@list.example.net", **exempt)
