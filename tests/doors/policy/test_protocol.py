"""Requests read from bytes, however these are cut; bounds; answers that stay one line."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter import limits
from ndrfilter.doors.policy.protocol import MalformedError, Parser, Request, reply

KIND = b"request=smtpd_access_policy\n"


def parsed(*chunks):
    """The requests in these chunks, and the error that ended it."""
    parser, found = Parser(), []
    try:
        for chunk in chunks:
            parser.feed(chunk)
            while (one := parser.next()) is not None:
                found.append(one)
    except MalformedError as error:
        return found, str(error)
    return found, "midway" if parser.midway else ""


def test_what_postfix_sends(kit):
    raw = kit.request(sender="", recipient_count="2", queue_id="8045F2AB23", sasl_username="bob")
    assert parsed(raw) == ([
        Request("RCPT", "", "alice@example.com", 2, "1a.6740.0", "8045F2AB23", "198.51.100.25", "mx.receiver.example",
                "mx.receiver.example", "bob")
    ], "")  # fmt: skip


def test_what_is_unsaid_and_what_is_unknown():
    (one,), _ = parsed(KIND + b"etrn_domain=\nx=y=z\nprotocol_state=RCPT\nprotocol_state=DATA\nrecipient_count=-1\n\n")
    assert one == Request("RCPT")
    assert one.sender is None


def test_the_order_means_nothing():
    (one,), _ = parsed(b"protocol_state=DATA\nsender=\n" + KIND + b"\n")
    assert (one.state, one.sender) == ("DATA", "")


@given(st.lists(st.integers(0, 600), max_size=12), st.integers(1, 4))
def test_any_cutting_gives_the_same(kit, cuts, times):
    raw = b"".join(kit.request(instance=f"i{number}") for number in range(times)) + KIND[:9]
    edges = [0, *sorted(cut for cut in cuts if cut < len(raw)), len(raw)]
    assert parsed(*(raw[begin:end] for begin, end in pairwise(edges))) == parsed(raw)
    assert [one.instance for one in parsed(raw)[0]] == [f"i{number}" for number in range(times)]


@given(st.lists(st.binary(max_size=300), max_size=6))
def test_no_bytes_do_harm(chunks):
    found, end = parsed(*chunks)
    whole, same = parsed(b"".join(chunks))
    assert (found, end) == (whole, same)


@pytest.mark.parametrize(
    ("raw", "cause"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "not name=value"),
        (b"\n", "not request="),
        (b"request=junk_policy\n\n", "not request="),
        (b"sender=\n\n", "not request="),
        (KIND + b"=x\n\n", "not name=value"),
        (KIND + b"sender=a\0b\n\n", "not name=value"),
        (KIND + b"\r\n", "not name=value"),
        (b"a" * (limits.MAX_POLICY_LINE + 1), "a line is too long"),
        (KIND + b"a=" + b"b" * limits.MAX_POLICY_LINE + b"\n", "a line is too long"),
        (KIND + b"".join(b"n%d=\n" % n for n in range(limits.MAX_POLICY_ATTRIBUTES)), "too much in one request"),
        (b"a=b\n" * (limits.MAX_POLICY_REQUEST // 4 + 1), "too much in one request"),
    ],
)
def test_what_is_no_request(raw, cause):
    found, error = parsed(raw)
    assert found == []
    assert cause in error


def test_as_much_as_is_allowed():
    names = b"".join(b"n%d=\n" % n for n in range(limits.MAX_POLICY_ATTRIBUTES - 2))
    longest = b"helo_name=" + b"x" * (limits.MAX_POLICY_LINE - 10) + b"\n"
    (one,), end = parsed(KIND + names + longest + b"\n")
    assert len(one.helo) == limits.MAX_POLICY_LINE - 10
    assert end == ""


@given(st.text())
def test_an_answer_is_one_line_of_ascii(text):
    said = reply(text)
    assert said.startswith(b"action=")
    assert said.endswith(b"\n\n")
    assert b"\n" not in said[:-2]
    assert said.isascii()
