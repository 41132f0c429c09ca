"""Tokens: what is put on mail that we send, and what it proves when it comes back, by whatever way, and to whom."""

import hmac
import re
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ndrfilter import Envelope, Filter, outbound
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.errors import ConfigError, TemporaryError

NOW = 1_795_341_600.0  # 2026-11-22T10:00:00Z
DAY = 86_400.0
KEYS = {"k1": "a secret for the tests only"}
LETTER = b"""\
From: Alice Ames <alice@example.com>
To: nobody@receiver.example
Subject: The figures
Date: Sun, 22 Nov 2026 10:00:00 +0000
Message-ID: <4711.abc@example.com>

Please find the figures below.
"""


class Clock:
    def __init__(self, time=NOW):
        self.time = time

    def now(self):
        return self.time


class Broken:
    """A store on a disk that fails."""

    def digest(self, *parts):
        raise TemporaryError("disk")

    count = values = mark = digest


def office(now=NOW, store=None, complete=(), **token):
    """A site of which nothing is known but its domain, at that time."""
    clock = Clock(now)
    config = {
        "site": {"domains": ["example.com"], "complete": list(complete)},
        "plugins": [{"token": {"keys": KEYS, **token}}],
    }
    return Filter.from_config(config, clock=clock, store=store or SqliteStore(None, clock))


@pytest.fixture
def ours():
    return office()


def sent(raw=LETTER, sender="alice@example.com", **token):
    """The message as it leaves."""
    now = token.pop("now", NOW)
    return outbound.apply(raw, [s for _, s in office(now, **token).stamps(raw, Envelope(sender=sender))])


def header(raw):
    return raw.partition(b"\n\n")[0] + b"\n"


def token_of(raw):
    return re.search(rb"k1-[0-9]+-[0-9a-z]+-[a-z2-7]{24}", raw)[0]


def report(*parts, to="alice@example.com", text=b"", extra=b""):
    """A bounce of these parts, each (type, content)."""
    body = b"".join(b"--b\nContent-Type: %s\n\n%s\n" % part for part in parts)
    return (
        b"""\
Return-Path: <>
From: MAILER-DAEMON@mx.receiver.example (Mail Delivery System)
To: %s
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Message-ID: <77@mx.receiver.example>
%sMIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.receiver.example.
%s
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.receiver.example

Final-Recipient: rfc822; nobody@receiver.example
Action: failed
Status: 5.1.1

"""
        % (to.encode(), extra, text)
        + body
        + b"--b--\n"
    )


def full(raw, **more):
    return report((b"message/rfc822", raw), **more)


def headers_only(raw, **more):
    return report((b"text/rfc822-headers", header(raw)), **more)


def inline(raw, **more):
    return report(text=b"\n   ----- Original message follows -----\n\n" + raw, **more)


def quoted(raw, **more):
    trace = (
        b"Return-Path: <alice@example.com>\nReceived: from a.example by b.example; Sun, 22 Nov 2026 10:00:01 +0000\n"
    )
    lines = (trace + b"MIME-Version: 1.0\n" + raw).splitlines(keepends=True)
    return report(text=b"\n" + b"".join(b"> " + line for line in lines), **more)


def bare(to="alice@example.com", extra=b"", text=b""):
    return report(to=to, extra=extra, text=text)


def judged(filter_, raw, to="alice@example.com"):
    """The verdict, and which of the token's rules hit."""
    result = filter_.check(raw, envelope=Envelope(sender="", recipients=(to,) if to else ()))
    assert result.errors == ()
    return result.verdict, {hit.name for hit in result.hits if hit.name.startswith("TOKEN_")}


GENUINE = ("genuine", {"TOKEN_PROOF"})


@pytest.mark.parametrize("places", [["header"], ["message-id"], ["header", "message-id"]], ids="+".join)
@pytest.mark.parametrize("way", [full, headers_only, inline, quoted], ids=lambda way: way.__name__)
def test_what_comes_back_is_known(ours, way, places):
    assert judged(ours, way(sent(**{"in": places}))) == GENUINE


@pytest.mark.parametrize(
    ("was", "made"),
    [
        (b"From: Alice Ames <alice@example.com>", b"From: =?utf-8?Q?Alice=20Ames?=\n <alice@example.com>"),
        (b"From: Alice Ames <alice@example.com>", b"from: alice@EXAMPLE.COM (Alice Ames)  "),
        (b"From: Alice Ames <alice@example.com>", b'From: "Ames, Alice"\n\t<Alice@example.com>'),
        (b"Sun, 22 Nov 2026 10:00:00 +0000", b"22 Nov 2026 11:00:00 +0100 (CET)  "),
        (b"Date: Sun, 22 Nov 2026 10:00:00 +0000\n", b""),
        (b"From: Alice Ames <alice@example.com>\n", b""),
        (b"Message-ID: <", b"Message-Id:\n <"),
        (b"@example.com>\n", b"@example.com> (added by the gateway)\n"),
        (b"X-NDR-Token: ", b"x-ndr-token:\n\t"),
    ],
)
def test_what_servers_do_to_fields_does_no_harm(ours, was, made):
    raw = sent(**{"in": ["header", "message-id"]})
    assert was in raw
    assert judged(ours, headers_only(raw.replace(was, made))) == GENUINE


def test_case_of_the_token_does_not_matter(ours):
    raw = sent()
    assert judged(ours, full(raw.replace(token_of(raw), token_of(raw).upper()))) == GENUINE


def test_a_message_that_says_no_date_that_can_be_read(ours):
    raw = sent(LETTER.replace(b"Sun, 22 Nov 2026 10:00:00 +0000", b"yesterday"))
    assert judged(ours, full(raw)) == GENUINE
    assert "TOKEN_PROOF" not in judged(ours, full(raw.replace(b"yesterday", b"Sun, 22 Nov 2026 10:00:00 +0000")))[1]


@cache
def woven():
    return sent(**{"in": ["message-id"]})


def woven_id():
    return re.search(rb"<4711[^>]*>", woven())[0]


@pytest.mark.parametrize(
    "extra",
    [
        b"In-Reply-To: %s\n",
        b"References: <other@list.example>\n %s\n",
        b"In-Reply-To: Your mail of today %s\n",
    ],
)
def test_the_id_alone_is_enough_where_the_bounce_answers_it(ours, extra):
    extra %= woven_id()
    assert judged(ours, bare(extra=extra)) == GENUINE
    assert judged(ours, bare(extra=extra, to="bob@example.com"), to="bob@example.com")[1] == set()


def test_the_id_alone_reaches_a_tagged_address(ours):
    raw = bare(extra=b"In-Reply-To: %s\n" % woven_id())
    assert judged(ours, raw, to="prvs=0123abcdef=alice@example.com") == GENUINE
    assert judged(ours, raw, to="alice+prvs=0123abcdef@example.com") == GENUINE


def test_a_read_receipt_names_the_id(ours):
    raw = b"""\
From: Carl <carl@receiver.example>
To: alice@example.com
Subject: Read: The figures
Message-ID: <78@mx.receiver.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=disposition-notification; boundary="b"

--b
Content-Type: text/plain

Your message was read.
--b
Content-Type: message/disposition-notification

Final-Recipient: rfc822; carl@receiver.example
Original-Message-ID: %s
Disposition: manual-action/MDN-sent-manually; displayed

--b--
"""
    assert judged(ours, raw % woven_id()) == GENUINE
    assert judged(ours, raw % b"<4711.abc@example.com>")[1] == set()


def test_an_id_in_the_text_is_less_than_proof(ours):
    verdict, rules = judged(ours, bare(text=b"\nMessage-ID: %s\n" % woven_id()))
    assert (verdict, rules) == ("undetermined", {"TOKEN_VALID"})


def test_of_a_thread_only_the_message_that_is_answered_counts(ours):
    extra = b"References: %s <reply@spam.example>\n" % woven_id()
    assert judged(ours, bare(extra=extra))[1] == set()
    extra = b"In-Reply-To: <reply@spam.example>\nReferences: %s\n" % woven_id()
    assert judged(ours, bare(extra=extra))[1] == set()


SPAM = b"""\
From: Alice Ames <alice@example.com>
To: nobody@receiver.example
Subject: Cheap
Date: Sun, 22 Nov 2026 10:30:00 +0000
Message-ID: <666@spam.example>
%s
Buy.
"""


@cache
def letter():
    """The letter as it left."""
    return sent()


def field():
    return re.search(rb"X-NDR-Token: .*\n", letter())[0]


@cache
def of_bob():
    return sent(LETTER.replace(b"Alice Ames <alice@", b"Bob <bob@"), sender="bob@example.com")


ATTACKS = {
    "cut out of another message": lambda: full(SPAM % field()),
    "the same Message-ID, another Date": lambda: full(letter().replace(b"10:00:00", b"10:30:00")),
    "the same Message-ID, another author": lambda: full(letter().replace(b"alice@", b"carol@")),
    "the same author and Date, another Message-ID": lambda: full(letter().replace(b"4711", b"4712")),
    "woven, another Date": lambda: full(woven().replace(b"10:00:00", b"10:30:00")),
    "woven into another Message-ID": lambda: full(woven().replace(b"4711", b"4712")),
    "the token of another user": lambda: full(of_bob()),
    "another site's key under the same name": lambda: full(sent(keys={"k1": "the secret of another site"})),
    "two tokens in one field, neither made for it": lambda: full(
        SPAM % (field()[:-1] + b" " + token_of(of_bob()) + b"\n")
    ),
    "in the text for people": lambda: full(SPAM % b"", text=b"\n" + field() + b"Message-ID: " + woven_id() + b"\n"),
    "in the body of the spam": lambda: full(SPAM % b"" + b"\n" + letter()),
    "a second original": lambda: report((b"message/rfc822", SPAM % b""), (b"message/rfc822", letter())),
    "ids of ours that the spam refers to": lambda: full(
        SPAM % (b"In-Reply-To: %s\nReferences: %s\n" % (woven_id(), woven_id()))
    ),
    "an id of ours that the bounce answers, though the spam came back": lambda: full(
        SPAM % b"", extra=b"In-Reply-To: %s\n" % woven_id()
    ),
    "a day that was not signed": lambda: full(letter().replace(b"k1-20779", b"k1-20780")),
    "a longer life": lambda: full(sent(now=NOW - 60 * DAY).replace(b"k1-20719", b"k1-20779")),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_fail(ours, attack):
    verdict, rules = judged(ours, ATTACKS[attack]())
    assert verdict != "genuine"
    assert not rules & {"TOKEN_PROOF", "TOKEN_VALID"}


def test_a_token_of_another_site_on_its_own_mail_is_no_sign_of_anything(ours):
    raw = full(letter().replace(b"alice@example.com", b"carl@list.example"))
    assert judged(ours, raw, to="SRS0=HHHH=AA=list.example=carl@example.com")[1] == set()


def test_a_whole_header_of_ours_proves_nothing_to_another_user(ours):
    raw = full(b"Return-Path: <bob@example.com>\n" + letter(), to="bob@example.com")
    assert judged(ours, raw, to="bob@example.com") == ("undetermined", {"TOKEN_REPLAYED"})


def test_a_replayed_message_is_believed_a_few_times_only():
    ours = office()
    verdicts = [judged(ours, full(letter(), text=b"No. %d" % number))[0] for number in range(60)]
    assert verdicts.count("genuine") == 20
    assert set(verdicts[20:]) == {"undetermined"}


def test_the_same_bounce_counts_once():
    ours = office(uses=1)
    assert {judged(ours, full(letter()))[0] for _ in range(5)} == {"genuine"}
    assert judged(ours, headers_only(letter())) == ("undetermined", {"TOKEN_REPLAYED"})


def test_where_uses_cannot_be_counted_it_is_no_proof_and_the_result_says_why():
    envelope = Envelope(sender="", recipients=("alice@example.com",))
    result = office(store=Broken()).check(full(letter()), envelope=envelope)
    assert (result.verdict, result.hits[0].name) == ("undetermined", "TOKEN_VALID")
    assert result.errors == (("token", "uses cannot be counted, so this is no proof: disk"),)


def test_where_nobody_says_whose_bounce_it_is_it_is_no_proof(ours):
    assert judged(ours, full(letter()), to="") == ("undetermined", {"TOKEN_VALID"})


@pytest.mark.parametrize(("days", "rules"), [(0, {"TOKEN_PROOF"}), (45, {"TOKEN_PROOF"}), (47, {"TOKEN_EXPIRED"})])
def test_a_token_expires(days, rules):
    assert judged(office(NOW + days * DAY), full(letter()))[1] == rules


def test_the_life_can_be_set():
    assert judged(office(NOW + 4 * DAY, expires="2d"), full(letter()))[1] == {"TOKEN_EXPIRED"}


def test_keys_are_turned_over():
    turned = {"k2": "the secret that signs from today", **KEYS}
    assert b"X-NDR-Token: k2-" in sent(keys=turned)
    assert judged(office(keys=turned), full(letter())) == GENUINE
    assert judged(office(keys=turned), full(sent(keys=turned))) == GENUINE


def test_a_key_that_is_gone_says_nothing():
    gone = office(keys={"k2": "the secret that signs from today"})
    assert judged(gone, full(letter())) == ("undetermined", set())
    facts = gone.facts(full(letter()), Envelope(sender="", recipients=("alice@example.com",)))
    assert facts.fact("token.state") == "unknown-key"


def test_without_the_plugin_nothing_is_asked():
    config = {"site": {"domains": ["example.com"]}}
    assert judged(Filter.from_config(config, clock=Clock()), full(letter())) == ("undetermined", set())


TRACE = b"Received: from a.example by b.example; Sun, 22 Nov 2026 10:00:01 +0000\n"


@pytest.mark.parametrize(
    ("raw", "missing"),
    [
        (lambda: full(TRACE + LETTER), True),
        (lambda: headers_only(TRACE + LETTER), True),
        (lambda: full(TRACE + letter().replace(b"4711", b"4712")), True),
        (lambda: full(TRACE + letter()), False),
        (lambda: full(TRACE + sent(now=NOW - 60 * DAY)), False),
        (lambda: full(LETTER), False),
        (lambda: full(b"Return-Path: <>\n" + TRACE + LETTER), False),
        (lambda: quoted(LETTER), False),
        (lambda: bare(), False),
        (lambda: full(TRACE + LETTER.replace(b"alice@example.com", b"carl@list.example")), True),
    ],
)
def test_absence_where_all_mail_is_marked(raw, missing):
    assert ("TOKEN_MISSING" in judged(office(complete=["signing"]), raw())[1]) is missing


def test_mail_that_we_only_forward_lacks_no_token():
    raw = full(TRACE + LETTER.replace(b"alice@example.com", b"carl@list.example"))
    to = "SRS0=HHHH=AA=list.example=carl@example.com"
    assert "TOKEN_MISSING" not in judged(office(complete=["signing"]), raw, to=to)[1]


def test_macs_are_compared_in_constant_time(ours, monkeypatch):
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: compared.append(one) or real(one, other))
    judged(ours, full(letter()))
    assert compared == [token_of(letter()).decode().rpartition("-")[2]]


# What is put on a message


def stamp_of(raw=LETTER, sender="alice@example.com", **token):
    found = dict(office(**token).stamps(raw, Envelope(sender=sender)))
    return found.get("token")


@pytest.mark.parametrize(
    ("raw", "sender"),
    [
        (LETTER, ""),
        (LETTER, "<>"),
        (LETTER.replace(b"alice@example.com", b"carl@list.example"), "carl@list.example"),
        (LETTER.replace(b"alice@example.com", b"carl@list.example"), "SRS0=HHHH=AA=list.example=carl@example.com"),
        (LETTER.replace(b"From: Alice Ames <alice@example.com>\n", b""), "alice@example.com"),
        (b"DKIM-Signature: v=1; h=from:date; b=x\n" + LETTER.replace(b"Date: ", b"X-Date: "), "alice@example.com"),
        (b"", "alice@example.com"),
        (b"no header\n", "alice@example.com"),
    ],
)
def test_what_is_left_alone(raw, sender):
    assert stamp_of(raw, sender) is None


@pytest.mark.parametrize(
    ("author", "sender"),
    [("alice@example.com", None), ("alice@mail.example.com", "x@example.com"), ("carl@list.example", "l@example.com")],
)
def test_what_is_marked(author, sender):
    assert stamp_of(LETTER.replace(b"alice@example.com", author.encode()), sender).fields[0][0] == "X-NDR-Token"


def test_what_is_missing_is_added(ours):
    raw = LETTER.replace(b"Date: ", b"X-Date: ").replace(b"Message-ID: ", b"X-Id: ")
    out = sent(raw)
    assert b"\nDate: Sun, 22 Nov 2026 10:00:00 -0000\n" in b"\n" + out
    assert re.search(rb"^Message-ID: <1795341600\.[0-9a-f]{24}@example\.com>$", out, re.M)
    assert out.endswith(raw)
    assert judged(ours, full(out)) == GENUINE
    assert sent(raw) == out
    assert sent(raw + b".") != out + b"."


def test_an_empty_date_is_filled():
    out = sent(LETTER.replace(b"Sun, 22 Nov 2026 10:00:00 +0000", b""))
    assert out.count(b"Date:") == 1
    assert b"\nDate: Sun, 22 Nov 2026 10:00:00 -0000\n" in b"\n" + out


def test_old_tokens_go_and_nothing_doubles():
    stale = b"x-ndr-token : k1-20000-a-aaaaaaaaaaaaaaaaaaaaaaaa\n\t(old)\n"
    for places in (["header"], ["message-id"], ["header", "message-id"]):
        once = sent(**{"in": places})
        assert sent(stale + LETTER, **{"in": places}) == once
        assert sent(once, **{"in": places}) == once


@pytest.mark.parametrize(
    "name", ['<"a b"@c>', "<a.@c>", "<a..b@c>", "<abc>", "abc", "<a@b@c>", "<" + "a" * 250 + "@b>", "<\xe4@b>"]
)
def test_an_odd_message_id_is_left_and_the_field_carries_the_token(ours, name):
    raw = LETTER.replace(b"<4711.abc@example.com>", name.encode())
    out = sent(raw, **{"in": ["message-id"]})
    assert name.encode() in out
    assert b"X-NDR-Token: k1-" in out
    assert judged(ours, full(out)) == GENUINE


def test_weaving_keeps_ids_apart_and_well_formed():
    ids = [b"<%d.%d@example.com>" % (number, number * number) for number in range(50)]
    made = {
        re.search(rb"Message-ID: (.*)", sent(LETTER.replace(b"<4711.abc@example.com>", one), **{"in": ["message-id"]}))[
            1
        ]
        for one in ids
    }
    assert len(made) == len(ids)
    assert all(re.fullmatch(rb"<[\w.-]+@example\.com>", one) and len(one) < 100 for one in made)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"keys": {"k1": "short"}}, "too short"),
        ({"keys": {"k1": KEYS["k1"], "K1": KEYS["k1"]}}, "upper and lower case"),
        ({"in": ["body"]}, "no such place: body"),
        ({"header": "Subject"}, "begins with X-"),
        ({"header": "X-NDR-Status"}, "begins with X-"),
        ({"expires": "1h"}, "at least 1d"),
        ({"uses": 0}, "at least 1"),
        ({"key": "x"}, "unknown key"),
    ],
)
def test_mistakes_in_the_section(section, said):
    with pytest.raises(ConfigError) as caught:
        office(**section)
    assert said in " ".join(f"{one.message} {one.help}" for one in caught.value.diagnostics)


def test_another_field_can_carry_it():
    out = sent(header="X-Acme-Mark")
    assert b"X-Acme-Mark: k1-" in out
    assert judged(office(header="X-Acme-Mark"), full(out)) == GENUINE
    assert judged(office(), full(out))[1] == set()


SLOW = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
TOKENISH = st.text(alphabet="k1-0279abcxyzA.@<>= \t(),;", max_size=80).map(str.encode) | st.binary(max_size=60)


@SLOW
@given(st.lists(TOKENISH, min_size=1, max_size=4), TOKENISH)
def test_garbage_is_no_token(ours, fields, name):
    clean = [value.translate(None, b"\r\n\0") for value in (*fields, name)]
    lines = b"".join(b"X-NDR-Token: " + value + b"\n" for value in clean[:-1])
    spam = (SPAM % lines).replace(b"<666@spam.example>", b"<6.ndr-" + clean[-1] + b"@spam.example>")
    assert judged(ours, full(spam))[0] != "genuine"


@SLOW
@given(st.integers(1, 20_000))
def test_huge_values_are_looked_at_in_part(ours, size):
    lines = (
        b"X-NDR-Token: " + token_of(letter()) * size + b"\n" + b"X-NDR-Token: %s\n" % token_of(letter()) * (size // 20)
    )
    assert judged(ours, full(SPAM % lines))[0] != "genuine"


@SLOW
@given(
    st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.@\[\]:-]{1,60}", fullmatch=True),
    st.integers(0, 2**31),
    st.sampled_from([["header"], ["message-id"], ["header", "message-id"]]),
)
def test_whatever_we_send_is_known_again(ours, local, name, date, places):
    from email.utils import formatdate

    author = f"{local}@example.com"
    raw = f"From: {author}\nDate: {formatdate(date)}\nMessage-ID: <{name}>\nSubject: x\n\nbody\n".encode()
    back = full(sent(raw, sender=None, **{"in": places}), to=author)
    assert judged(ours, back, to=author) == GENUINE
