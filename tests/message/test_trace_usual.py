"""The shortcut for usual Received fields: it says what the plain reading says, of whatever it takes on."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ndrfilter.message import parse
from ndrfilter.message.charset import plain_text
from ndrfilter.message.received.usual import read_usual
from ndrfilter.message.trace import read_any

DATE = "Sun, 22 Nov 2026 10:00:00 +0000 (UTC)"
TAKEN = [
    f"from helo.example (rdns.example [192.0.2.5]) by mx.example (Postfix) with ESMTPS id 4XY for <u@a.example>; {DATE}",
    "from h.example (unknown [IPv6:2001:db8::1]) (using TLSv1.3 with cipher X (256/256 bits)) (No client certificate"
    f" requested) by mx.example (Postfix) with ESMTPS id 4XY for <u@a.example>; {DATE}",
    f"by mx.example (Postfix, from userid 1000) id 4XY; {DATE}",
    f"by mx.example (Postfix) id 4XY; {DATE}",
    "from [10.0.0.1] (r.example [192.0.2.5]) (authenticated bits=0) by mx.example (8.17.1/8.17.1) with ESMTPSA id 4X for"
    f" <u@a.example>; {DATE}",
    f"from rdns.example ([192.0.2.5] helo=helo.example) by mx.example with esmtps (TLS1.3) tls X (Exim 4.98) id 1a; {DATE}",
    "from rdns.example ([192.0.2.5]) by mx.example with esmtp (Exim 4.98 (Debian)) (envelope-from <s@b.example>) id 1a"
    f" for u@a.example; {DATE}",
    f"from user by mx.example with local (Exim 4.98) (envelope-from <s@b.example>) id 1abc; {DATE}",
    f"from h.example (user@r.example [192.0.2.5]) by mx.example (8.17.1/8.17.1) with ESMTP id 4X for <u@a.example>; {DATE}",
    f"(from root@localhost) by mx.example (8.17.1/8.17.1/Submit) id 4X; {DATE}",
    f"from localhost (localhost) by mx.example (8.17.1/8.17.1) id 4X; {DATE}",
    "(qmail 1234 invoked by uid 89); 22 Nov 2026 10:00:00 -0000",
    "from r.example (HELO h.example) (ident@192.0.2.5) by mx.example with SMTP; 22 Nov 2026 10:00:00 -0000",
    "from h.example (192.0.2.5) by mx.example (192.0.2.9) with Microsoft SMTP Server (version=TLS1_2, cipher=X) id"
    f" 15.20.1 via Frontend Transport; {DATE}",
    f"from h.example ([fe80::1%14]) by mx.example ([fe80::2%4]) with mapi id 15.20.1; {DATE}",
    f"from h.example ([192.0.2.5]) by mx.example over TLS secured channel with Microsoft SMTPSVC(7.0); {DATE}",
    f"from r.example (r.example. [192.0.2.5]) by mx.google.com with ESMTPS id a1 for <u@a.example> (version=TLS1_3); {DATE}",
    f"by 192.0.2.7 with SMTP id a1; {DATE}",
    f"from a ([127.0.0.1]) by localhost (mx.example [127.0.0.1]) (amavisd-new, port 10024) with ESMTP id x; {DATE}",
]
PIECES = [
    "(", ")", "[", "]", "<", ">", '"', ";", " ", "helo=", "HELO ", " from ", " by ", " with ", " id ", " for ", " via ",
    "@", "[192.0.2.9]", "192.0.2.9", " (may be forged)", "(envelope-from <s@b.example>)", "authenticated ", "((auth: x)",
    "unknown", ".", ":", "::1", "[IPv6:::1]", "localhost", "uid 0", "by uid 9 with qmail-scanner", "\t", "\xa0", "é",
    "A=x", "(a=b)", "(invoked by uid 5)", "ESMTPSA", "local", "Exim", "(Postfix)", "(using ", "(Client ", "%eth0", "256",
    "01", "=", "-0000", "client ", "envelope-sender x", "[local]", "(account u@a.example)", "\\", "08", "no ", "a",
]  # fmt: skip
WORDS = re.compile(r"\([^()]*\)|[^\s()]+|\s+|[()]")


def agrees(text):
    """Whether the shortcut took the field on; if it did, it must say the same."""
    hop = read_usual(text)
    assert hop is None or hop == read_any(text)
    return hop is not None


def mangled(text, draw):
    """The field with something put in, taken out or replaced; `draw(number)` chooses one of so many."""
    what = draw(3)
    if what == 0:
        place = draw(len(text) + 1)
        return text[:place] + PIECES[draw(len(PIECES))] + text[place + (0, 0, 1, 3)[draw(4)] :]
    words = WORDS.findall(text)
    if not words:
        return text
    others = WORDS.findall(TAKEN[draw(len(TAKEN))])
    words[draw(len(words))] = others[draw(len(others))] if what == 1 else ""
    return "".join(words)


@pytest.mark.parametrize("text", TAKEN)
def test_what_is_usual_is_taken(text):
    assert agrees(text)


@settings(max_examples=400)
@given(st.data())
def test_mangled_fields(data):
    def draw(number):
        return data.draw(st.integers(0, number - 1))

    text = TAKEN[draw(len(TAKEN))]
    for _ in range(1 + draw(4)):
        text = mangled(text, draw)
    agrees(text)


@given(st.lists(st.sampled_from([*PIECES, *(word for text in TAKEN for word in WORDS.findall(text))]), max_size=30))
def test_anything(pieces):
    agrees("".join(pieces))


@pytest.mark.shared("corpus")
def test_real_fields(shared):
    paths = sorted((shared / "corpus").rglob("*.eml"))[::7]
    chance = random.Random(5)
    taken = total = 0
    for path in paths:
        message = parse(path.read_bytes())
        headers = [message.headers, *(original.headers for original in message.originals)]
        for raw in (raw for header in headers for raw in header.raws("received")):
            text = plain_text(raw)[:2000]
            taken += agrees(text)
            total += 1
            agrees(mangled(text, chance.randrange))
    assert taken > total / 2
