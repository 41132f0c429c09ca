"""What a rewritten address is worth: other forwarders' addresses, their time, their secrets, the section's mistakes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter import resources
from ndrfilter.errors import ConfigError
from ndrfilter.message.tags import srs_of
from ndrfilter.plugin import SettingError

srs = resources.plugin("srs")
GOOD = "SRS0=+z+g=JJ=else.example=joe@example.com"
TWICE = "SRS1=CpbK=forward.example==AbCd=JJ=else.example=joe@example.com"
UNDATED = "SRS1=jbsz=forward.example==opaque@example.com"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (GOOD, "valid"),
        (GOOD.lower(), "valid"),
        (GOOD.upper(), "valid"),
        (GOOD.replace("SRS0=", "SRS0+"), "valid"),
        (GOOD.replace("SRS0=", "SRS0-"), "valid"),
        (TWICE, "valid"),
        (TWICE.lower(), "valid"),
        (UNDATED, "undated"),
        (GOOD.replace("JJ", "JK"), "forged"),
        (GOOD.replace("joe", "jane"), "forged"),
        (GOOD.replace("else.", "other."), "forged"),
        (GOOD.replace("+z+g", "+z+"), "forged"),
        (GOOD.replace("+z+g", "+z+g" + "A" * 23), "forged"),
        (GOOD.replace("+z+g", "+z+g" + "A" * 400), "forged"),
        (GOOD.replace("+z+g", "ÄÖÜß"), "forged"),
        (TWICE.replace("CpbK", "AbCd"), "forged"),
        (TWICE.replace("joe", "jane"), "forged"),
        ("SRS0=FYfj=ID=else.example=joe@example.com", "expired"),
        ("SRS0=2rh4=LH=else.example=joe@example.com", "expired"),
        ("SRS0=+z+g=JJ=else.example@example.com", None),
        ("joe@example.com", None),
    ],
)
def test_what_a_rewritten_address_is_worth(kit, text, word):
    assert kit.checked(text) == word


def test_what_postsrsd_and_mail_srs_made(kit):
    """As postsrsd 1.10 and Mail::SRS 0.31 answered on that day, with hashes of four and of twelve characters."""
    secrets = ("first-secret-0123456789",)
    for local in (
        "SRS0=MVMd=JL=Else.Example=Joe",
        "SRS0=It61=JL=else.example=joe+x=y",
        "SRS1=kV+N=fwd.example==abcd=JL=a.example=joe",
        "SRS1+gia/=fwd.example=+abcd=JL=a.example=joe",
        "SRS0=MVMdSaewN2T1=JL=Else.Example=Joe",
    ):
        assert kit.checked(f"{local}@example.com", secrets=secrets) == "valid"


def test_a_longer_hash_can_be_asked_for(kit):
    assert kit.checked(GOOD, hash_length=8.0) == "forged"
    whole = srs.hash_of(kit.SECRET.encode(), ("JJ", "else.example", "joe"))
    assert len(whole) == 27
    assert kit.checked(GOOD.replace("+z+g", whole[:8]), hash_length=8.0) == "valid"
    assert kit.checked(GOOD.replace("+z+g", whole), hash_length=8.0) == "valid"


@given(st.integers(0, 1_200), st.integers(1, 511))
def test_an_address_is_good_for_its_time_and_no_longer(kit, later, days):
    word = kit.checked(GOOD, now=kit.NOW - 2 * kit.DAY + later * kit.DAY, max_age=float(days * kit.DAY))
    assert word == ("valid" if later % 1024 <= days or later % 1024 == 1023 else "expired")


@given(st.text(max_size=30), st.text(max_size=6), st.text(max_size=60), st.sampled_from("01"))
def test_nothing_is_valid_by_luck(kit, hash_, day, rest, version):
    found = srs_of(f"SRS{version}={hash_}={day}={rest}")
    assert found is None or srs.check(found, kit.section(), kit.NOW) == "forged"


def test_every_secret_verifies(kit):
    assert kit.checked(GOOD, secrets=("another one, that signs now", kit.SECRET)) == "valid"


def test_secrets_as_postsrsd_keeps_them(kit, tmp_path):
    file = tmp_path / "postsrsd.secret"
    file.write_text(f"another one, that signs now\n{kit.SECRET}\n\n")
    file.chmod(0o640)
    assert kit.checked(GOOD, secrets=(), secrets_file=file) == "valid"
    file.chmod(0o644)
    with pytest.raises(SettingError, match="everybody can read"):
        kit.section(secrets=(), secrets_file=file)
    with pytest.raises(SettingError, match="cannot read"):
        kit.section(secrets=(), secrets_file=tmp_path / "missing")


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"secrets": ()}, "secrets_file"),
        ({"secrets": ("short",)}, "secrets_file"),
        ({"max_age": 0.0}, "max_age"),
        ({"max_age": 900.0 * 86_400}, "max_age"),
        ({"hash_length": 3.0}, "hash_length"),
        ({"hash_length": 28.0}, "hash_length"),
        ({"uses": 0.0}, "uses"),
    ],
)
def test_a_mistake_in_the_section(kit, values, name):
    with pytest.raises(SettingError) as mistake:
        kit.section(**values)
    assert mistake.value.name == name
    assert mistake.value.help


def test_it_needs_secrets(kit, judged):
    with pytest.raises(ConfigError, match="no secrets"):
        judged(kit.bounce(), config={"site": {"domains": ["example.com"]}, "plugins": ["srs"]})
