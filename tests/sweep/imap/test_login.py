"""From a PLACE to a mailbox: what it may look like, TLS, logging in, and what is said when that does not go."""

from __future__ import annotations

import socket

import pytest
from dovecot_server import PROGRAMS, certificate

from ndrfilter.errors import TemporaryError
from ndrfilter.sweep.imap.server import Server, parsed
from ndrfilter.sweep.mailbox import PlaceError
from ndrfilter.sweep.places import Access, open_place


@pytest.mark.parametrize(
    ("place", "server"),
    [
        ("imaps://alice@mail.example.com", Server("alice", "mail.example.com", 993, True)),
        ("imaps://alice@mail.example.com/", Server("alice", "mail.example.com", 993, True)),
        ("IMAPS://alice@mail.example.com:1993", Server("alice", "mail.example.com", 1993, True)),
        ("imap://alice@mail.example.com", Server("alice", "mail.example.com", 143, False)),
        ("imaps://alice%40example.com@mail.example.com", Server("alice@example.com", "mail.example.com", 993, True)),
        ("imaps://alice@example.com@mail.example.com", Server("alice@example.com", "mail.example.com", 993, True)),
        ("imaps://alice@[2001:db8::1]:993", Server("alice", "2001:db8::1", 993, True)),
        ("imaps://j%C3%B6rg@mail.example.com", Server("jörg", "mail.example.com", 993, True)),
    ],
)
def test_a_place_names_a_server_and_a_user(place, server):
    assert parsed(place) == server
    assert parsed(server.name.replace(server.user, "x")).host == server.host


@pytest.mark.parametrize(
    "place",
    ["imaps://", "imaps://mail.example.com", "imaps://alice@", "imaps://@host", "imaps://a@h:0", "imaps://a@h:99999",
     "imaps://a@h/INBOX", "imaps://a@h h", "imaps://a%0d%0ab@h", "imaps://a@[::1", "http://a@h", "pop3://a@h"],
)  # fmt: skip
def test_anything_else_is_refused_with_what_would_be_right(place):
    with pytest.raises(PlaceError, match="imaps://user@host"):
        open_place(place)


def test_a_password_in_the_place_is_refused_and_not_repeated():
    with pytest.raises(PlaceError, match="--password-file") as refused:
        open_place("imaps://alice:sesame@mail.example.com")
    assert "sesame" not in str(refused.value)


def test_without_anybody_to_ask_it_says_how_to_give_a_password(dovecot):
    with pytest.raises(PlaceError, match="--password-file"):
        open_place(dovecot.place(), Access(ca_file=dovecot.ca))


def test_a_server_that_is_not_there():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(TemporaryError, match="nothing answers at port"):
            open_place(f"imaps://alice@127.0.0.1:{taken.getsockname()[1]}")
    with pytest.raises(PlaceError, match="there is no server"):
        open_place("imaps://alice@no-such-host.invalid.")


pytestmark = pytest.mark.client(*PROGRAMS)


@pytest.mark.parametrize("starttls", [False, True])
def test_both_ways_of_tls_lead_in(account, starttls):
    mailbox = account.open(starttls=starttls)
    assert mailbox.name == account.server.place(account.user, starttls=starttls)
    assert mailbox.open("INBOX").messages == 0
    assert mailbox.fetched > 0


def test_a_name_that_is_an_address_and_a_password_with_odd_signs(dovecot):
    asked = []

    def ask(prompt):
        asked.append(prompt)
        return dovecot.users["bob@example.com"]

    mailbox = open_place(dovecot.place("bob@example.com"), Access(ca_file=dovecot.ca, ask=ask))
    mailbox.again()
    mailbox.close()
    assert asked == ["Password of bob@example.com at localhost: "]


def test_a_wrong_password(dovecot):
    access = Access(ca_file=dovecot.ca, ask=lambda _: "not my sesame")
    with pytest.raises(PlaceError, match="does not take this name and password") as refused:
        open_place(dovecot.place(), access)
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize("starttls", [False, True])
def test_a_certificate_by_nobody_we_trust(dovecot, starttls):
    access = Access(password_file=dovecot.password_file())
    with pytest.raises(PlaceError, match="--ca-file"):
        open_place(dovecot.place(starttls=starttls), access)


@pytest.mark.parametrize("starttls", [False, True])
def test_a_certificate_for_another_name(dovecot, starttls):
    access = Access(ca_file=dovecot.ca, password_file=dovecot.password_file())
    with pytest.raises(PlaceError, match=r"certificate is for another name than 127\.0\.0\.1"):
        open_place(dovecot.place(starttls=starttls).replace("localhost", "127.0.0.1"), access)


def test_a_certificate_that_ran_out(served, tmp_path):
    account = served()
    certificate(account.server.home / "tls", ["localhost"], expired=True)
    account.server.stop()
    account.server.start()
    with pytest.raises(PlaceError, match="run out"):
        account.open()


def test_a_ca_file_that_is_none(dovecot, tmp_path):
    for path, why in ((tmp_path / "none.pem", "no such file"), (dovecot.home / "users", "no certificate in PEM")):
        with pytest.raises(PlaceError, match=f"CA file .* cannot be used.*{why}"):
            open_place(dovecot.place(), Access(ca_file=path, password_file=dovecot.password_file()))


def test_tls_and_starttls_mixed_up(dovecot):
    access = Access(ca_file=dovecot.ca, password_file=dovecot.password_file(), timeout=2.0)
    with pytest.raises(PlaceError, match="no TLS is spoken there; imap://"):
        open_place(dovecot.place(starttls=True).replace("imap://", "imaps://"), access)
    with pytest.raises(TemporaryError, match=r"no answer|no IMAP server"):
        open_place(dovecot.place().replace("imaps://", "imap://"), access)
