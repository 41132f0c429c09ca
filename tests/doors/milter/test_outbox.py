"""Mail that we send: whose it is, what the MTA is told to change, and what is recorded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter import outbound
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.doors.milter import outbox
from ndrfilter.doors.milter.mail import Mail
from ndrfilter.doors.milter.negotiation import Terms
from ndrfilter.plugin.outgoing import Stamp
from ndrfilter.sentlog import known

LETTER = b"From: alice@example.com\nTo: bob@remote.example\nMessage-ID: <1@example.com>\nDate: Sun, 22 Nov 2026 12:00:00 +0000\n\nhi\n"
TOKEN = {"token": {"keys": {"k1": "a secret for the tests only"}}}
WOVEN = {"token": {**TOKEN["token"], "in": ["message-id"]}}
TAG = {"batv": {"keys": {"k1": "a secret for the tests only"}}}
SENDER = "<alice@example.com>"
BOB = ("bob@remote.example",)


def sent(kit, raw=LETTER, *, user="alice", address="203.0.113.66", sender=SENDER, mta=None, **config):
    """What is said about a message of somebody who logged in, unless told otherwise."""
    mta = mta or kit.Mta(**{"plugins": [TOKEN], **config})
    said = mta.says(kit.offer() + kit.connect("x.example", address) + kit.message(raw, sender, BOB, user) + kit.QUIT)
    return kit.applied(raw, said)


def names(header):
    return [name.lower() for name, _ in header]


def test_who_logged_in_has_mail_marked_and_not_judged(kit):
    mta = kit.Mta(plugins=[TOKEN])
    header, others = sent(kit, mta=mta)
    assert header[-1][0] == b"X-NDR-Token"
    assert header[-1][1].startswith(b" k1-")
    assert names(header).count(b"x-ndr-status") == 0
    assert others == [("c", b"")]
    assert mta.watcher.remarks == [{"id": "4Fq7Ys2b", "sent": "token"}]


@pytest.mark.parametrize(
    ("address", "outbound", "marked"),
    [
        ("192.0.2.9", ("192.0.2.8/29",), True),
        ("::ffff:192.0.2.9", ("192.0.2.8/29",), True),
        ("2001:db8::1", ("2001:db8::/32", "192.0.2.8/29"), True),
        ("203.0.113.66", ("192.0.2.8/29",), False),
        ("192.0.2.9", (), False),  # a relay of the site: it may forward what others forged
        ("127.0.0.1", (), False),
        ("", ("0.0.0.0/0",), False),
    ],
)
def test_networks_count_only_where_the_listener_names_them(kit, address, outbound, marked):
    mta = kit.Mta(plugins=[TOKEN], outbound=outbound)
    header, _ = sent(kit, user="", address=address, mta=mta)
    assert (b"x-ndr-token" in names(header)) is marked
    assert (b"x-ndr-status" in names(header)) is not marked


@pytest.mark.parametrize("user", ["", "alice"])
def test_a_bounce_is_judged_whoever_brings_it(kit, user):
    header, _ = sent(kit, sender="<>", user=user, mta=kit.Mta(plugins=[TOKEN], outbound=("0.0.0.0/0",)))
    assert header[0][0] == b"X-NDR-Status"
    assert b"x-ndr-token" not in names(header)


def test_mail_of_other_domains_leaves_as_it_is(kit):
    raw = LETTER.replace(b"example.com", b"other.example")
    header, others = sent(kit, raw, sender="<alice@other.example>")
    assert (header, others) == (kit.fields(raw)[0], [("c", b"")])


def test_copies_of_a_verdict_do_not_leave_us(kit):
    header, _ = sent(kit, b"X-NDR-Status: genuine\n" + LETTER)
    assert b"x-ndr-status" not in names(header)


def test_an_old_token_is_replaced_and_the_message_id_changed_in_place(kit):
    header, _ = sent(kit, b"X-NDR-Token: k1-old\n" + LETTER, plugins=[WOVEN])
    found = dict(header)
    assert found[b"Message-ID"].startswith(b" <1.ndr-k1-")
    assert names(header).count(b"message-id") == 1
    assert b"X-NDR-Token" not in found


def test_what_is_missing_is_added_and_what_is_signed_stays(kit):
    bare = b"From: alice@example.com\n\nhi\n"
    assert {b"date", b"message-id", b"x-ndr-token"} <= set(names(sent(kit, bare)[0]))
    signed = b"DKIM-Signature: v=1; h=from:message-id:x-ndr-token; b=x\n" + LETTER
    assert sent(kit, signed)[0] == kit.fields(signed)[0]


def test_the_sender_gets_its_tag_where_the_mta_can_change_it(kit):
    header, others = sent(kit, plugins=[TAG])
    assert header == kit.fields(LETTER)[0]
    ((letter, data), _) = others
    assert letter == "e"
    assert data.startswith(b"<prvs=1")
    assert data.endswith(b"=alice@example.com>\0")
    mta = kit.Mta(plugins=[TAG])
    said = mta.says(kit.offer(6, 0x1F) + kit.connect() + kit.message(LETTER, SENDER, BOB, "alice") + kit.QUIT)
    assert said == [("c", b"")]


def test_it_is_recorded_as_it_leaves(kit, tmp_path):
    mta = kit.Mta(plugins=[WOVEN, "sent_log"], state=tmp_path / "state")
    found = dict(sent(kit, mta=mta)[0])
    written = found[b"Message-ID"].decode()
    store = SqliteStore(tmp_path / "state", mta.desk.filter.clock)
    assert "ndr-k1-" in written
    assert known(store, written, ["alice@example.com"], BOB).recipient
    assert known(store, "<1@example.com>", ["alice@example.com"], BOB) is None


def test_what_is_not_ours_is_not_recorded(kit, tmp_path):
    mta = kit.Mta(plugins=["sent_log"], state=tmp_path / "state")
    sent(kit, user="", mta=mta)
    assert known(SqliteStore(tmp_path / "state", mta.desk.filter.clock), "<1@example.com>", [], []) is None


def test_a_log_that_cannot_be_written_keeps_no_mail_back(kit, tmp_path):
    (tmp_path / "state").write_text("not a folder")
    mta = kit.Mta(plugins=["sent_log"], state=tmp_path / "state")
    assert sent(kit, mta=mta)[1] == [("c", b"")]
    assert "unrecorded" in mta.watcher.remarks[0]


@pytest.mark.parametrize(("complete", "told"), [([], "c"), (["relays"], "c"), (["signing"], "t")])
def test_unmarked_mail_leaves_unless_all_of_it_must_be_marked(kit, monkeypatch, complete, told):
    site = {"domains": ["example.com"], "relays": ["192.0.2.8/29"], "complete": complete}
    mta = kit.Mta(plugins=[TOKEN], site=site)
    monkeypatch.setattr(mta.desk.filter, "stamps", lambda *_: 1 / 0)
    assert sent(kit, mta=mta)[1] == [(told, b"")]
    assert mta.watcher.remarks[0]["trouble"].startswith("ZeroDivisionError")


NAMES = st.sampled_from(["X-A", "x-a", "X-B", "Message-ID", "Date", "Received", "DKIM-Signature"])
VALUES = st.sampled_from(["<1@a>", "one", "v=1; h=x-a:date", "h=message-id; b=1", "two\n\tlines"])
STAMPS = st.builds(
    Stamp,
    st.lists(st.tuples(st.sampled_from(["X-A", "X-C", "Date"]), st.sampled_from(["new", "newer"])), max_size=2).map(
        tuple
    ),
    st.sampled_from(["", "<2@b>"]),
    st.none(),
    st.lists(st.sampled_from(["X-A", "X-B", "Message-ID"]), max_size=2).map(tuple),
)


@given(st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=6), st.lists(STAMPS, min_size=1, max_size=2))
def test_the_mta_makes_of_it_what_the_pipe_would(kit, header, stamps):
    mail = Mail(lambda _: True)
    mail.field(b"Subject", b" hi")
    for name, value in header:
        mail.field(name.encode(), b" " + value.encode())
    mail.body(b"text\r\n")
    raw = mail.content()
    changes, whole = outbox.edits(raw, stamps, mail, Terms(6, 0x1FF, 0x1FFFFF))
    assert whole == outbound.apply(raw, stamps)
    lines = raw.replace(b"\r\n", b"\n")
    done, others = kit.applied(lines, kit.told(changes))
    wanted = kit.fields(whole.replace(b"\r\n", b"\n"))[0]
    assert others == []
    assert sorted((name.lower(), value) for name, value in done) == sorted(
        (name.lower(), value) for name, value in wanted
    )
