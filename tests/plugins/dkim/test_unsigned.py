"""When it may be said that a message of ours was not signed, and when not."""

import pytest


@pytest.fixture
def plain(kit):
    """A message in our name without a signature; `above` are fields on top of it."""
    return lambda above=b"", trace=kit.TRACE, fields=kit.FIELDS: above + trace + kit.header(fields) + b"\n" + kit.BODY


def test_no_signature_at_all(kit, said, plain):
    assert said(kit.bounce(plain())) == {"NOT_SIGNED"}
    assert said(kit.headers_only(plain())) == {"NOT_SIGNED"}


def test_decides_only_where_all_is_signed(kit, judge, plain):
    verdicts = [judge(kit.bounce(plain()), site={"complete": marks}).verdict for marks in ([], ["signing"])]
    assert verdicts == ["undetermined", "backscatter"]


def test_somebody_elses_signature_is_none_of_ours(kit, said, plain):
    assert said(kit.bounce(plain(kit.signature(kit.header(kit.FIELDS), domain="spam.example")))) == {"NOT_SIGNED"}


@pytest.mark.parametrize(
    "above",
    [
        b"DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=x; h=from; bh=x; b=x\n",
        b"dkim-signature:v=1;d=\n example.com;broken\n",
        b"DKIM-Signature: garbage\n",
        b"X-Old-DKIM-Signature: v=1; d=example.com\n",
        b"DomainKey-Signature: a=rsa-sha1; d=example.com; s=x\n",
        b"ARC-Message-Signature: i=1; d=mail.example.com; s=x\n",
        b"Authentication-Results: mx.receiver.example; dkim=fail header.d=example.com\n",
        b"ARC-Authentication-Results: i=1; mx.receiver.example; dkim=neutral header.i=@example.com\n",
    ],
)
def test_any_word_of_a_signature_of_ours_is_enough(kit, said, plain, above):
    assert said(kit.bounce(plain(above))) == set()


def test_a_result_that_speaks_of_others(kit, said, plain):
    above = b"Authentication-Results: mx.receiver.example; dkim=pass header.d=spam.example\n"
    assert said(kit.bounce(plain(above))) == {"NOT_SIGNED"}


@pytest.mark.parametrize("missing", ["Date", "Message-ID", "Subject"])
def test_a_header_that_came_back_in_part_says_nothing(kit, said, plain, missing):
    fields = {name: value for name, value in kit.FIELDS.items() if name != missing}
    assert said(kit.headers_only(plain(fields=fields))) == set()


def test_a_header_without_a_trace_says_nothing(kit, said, plain):
    assert said(kit.headers_only(plain(trace=b""))) == set()


def test_another_author_says_nothing(kit, said, plain):
    assert said(kit.bounce(plain(fields={**kit.FIELDS, "From": "eve@spam.example"}))) == set()


def test_a_quoted_header_says_nothing(kit, said, plain):
    text = "\n".join("> " + line for line in kit.headers_of(plain()).decode().splitlines())
    raw = kit.bounce(b"", type_="text/plain", text=f"\n{text}\n")
    assert said(raw) == set()


def test_what_our_relay_handed_over_is_not_held_against_us(kit, said, plain):
    trace = (
        b"Received: from mail.example.com (mail.example.com [192.0.2.10])\n\tby mx.receiver.example (Postfix)"
        b" with ESMTPS id 5C0FFEE123; Sun, 22 Nov 2026 10:00:02 +0000\n"
    )
    assert said(kit.bounce(plain(trace=trace))) == set()


def test_off_without_its_name_in_the_configuration(kit, plain):
    from ndrfilter import Envelope, Filter

    filter_ = Filter.from_config({"site": {"domains": ["example.com"], "complete": ["signing"]}})
    result = filter_.check(kit.bounce(plain()), envelope=Envelope(sender="", recipients=("alice@example.com",)))
    assert "ORIGINAL_NOT_SIGNED" not in {hit.name for hit in result.hits}
