"""Who gave us the bounce."""

from __future__ import annotations

import pytest

from ndrfilter import Envelope, Filter

DATE = "Mon, 16 Nov 2026 10:00:00 +0000"
SITE = {"domains": ["example.com"], "relays": ["192.0.2.8/29"], "receivers": ["mx1.example.com", "192.0.2.25"]}
FROM_OUTSIDE = (
    "from out.victim.example (out.victim.example [203.0.113.25]) by mx1.example.com (Postfix) with ESMTP id 4A"
)
INSIDE = "from mx1.example.com (mx1.example.com [192.0.2.25]) by store.example.com (Postfix) with ESMTP id 4B"
PRIVATE = "from filter (unknown [10.0.0.5]) by mx1.example.com (Postfix) with ESMTP id 4C"
SCANNER = "from localhost (localhost [127.0.0.1]) by mx1.example.com (Postfix) with ESMTP id 4D"
FORGED = "from mx.bank.example (mx.bank.example [198.51.100.9]) by mx1.example.com (Postfix) with ESMTP id 4E"
BELOW = "from mx.bank.example (mx.bank.example [198.51.100.9]) by out.victim.example (Postfix) with ESMTP id 4F"
NAMELESS = "from out.victim.example (unknown [203.0.113.25]) by mx1.example.com (Postfix) with ESMTP id 4G"
HELO_ONLY = "from out.victim.example by mx1.example.com (Postfix) with ESMTP id 4H"


@pytest.fixture
def client(make_bounce):
    """The facts of the client: address, name, and whether it is of the reporting MTA's organisation."""

    def run(*outer, **envelope):
        facts = Filter.from_config({"site": SITE}).facts(
            make_bounce(outer=[f"{hop}; {DATE}" for hop in outer]), Envelope(sender="", **envelope)
        )
        told = [facts.fact(f"bounce.client_{what}") for what in ("ip", "name", "of_reporter")]
        return [str(told[0]) if told[0] else None, *told[1:]]

    return run


VICTIM = ["203.0.113.25", "out.victim.example", True]
NOBODY = [None, None, None]


@pytest.mark.parametrize(
    ("outer", "expected"),
    [
        ([FROM_OUTSIDE], VICTIM),
        ([INSIDE, SCANNER, PRIVATE, FROM_OUTSIDE, FORGED], VICTIM),
        ([BELOW, FROM_OUTSIDE], NOBODY),
        ([FROM_OUTSIDE, BELOW], VICTIM),
        ([NAMELESS], ["203.0.113.25", None, None]),
        ([HELO_ONLY, FROM_OUTSIDE], NOBODY),
        ([FORGED], ["198.51.100.9", "mx.bank.example", False]),
        ([SCANNER], NOBODY),
        ([], NOBODY),
    ],
    ids=["from outside", "through our own house", "a foreign recorder on top", "and below", "without a name", "HELO",
         "another house", "our own program", "no trace"],
)  # fmt: skip
def test_by_the_outer_trace(client, outer, expected):
    assert client(*outer) == expected


@pytest.mark.parametrize(
    ("envelope", "expected"),
    [
        ({"client_ip": "203.0.113.77", "client_name": "x.victim.example"}, ["203.0.113.77", "x.victim.example", True]),
        ({"client_ip": "203.0.113.77", "client_name": "unknown"}, ["203.0.113.77", None, None]),
        ({"client_ip": "::ffff:203.0.113.77"}, ["203.0.113.77", None, None]),
        ({"client_ip": "192.0.2.25"}, VICTIM),
        ({"client_ip": "::ffff:192.0.2.25"}, VICTIM),
        ({"client_ip": "127.0.0.1", "client_name": "localhost"}, VICTIM),
        ({"client_ip": "100.64.1.2"}, VICTIM),
        ({"client_name": "x.victim.example"}, VICTIM),
    ],
    ids=[
        "outside",
        "nameless",
        "on a dual-stack listener",
        "our MX",
        "our MX there",
        "our own program",
        "carrier's private net",
        "no address",
    ],
)
def test_the_envelope_stands_above_the_trace(client, envelope, expected):
    assert client(FROM_OUTSIDE, **envelope) == expected
