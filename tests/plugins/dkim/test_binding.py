"""What a proof is bound to: whom the bounce goes to, the age, the number of bounces; and the settings for that."""

import pytest

from ndrfilter.errors import TemporaryError

HEADER, SIGNED, ASTRAY, OLD = {"DKIM_HEADER_OURS"}, {"DKIM_SIGNED"}, {"DKIM_ASTRAY"}, {"DKIM_TOO_OLD"}


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        (("alice@example.com",), HEADER),
        (("Alice@EXAMPLE.com",), HEADER),
        (("alice+news@example.com",), HEADER),
        (("prvs=1234abcdef=alice@example.com",), HEADER),
        (("bob@example.com", "alice@example.com"), SIGNED),
        (("bob@example.com",), ASTRAY),
        (("alice@example.org",), ASTRAY),
        ((), SIGNED),
    ],
)
def test_bound_to_the_author(kit, said, to, expected):
    assert said(kit.headers_only(kit.original()), to=to) == expected


def test_bound_to_the_sender_who_is_signed(kit, said):
    fields = {**kit.FIELDS, "Sender": "Bob <bob@example.com>"}
    signed, unsigned = kit.original(fields=fields, signed=kit.SIGNED + ":sender"), kit.original(fields=fields)
    assert said(kit.headers_only(signed), to=("bob@example.com",)) == HEADER
    assert said(kit.headers_only(unsigned), to=("bob@example.com",)) == ASTRAY


def test_bound_to_an_address_that_all_bounces_go_to(kit, said):
    given = {"senders": ["returns@example.com"]}
    raw = kit.headers_only(kit.original())
    assert said(raw, to=("returns+4711@example.com",), **given) == HEADER
    assert said(raw, to=("bob@example.com",), **given) == ASTRAY


def test_bound_to_an_age(kit, said):
    message = kit.original(t=kit.SENT - 40 * 86_400)
    assert said(kit.headers_only(message)) == OLD
    assert said(kit.headers_only(message), max_age="60d") == HEADER
    assert said(kit.headers_only(kit.original(t=kit.SENT + 3 * 86_400))) == OLD


def test_bound_to_a_number_of_bounces(kit, make, judge):
    filter_ = make(uses=3)
    raws = [kit.headers_only(kit.original(), text=f"Attempt {number}.") for number in range(5)]
    verdicts = [judge(raw, by=filter_).verdict for raw in raws]
    assert verdicts == ["genuine"] * 3 + ["undetermined"] * 2


class FullDisk:
    """A store that cannot be written."""

    def count(self, *_):
        raise TemporaryError("the disk is full")


def test_without_a_count_it_is_no_proof_and_the_result_says_why(kit, judge):
    result = judge(kit.headers_only(kit.original()), store=FullDisk())
    assert {hit.name.removeprefix("ORIGINAL_") for hit in result.hits if "DKIM" in hit.name} == SIGNED
    assert result.verdict == "undetermined"
    assert result.errors == (("dkim", "uses cannot be counted, so this is no proof: the disk is full"),)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"uses": 0}, "uses"),
        ({"uses": 2.5}, "uses"),
        ({"max_age": "0d"}, "max_age"),
        ({"senders": ["nobody"]}, "senders"),
        ({"archive": "/nonexistent/keys"}, "archive"),
        ({"archives": "keys"}, "archives"),
    ],
)
def test_mistakes_in_the_settings_are_named(make, settings, names):
    from ndrfilter.errors import ConfigError

    with pytest.raises(ConfigError, match=names):
        make(**settings)


@pytest.mark.parametrize("text", ["", "not a key", "v=DKIM1; p=", "v=DKIM1; p=" + "A" * 5_000, "v=DKIM1; p=\u00e9"])
def test_a_file_in_the_archive_that_holds_no_key_is_a_mistake(make, tmp_path, text):
    from ndrfilter.errors import ConfigError

    (tmp_path / "old._domainkey.example.com").write_text(text)
    with pytest.raises(ConfigError, match="archive"):
        make(archive=str(tmp_path))
