"""Tokens of ours in mail that is not ours, tokens used again and again, and how tokens are compared."""

import hmac

import pytest

from ndrfilter import Envelope

ATTACKS = {
    "cut out of another message": lambda kit: kit.full(kit.SPAM % kit.field()),
    "the same Message-ID, another Date": lambda kit: kit.full(kit.letter().replace(b"10:00:00", b"10:30:00")),
    "the same Message-ID, another author": lambda kit: kit.full(kit.letter().replace(b"alice@", b"carol@")),
    "the same author and Date, another Message-ID": lambda kit: kit.full(kit.letter().replace(b"4711", b"4712")),
    "woven, another Date": lambda kit: kit.full(kit.woven().replace(b"10:00:00", b"10:30:00")),
    "woven into another Message-ID": lambda kit: kit.full(kit.woven().replace(b"4711", b"4712")),
    "the token of another user": lambda kit: kit.full(kit.of_bob()),
    "another site's key under the same name": lambda kit: kit.full(kit.sent(keys={"k1": "the secret of another site"})),
    "two tokens in one field, neither made for it": lambda kit: kit.full(
        kit.SPAM % (kit.field()[:-1] + b" " + kit.token_of(kit.of_bob()) + b"\n")
    ),
    "in the text for people": lambda kit: kit.full(
        kit.SPAM % b"", text=b"\n" + kit.field() + b"Message-ID: " + kit.woven_id() + b"\n"
    ),
    "in the body of the spam": lambda kit: kit.full(kit.SPAM % b"" + b"\n" + kit.letter()),
    "a second original": lambda kit: kit.report((b"message/rfc822", kit.SPAM % b""), (b"message/rfc822", kit.letter())),
    "ids of ours that the spam refers to": lambda kit: kit.full(
        kit.SPAM % (b"In-Reply-To: %s\nReferences: %s\n" % (kit.woven_id(), kit.woven_id()))
    ),
    "an id of ours that the bounce answers, though the spam came back": lambda kit: kit.full(
        kit.SPAM % b"", extra=b"In-Reply-To: %s\n" % kit.woven_id()
    ),
    "a day that was not signed": lambda kit: kit.full(kit.letter().replace(b"k1-20779", b"k1-20780")),
    "a longer life": lambda kit: kit.full(kit.sent(now=kit.NOW - 60 * kit.DAY).replace(b"k1-20719", b"k1-20779")),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_fail(kit, ours, attack):
    verdict, rules = kit.judged(ours, ATTACKS[attack](kit))
    assert verdict != "genuine"
    assert not rules & {"TOKEN_PROOF", "TOKEN_VALID"}


def test_a_token_of_another_site_on_its_own_mail_is_no_sign_of_anything(kit, ours):
    raw = kit.full(kit.letter().replace(b"alice@example.com", b"carl@list.example"))
    assert kit.judged(ours, raw, to="SRS0=HHHH=AA=list.example=carl@example.com")[1] == set()


def test_a_whole_header_of_ours_proves_nothing_to_another_user(kit, ours):
    raw = kit.full(b"Return-Path: <bob@example.com>\n" + kit.letter(), to="bob@example.com")
    assert kit.judged(ours, raw, to="bob@example.com") == ("undetermined", {"TOKEN_REPLAYED"})


def test_a_replayed_message_is_believed_a_few_times_only(kit):
    ours = kit.office()
    verdicts = [kit.judged(ours, kit.full(kit.letter(), text=b"No. %d" % number))[0] for number in range(60)]
    assert verdicts.count("genuine") == 20
    assert set(verdicts[20:]) == {"undetermined"}


def test_the_same_bounce_counts_once(kit):
    ours = kit.office(uses=1)
    assert {kit.judged(ours, kit.full(kit.letter()))[0] for _ in range(5)} == {"genuine"}
    assert kit.judged(ours, kit.headers_only(kit.letter())) == ("undetermined", {"TOKEN_REPLAYED"})


def test_where_uses_cannot_be_counted_it_is_no_proof_and_the_result_says_why(kit):
    envelope = Envelope(sender="", recipients=("alice@example.com",))
    result = kit.office(store=kit.Broken()).check(kit.full(kit.letter()), envelope=envelope)
    assert (result.verdict, result.hits[0].name) == ("undetermined", "TOKEN_VALID")
    assert result.errors == (("token", "uses cannot be counted, so this is no proof: disk"),)


def test_where_nobody_says_whose_bounce_it_is_it_is_no_proof(kit, ours):
    assert kit.judged(ours, kit.full(kit.letter()), to="") == ("undetermined", {"TOKEN_VALID"})


def test_macs_are_compared_in_constant_time(kit, ours, monkeypatch):
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: compared.append(one) or real(one, other))
    kit.judged(ours, kit.full(kit.letter()))
    assert compared == [kit.token_of(kit.letter()).decode().rpartition("-")[2]]
