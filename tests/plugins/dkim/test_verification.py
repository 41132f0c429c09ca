"""What proves, over what, with which keys."""

import pytest

NEW_KEY = '"v=DKIM1; k=ed25519; p=0eG5va1xG6XcR2bz3omL3JEMEd0jQGC48X0eGEwge2Y="'
PLACE = "ed25519._domainkey.example.com."
OURS, HEADER, SIGNED, OLD = {"DKIM_OURS"}, {"DKIM_HEADER_OURS"}, {"DKIM_SIGNED"}, {"DKIM_TOO_OLD"}


def undecided(result):
    return {one.name: one.cause for one in result.undecided if "DKIM" in one.name}


@pytest.mark.parametrize("key", ["ed25519", "rsa1024", "rsa2048"])
@pytest.mark.parametrize("canon", ["relaxed/relaxed", "relaxed/simple", "simple/simple", "simple/relaxed", "relaxed"])
def test_whole_and_header(kit, said, key, canon):
    message = kit.original(key=key, canon=canon)
    assert said(kit.bounce(message)) == OURS
    assert said(kit.headers_only(message)) == HEADER


def test_genuine_whatever_the_trace_says(kit, judge):
    for raw in (kit.bounce(kit.original()), kit.headers_only(kit.original())):
        assert judge(raw).verdict == "genuine"


@pytest.mark.parametrize("cut", [2, 10, 30])
def test_a_body_that_was_cut_leaves_the_header(kit, said, cut):
    assert said(kit.bounce(kit.original()[:-cut])) == HEADER


def test_line_ends_as_crlf(kit, said):
    assert said(kit.bounce(kit.original()).replace(b"\n", b"\r\n")) == OURS


def test_a_length_that_covers_the_body_to_its_end(kit, said):
    text = b"One line.\n"
    assert said(kit.bounce(kit.original(body=text, l=len(text) + 1))) == OURS
    assert said(kit.bounce(kit.original(body=text, l=4))) == HEADER


def test_a_body_beyond_our_bound_is_not_hashed(kit, said):
    assert said(kit.bounce(kit.original(body=b"0123456789abcde\n" * 70_000))) == HEADER


@pytest.mark.parametrize("missing", ["date", "message-id"])
def test_a_header_needs_all_that_identifies_it_signed(kit, said, judge, missing):
    signed = ":".join(name for name in kit.SIGNED.split(":") if name != missing)
    message = kit.original(signed=signed)
    assert said(kit.headers_only(message)) == set()
    assert said(kit.bounce(message)) == OURS
    result = judge(kit.headers_only(message))
    assert result.verdict == "undetermined"
    assert "From, Date and Message-ID" in undecided(result)["ORIGINAL_DKIM_HEADER_OURS"]


def test_a_header_needs_all_that_identifies_it_present(kit, said):
    fields = {name: value for name, value in kit.FIELDS.items() if name != "Message-ID"}
    assert said(kit.headers_only(kit.original(fields=fields))) == set()


def test_a_signature_without_any_time_says_nothing(kit, said, judge):
    message = kit.original(signed="from:to:subject:message-id", t=None)
    assert said(kit.bounce(message)) == set()
    assert "a time" in undecided(judge(kit.bounce(message)))["ORIGINAL_DKIM_OURS"]


def test_absent_fields_may_be_signed_against_addition(kit, said):
    signed = f"{kit.SIGNED}:from:subject:reply-to:cc:list-id"
    message = kit.original(signed=signed)
    assert said(kit.headers_only(message)) == HEADER
    assert said(kit.headers_only(message.replace(b"Subject:", b"Cc: x@receiver.example\nSubject:"))) == set()


@pytest.mark.parametrize(
    "tags",
    [
        {"x": 1_795_341_601},  # one second: over long before the bounce
        {"t": None},
        {"q": "dns/txt"},
        {"i": "alice@sub.example.com"},
        {"z": "From:alice"},
        {"h": "From : To:\n\t Date:Message-ID"},
    ],
)
def test_tags_that_do_no_harm(kit, said, tags):
    assert said(kit.headers_only(kit.original(**tags))) == HEADER


@pytest.mark.parametrize(
    "tags",
    [
        {"v": "2"}, {"v": None}, {"a": "rsa-sha1"}, {"a": "rsa-sha256"}, {"c": "nofws"}, {"d": None}, {"s": None}, {"h": "to:date:message-id"},
        {"q": "http"}, {"i": "alice@example.net"}, {"bh": None}, {"bh": "???"}, {"t": "soon"}, {"x": "1"}, {"l": "-1"},
        {"x": 1_795_341_599}, {"t": None, "x": 1_700_000_000},
    ],
)  # fmt: skip
def test_tags_that_make_no_signature(kit, said, tags):
    given = {name: value for name, value in tags.items() if name != "l"}
    raw = kit.headers_only(kit.original(**given))
    if "l" in tags:
        raw = raw.replace(b"\tbh=", b"\tl=-1;\n\tbh=")
    assert said(raw) == set()


def test_a_date_is_the_time_where_the_signature_has_none(kit, said):
    fields = {**kit.FIELDS, "Date": "Sun, 20 Sep 2026 10:00:00 +0000"}
    assert said(kit.headers_only(kit.original(fields=fields, t=None))) == OLD
    assert said(kit.headers_only(kit.original(fields=fields))) == HEADER


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (f'{NEW_KEY[:-1]}; t=s"', HEADER),
        (f'{NEW_KEY[:-1]}; t=y"', SIGNED),
        (f'{NEW_KEY[:-1]}; t=s:y"', SIGNED),
        (f'{NEW_KEY[:-1]}; h=sha1:sha256; s=email; n=note"', HEADER),
        (f'{NEW_KEY[:-1]}; s=*"', HEADER),
        (f'{NEW_KEY[:-1]}; h=sha1"', set()),
        (f'{NEW_KEY[:-1]}; s=other"', set()),
        ('"k=ed25519; p=0eG5va1xG6XcR2b" "z3omL3JEMEd0jQGC48X0eGEwge2Y="', HEADER),
        ('"v=DKIM1; k=ed25519; p=0eG5va1xG6XcR2bz 3omL3JEMEd0jQGC48X 0eGEwge2Y= "', HEADER),
        ('"v=DKIM1; k=ed25519; p="', set()),
        ('"v=DKIM2; k=ed25519; p=0eG5va1xG6XcR2bz3omL3JEMEd0jQGC48X0eGEwge2Y="', set()),
        ('"v=spf1 -all"', set()),
        ('"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="', set()),
    ],
)
def test_key_records(kit, said, record, expected):
    assert said(kit.headers_only(kit.original()), zone=f"{PLACE} TXT {record}") == expected


def test_a_key_that_answers_for_its_domain_alone(kit, said):
    zone = f'{PLACE} TXT {NEW_KEY[:-1]}; t=s"'
    assert said(kit.headers_only(kit.original(i="@sub.example.com")), zone=zone) == set()


def test_several_records_under_one_name(kit, said):
    zone = f'{PLACE} TXT "v=spf1 -all"\n{PLACE} TXT "v=DKIM1; k=rsa; p=xx"\n{PLACE} TXT {NEW_KEY}'
    assert said(kit.headers_only(kit.original()), zone=zone) == HEADER


def test_the_name_of_a_key_may_be_an_alias(kit, said):
    zone = f"{PLACE} CNAME key.provider.example.\nkey.provider.example. TXT {NEW_KEY}"
    assert said(kit.headers_only(kit.original()), zone=zone) == HEADER


def test_a_key_that_is_not_there_says_nothing(kit, judge):
    result = judge(kit.headers_only(kit.original()), zone="")
    assert not undecided(result)


def test_the_second_signature_holds_where_the_first_is_broken(kit, said):
    message = kit.original()
    other = kit.signature(kit.header(kit.FIELDS), key="rsa2048").replace(b"bh=x", b"bh=y")
    assert said(kit.headers_only(message.replace(kit.TRACE, kit.TRACE + other))) == HEADER
    assert said(kit.headers_only(message.replace(b"Date: Sun", other + b"Date: Sun", 1))) == HEADER


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (NEW_KEY.strip('"') + "\n", "ed25519._domainkey.example.com"),
        (
            f'ed25519._domainkey IN TXT ( {NEW_KEY[:20]}"\n  "{NEW_KEY[20:]} ) ; retired in May\n',
            "ED25519._domainkey.Example.COM",
        ),
    ],
)
def test_the_archive_of_retired_keys(kit, said, tmp_path, text, name):
    (tmp_path / name).write_text(text)
    (tmp_path / "README").write_text("Keys that we no longer use.")
    raw = kit.headers_only(kit.original())
    assert said(raw, zone="", archive=str(tmp_path)) == HEADER
    assert said(raw, zone=f"{PLACE} TXT SERVFAIL", archive=str(tmp_path)) == HEADER


def test_dns_is_asked_where_the_archive_has_an_older_key_of_that_name(kit, said, tmp_path):
    (tmp_path / "ed25519._domainkey.example.com").write_text(
        "k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    )
    assert said(kit.headers_only(kit.original()), archive=str(tmp_path)) == HEADER


@pytest.mark.parametrize(
    ("domain", "author", "given", "expected"),
    [
        ("example.com", "alice@sub.example.com", {}, HEADER),
        ("sub.example.com", "alice@example.com", {}, HEADER),
        ("example.org", "alice@example.com", {}, set()),
        ("example.org", "alice@example.com", {"signers": ["example.org"]}, HEADER),
        ("provider.example", "alice@example.com", {"signers": ["provider.example"]}, HEADER),
        ("provider.example", "alice@example.com", {}, {"NOT_SIGNED"}),
        ("example.com", "alice@else.example", {"signers": ["example.com"]}, set()),
    ],
)
def test_who_speaks_for_whom(kit, said, domain, author, given, expected):
    message = kit.original(fields={**kit.FIELDS, "From": author}, domain=domain)
    zone = f"ed25519._domainkey.{domain}. TXT {NEW_KEY}"
    site = {"domains": ["example.com", "example.org"]}
    assert said(kit.headers_only(message), zone=zone, site=site, to=(author,), **given) == expected
