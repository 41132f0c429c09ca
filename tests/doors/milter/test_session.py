"""What an MTA tells and is answered: with every flag and with none, in order and out of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter import limits
from ndrfilter.doors.milter import negotiation, wire
from ndrfilter.doors.milter.session import Session

CONTINUE, SKIP = b"\0\0\0\1c", b"\0\0\0\1s"
EVERYTHING = 0x71


def started(kit, *, hold=lambda _size: True, **more):
    session = Session(EVERYTHING, hold)
    session.take(wire.NEGOTIATE, kit.offer(**more)[5:])
    return session


def feed(session, data):
    """What the session sends at once for each packet."""
    reader, found = wire.Reader(), []
    reader.feed(data)
    while (packet := reader.next()) is not None:
        found.append(session.take(*packet))
    return found


def test_it_asks_for_no_more_than_both_sides_can_do(kit):
    terms, answer = negotiation.agree(kit.offer(6, 0x31, 0x3FF)[5:], EVERYTHING)
    assert (terms.actions, terms.steps) == (0x31, 0x80 | 0x40 | 0x100 | 0x200)
    assert answer[4:17] == b"O" + bytes.fromhex("00000006 00000031 000003c0")
    assert len(answer) == 17


def test_it_chooses_its_macros_where_it_may(kit):
    terms, answer = negotiation.agree(kit.offer()[5:], 0x11)
    assert terms.actions == 0x111
    assert b"\0\0\0\2i {auth_authen}\0" in answer


@pytest.mark.parametrize("version", [2, 3, 4, 6, 7, 2**32 - 1])
def test_versions_go_down_to_what_the_mta_speaks(kit, version):
    assert negotiation.agree(kit.offer(version)[5:], 0)[0].version == min(version, 6)


@pytest.mark.parametrize("data", [b"", b"\0" * 11, b"\0\0\0\1" + b"\0" * 8])
def test_an_mta_from_before_time_is_refused(data):
    with pytest.raises(wire.WireError):
        negotiation.agree(data, 0)


def test_with_every_flag_nothing_is_answered_before_the_end(kit):
    session = started(kit)
    whole = kit.connect() + kit.helo() + kit.message(b"Subject: hi\n\ntext\n")
    assert set(feed(session, whole)) == {b""}
    assert session.complete


def test_without_any_flag_everything_is_answered_but_macros(kit):
    session = started(kit, version=2, actions=0x1F, steps=0x7F)
    session.terms = session.terms._replace(steps=0)
    said = feed(session, kit.connect() + kit.helo() + kit.message(b"A: 1\nB: 2\n\ntext\n"))
    assert said == [b"", CONTINUE, CONTINUE, b"", *[CONTINUE] * 4, b"", b""]


@pytest.mark.parametrize(("steps", "value"), [(0x1FFFFF, b"  hi\n there"), (0, b" hi\n there")])
def test_the_message_is_put_together_as_it_was(kit, steps, value):
    session = started(kit, steps=steps)
    feed(session, kit.packet(b"M", b"<bob@remote.example>\0SIZE=1\0"))
    feed(session, kit.packet(b"L", kit.strings("Subject", value)) + kit.packet(b"L", kit.strings("X", b"\ttab")))
    feed(session, kit.packet(b"N") + kit.packet(b"B", b"one\r\n") + kit.packet(b"E", b"two\r\n"))
    blank = b"" if steps else b" "
    assert session.mail.content() == b"Subject:%s%s\r\nX:\ttab\r\n\r\none\r\ntwo\r\n" % (
        blank, value.replace(b"\n", b"\r\n"),
    )  # fmt: skip
    assert session.mail.sender == "bob@remote.example"


def test_a_client_is_named_only_where_the_mta_is_sure(kit):
    for name, resolve, known in [
        ("mx.example", "OK", "mx.example"), ("mx.example", "", "mx.example"), ("[192.0.2.1]", "", ""),
        ("unknown", "", ""), ("mx.example", "FORGED", ""), ("mx.example", "TEMP", ""),
    ]:  # fmt: skip
        session = started(kit)
        resolved = kit.packet(b"D", b"C" + kit.strings("{client_resolve}", resolve))
        feed(session, resolved + kit.connect(name=name) + kit.message(b"\n"))
        assert session.mail.envelope(session.peer).client_name == (known or None)


def test_an_aborted_message_leaves_nothing_behind(kit):
    session = started(kit)
    feed(session, kit.message(b"Subject: first\n\n", user="bob")[: -len(kit.packet(b"E"))])
    feed(session, kit.packet(b"A") + kit.message(b"Subject: second\n\n", queue_id="2"))
    assert session.mail.content() == b"Subject: second\r\n\r\n"
    assert (session.mail.recipients, session.mail.queue_id, session.mail.user) == ([kit.ALICE], "2", "")


def test_a_new_client_on_the_same_connection_is_another_one(kit):
    session = started(kit)
    feed(session, kit.connect() + kit.helo() + kit.message(b"\n", user="bob") + kit.packet(b"K"))
    feed(session, kit.connect(address="203.0.113.66", name="host66.spam.example") + kit.message(b"\n"))
    assert (session.peer.address, session.peer.helo, session.mail.user) == ("203.0.113.66", "", "")


def test_of_a_large_body_the_rest_is_not_wanted(kit):
    session = started(kit)
    feed(session, kit.packet(b"L", kit.strings("Subject", " large")))
    chunk = kit.packet(b"B", b"x" * 65_535)
    said = [feed(session, chunk)[0] for _ in range(limits.MILTER_MESSAGE // 65_535 + 1)]
    assert set(said[:-1]) == {CONTINUE}
    assert said[-1] == SKIP
    assert not session.mail.whole
    assert len(session.mail.content()) == limits.MILTER_MESSAGE


def test_a_body_that_ends_where_our_room_does_may_have_gone_on(kit):
    session = started(kit)
    feed(session, kit.packet(b"L", kit.strings("Subject", " large")) + kit.packet(b"N"))
    room = limits.MILTER_MESSAGE - len(b"Subject: large\r\n\r\n")
    while room:
        size = min(room, 65_535)
        said = feed(session, kit.packet(b"B", b"x" * size))
        room -= size
    assert said == [SKIP]
    assert not session.mail.whole


def test_an_mta_that_cannot_skip_is_not_answered_either(kit):
    session = started(kit, steps=kit.ALL_STEPS & ~0x400)
    assert feed(session, kit.packet(b"B", b"x")) == [b""]


def test_without_memory_the_message_is_lost_and_the_session_goes_on(kit):
    free = [100]

    def hold(size):
        free[0] -= size
        return free[0] >= 0

    session = started(kit, hold=hold)
    feed(session, kit.message(b"Subject: hi\n\n" + b"x" * 1000))
    assert session.mail.lost
    assert session.mail.content() == b""
    free[0] = 10_000
    session.reset()
    feed(session, kit.message(b"Subject: hi\n\n"))
    assert not session.mail.lost


def test_floods_of_macros_recipients_and_names_are_bounded(kit):
    session = started(kit)
    for number in range(5000):
        feed(session, kit.packet(b"D", b"M" + kit.strings(f"{{m{number}}}", "x" * 50)))
        feed(session, kit.packet(b"R", kit.strings(f"<a{number}@example.com>")))
        feed(session, kit.packet(b"L", kit.strings(f"X-{number}", "1")))
    assert len(session.mail.recipients) == limits.MAX_RECIPIENTS
    assert len(session.mail.counts) == limits.MAX_HEADER_FIELDS
    assert session._of_message == {}
    assert not session.mail.whole


@pytest.mark.parametrize("data", [b"C", b"M<>", b"E", b"A"])
def test_nothing_comes_before_the_negotiation(data):
    with pytest.raises(wire.WireError):
        Session(0, lambda _: True).take(data[0], data[1:])


@given(st.lists(st.tuples(st.sampled_from(b"ABCDEHKLMNOQRTUXz\0"), st.binary(max_size=60)), max_size=30))
def test_any_order_of_anything_is_survived(packets):
    session = Session(EVERYTHING, lambda _: True)
    session.take(wire.NEGOTIATE, bytes.fromhex("00000006 000001ff 001fffff"))
    for command, data in packets:
        try:
            session.take(command, data)
        except wire.WireError:
            break
        if session.complete:
            session.mail.content(), session.mail.envelope(session.peer)
            session.mail.received(session.peer, trusted=True, now=0.0)
            session.reset()
