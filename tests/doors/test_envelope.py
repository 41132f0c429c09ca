import argparse

import pytest

from ndrfilter.doors.envelope import add_options, envelope_of
from ndrfilter.errors import UsageError

HEADER = b"Return-Path: <>\nDelivered-To: me@example.com\nX-Original-To: me+tag@example.com\nSubject: x\n\n"


def told(*options: str, raw: bytes = b"Subject: x\n\n", environ=()):
    parser = argparse.ArgumentParser()
    add_options(parser)
    return envelope_of(parser.parse_args(options), raw, dict(environ))


def test_nobody_told():
    envelope, source = told()
    assert (envelope.sender, envelope.recipients, source) == (None, (), "none")


def test_arguments_come_first():
    options = ("--sender", "a@b.example", "--recipient", "<c@d.example>", "--recipient", "e@f.example")
    envelope, source = told(*options, raw=HEADER, environ={"SENDER": "x@y", "RECIPIENT": "z@y"})
    assert (envelope.sender, envelope.recipients) == ("a@b.example", ("c@d.example", "e@f.example"))
    assert source == "arguments"


def test_then_the_environment():
    envelope, source = told(raw=HEADER, environ={"SENDER": "", "RECIPIENT": "z@y.example"})
    assert (envelope.sender, envelope.recipients, source) == ("", ("z@y.example",), "environment")


def test_then_the_header():
    envelope, source = told(raw=HEADER)
    assert (envelope.sender, envelope.recipients, source) == ("", ("me+tag@example.com",), "headers")
    assert told(raw=b"Return-Path: <a@b.example>\nDelivered-To: me@example.com\n\n")[0].recipients == (
        "me@example.com",
    )


def test_each_half_is_looked_for_apart():
    envelope, source = told("--client-ip", "192.0.2.1", raw=HEADER)
    assert (envelope.sender, envelope.client_ip, source) == ("", "192.0.2.1", "arguments")


@pytest.mark.parametrize("null", ["", "<>", "MAILER-DAEMON", "<MAILER-DAEMON>"])
def test_names_of_the_null_sender(null):
    assert told("--sender", null)[0].sender == ""


def test_the_client_s_address():
    assert told("--client-ip", "[IPv6:2001:db8::1]")[0].client_ip == "2001:db8::1"
    assert told("--client-ip", "unknown")[0].client_ip is None
    with pytest.raises(UsageError, match="no IP address"):
        told("--client-ip", "mail.example")


def test_the_address_before_rewriting_comes_first():
    environ = {"SENDER": "", "RECIPIENT": "z@y.example", "ORIGINAL_RECIPIENT": "prvs=1234abcdef=z@y.example"}
    envelope, _ = told(raw=b"", environ=environ)
    assert envelope.recipients == ("prvs=1234abcdef=z@y.example",)
