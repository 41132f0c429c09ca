"""The profile: what is written is read again, damage is named with its line, and the configuration that comes of it."""

from __future__ import annotations

import os
import sys

import pytest
from alices_mail import ALICE, DAY, NOW, bounce, to_self, written
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter.config import Config
from ndrfilter.errors import TemporaryError
from ndrfilter.sweep.evidence import Observed, Profile, config_of, fingerprint, load, save, words
from ndrfilter.sweep.evidence.shared import everybodys, of_provider
from ndrfilter.sweep.mailbox import PlaceError

WHOLE = Profile(
    addresses=(ALICE, "alice@bücher.example"),
    relays=(Observed("mail.example.com", 'in 3 messages to "yourself"'), Observed("192.0.2.0/24", "SPF: a, b", True)),
    receivers=(Observed("2001:db8::25", "MX"),),
    sent=("Sent", "[Gmail]/Gesendet: é", "- x"),
    complete=True,
    confirmed=NOW,
)
_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(str.strip)


class TestFile:
    @pytest.mark.parametrize("profile", [WHOLE, Profile((ALICE,))])
    def test_what_was_saved_is_loaded(self, account, profile):
        save(account, profile)
        assert load(account) == profile

    @given(name=_TEXT, source=_TEXT)
    def test_whatever_folders_are_called(self, tmp_path_factory, name, source):
        folder = tmp_path_factory.mktemp("account")
        profile = Profile((ALICE,), (Observed("a.example", source.strip()),), (), (name.strip(),))
        save(folder, profile)
        assert load(folder) == profile

    def test_nothing_there(self, account):
        assert load(account) is None

    @pytest.mark.skipif(sys.platform == "win32", reason="files there have no modes")
    def test_nobody_else_may_read_it_and_nothing_else_is_left(self, account):
        save(account, WHOLE)
        save(account, WHOLE)
        assert [path.name for path in account.iterdir()] == ["profile.yml"]
        assert (account / "profile.yml").stat().st_mode & 0o777 == 0o600

    def test_people_read_what_it_is(self, account):
        save(account, WHOLE)
        text = (account / "profile.yml").read_text()
        assert text.startswith("# Whose mailbox this is")
        assert "confirmed: 2026-11-22 12:00:00 UTC" in text

    def test_a_day_is_enough_to_confirm_by_hand(self, account):
        save(account, WHOLE._replace(confirmed=None))
        path = account / "profile.yml"
        assert load(account).confirmed is None
        path.write_text(path.read_text().replace("confirmed:\n", "confirmed: 2026-11-22\n"))
        assert load(account).confirmed == NOW - DAY / 2

    @pytest.mark.parametrize(
        ("change", "line", "said"),
        [
            (("addresses:", "adresses:"), 10, 'unknown key "adresses"'),
            (("complete: true", "complete: perhaps"), 0, "complete: true or false"),
            (("confirmed: 2026-11-22", "confirmed: yesterday"), 0, "a day is wanted"),
            (('"alice@example.com"', "alice"), 11, "no mail address"),
            (('"mail.example.com"', '"https://mail.example.com"'), 0, "is a URL"),
            (('"192.0.2.0/24"', '"0.0.0.0/0"'), 0, "whole Internet"),
            (("shared: false", "shared: maybe"), 0, "true or false"),
            (("source:", "sauce:"), 0, 'unknown key "sauce"'),
            (("sent:\n", "sent: [\n"), 0, "not readable as YAML"),
            (("complete:", "sent: []\ncomplete:"), 0, "twice"),
            (("complete: true", "complete: !!python/object:os.system {}"), 0, "true or false"),
            (("complete: true", "complete: \x07"), 0, "YAML does not allow"),
        ],
    )
    def test_damage_is_named_with_its_line(self, account, change, line, said):
        save(account, WHOLE)
        path = account / "profile.yml"
        text = path.read_text()
        assert change[0] in text
        path.write_text(text.replace(*change))
        with pytest.raises(PlaceError, match=r"profile\.yml, line \d+: ") as found:
            load(account)
        assert said in str(found.value)
        assert f"line {line or ''}" in str(found.value)

    @pytest.mark.parametrize(
        "raw",
        [b"", b"\xff\xfe\x00", b"a" * 3_000_000, b"[" * 5_000, b"- x\n- y\n", b"addresses: []\n", b"x: &a [*a]\n"],
    )
    def test_what_is_no_profile_at_all(self, account, raw):
        (account / "profile.yml").write_bytes(raw)
        with pytest.raises(PlaceError, match="remove the file"):
            load(account)

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
    def test_a_pipe_in_its_place_keeps_nobody_waiting(self, account):
        os.mkfifo(account / "profile.yml")
        with pytest.raises(PlaceError, match="pipe"):
            load(account)

    def test_a_folder_that_cannot_be_written(self, tmp_path):
        with pytest.raises(TemporaryError, match=r"profile\.yml"):
            save(tmp_path / "not there", WHOLE)


class TestConfiguration:
    def test_it_says_what_the_profile_says(self, account):
        config = config_of(WHOLE, account)
        site = config.sites[0]
        assert isinstance(config, Config)
        assert site.domains == ("example.com", "xn--bcher-kva.example")
        assert [relay.shared for relay in site.relays] == [False, True]
        assert site.complete == frozenset({"log"})
        assert config.state == account
        assert config.settings["sent_log"].mailbox == frozenset({ALICE, "alice@xn--bcher-kva.example"})

    @pytest.mark.parametrize("change", [{"complete": False}, {"confirmed": None}, {"sent": ()}])
    def test_absence_counts_only_if_it_was_shown_and_confirmed(self, account, change):
        assert config_of(WHOLE._replace(**change), account).sites[0].complete == frozenset()

    def test_the_fingerprint_changes_with_what_verdicts_depend_on_and_with_nothing_else(self):
        others = [
            WHOLE._replace(addresses=(ALICE,)),
            WHOLE._replace(relays=WHOLE.relays[:1]),
            WHOLE._replace(relays=(WHOLE.relays[0]._replace(shared=True), WHOLE.relays[1])),
            WHOLE._replace(receivers=()),
            WHOLE._replace(complete=False),
            WHOLE._replace(sent=("Sent",)),
        ]
        assert len({fingerprint(one) for one in (WHOLE, *others)}) == len(others) + 1
        same = WHOLE._replace(confirmed=NOW + DAY, relays=(WHOLE.relays[1], WHOLE.relays[0]._replace(source="x")))
        assert fingerprint(same) == fingerprint(WHOLE)


class TestWords:
    def test_everything_that_is_asked_is_said_and_nothing_from_mail_acts_on_a_terminal(self, mail, proposed):
        for number in range(3):
            own, came = to_self(f"self{number}", number + 1)
            mail.sent(own, written(f"m{number}", number))
            mail.put(came, bounce(f"m{number}", number))
        lines = words(proposed())
        assert lines[0] == f"Your addresses: {ALICE}."
        assert "Your mail leaves through mail.example.com (in 3 messages to yourself)." in lines
        assert any(line.startswith("What you sent is in Sent: 6 messages, from ") for line in lines)
        hostile = proposed()._replace(profile=Profile((ALICE,), (Observed("\x1b[2J", "\u202e" * 500),)))
        assert all(char.isprintable() for line in words(hostile) for char in line)


class TestShared:
    @pytest.mark.parametrize("domain", ["gmail.com", "gmx.de", "web.de", "yahoo.co.uk", "icloud.com", "qq.com"])
    def test_millions_have_addresses_there(self, domain):
        assert everybodys(domain)

    @pytest.mark.parametrize("domain", ["example.com", "notgmail.com", "mygmx.de", "com", "co.uk"])
    def test_not_there(self, domain):
        assert not everybodys(domain)

    def test_big_providers_servers(self):
        assert of_provider("mail-oi1-f171.google.com")
        assert of_provider("mout.gmx.de")
        assert not of_provider("mail.example.com")
