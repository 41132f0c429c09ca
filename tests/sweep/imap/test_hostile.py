"""Servers that do what none should: an error in a sentence, in bounded time and memory, and nothing done wrongly."""

from __future__ import annotations

import base64
import itertools
import tracemalloc
from contextlib import nullcontext

import pytest
from scripted_imap import ScriptedServer

from ndrfilter import limits
from ndrfilter.errors import NdrError, TemporaryError
from ndrfilter.sweep.imap.records import UNKNOWN
from ndrfilter.sweep.mailbox import BusyError, CutOffError, GoneError, PlaceError, QuotaError, ReadOnlyError
from ndrfilter.sweep.nouns import Head, Item, Moved
from ndrfilter.sweep.places import Access, open_place

pytestmark = pytest.mark.client("openssl")

SECRET = "open sesame, please"


@pytest.fixture
def served(tmp_path):
    """A mailbox at a server with these answers."""
    running = []

    def start(**options):
        running.append(ScriptedServer(tmp_path / "tls", **options).__enter__())
        start.server = running[-1]
        return open_place(running[-1].place, Access(ca_file=running[-1].ca, ask=lambda _: SECRET, timeout=2.0))

    yield start
    for server in running:
        server.__exit__()


def endless(piece):
    return itertools.repeat(piece)


LOGIN = [
    ({"greeting": b"\x00\xff\x00 nonsense\r\n"}, TemporaryError),
    ({"greeting": b"HTTP/1.1 400 Bad Request\r\n\r\n"}, TemporaryError),
    ({"greeting": b"* BYE too many of you\r\n"}, TemporaryError),
    ({"greeting": b"x" * 3_000_000}, TemporaryError),
    ({"greeting": b"* OK {99999999999}\r\n"}, TemporaryError),
    ({"greeting": b"* OK {" + b"9" * 5000 + b"}\r\n"}, TemporaryError),
    ({"CAPABILITY": None}, TemporaryError),
    ({"CAPABILITY": b"%T NO\r\n"}, TemporaryError),
    ({"CAPABILITY": endless(b"* OK Hang in there\r\n" * 1000)}, TemporaryError),
    ({"CAPABILITY": b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\n%T OK\r\n"}, PlaceError),
    ({"AUTHENTICATE": None}, CutOffError),
    ({"AUTHENTICATE": b"%T NO [AUTHENTICATIONFAILED] no\r\n"}, PlaceError),
    ({"AUTHENTICATE": b"%T NO [UNAVAILABLE] later\r\n"}, TemporaryError),
    ({"AUTHENTICATE": b"%T BAD what?\r\n"}, PlaceError),
    ({"AUTHENTICATE": endless(b"+ \r\n")}, TemporaryError),
    ({"AUTHENTICATE": b"+ !!! no base 64\r\n"}, TemporaryError),
]


@pytest.mark.parametrize(("answers", "error"), LOGIN, ids=lambda value: str(value)[:40])
def test_before_anybody_is_logged_in(served, answers, error):
    with pytest.raises(error, match="imaps://alice@localhost") as told:
        served(**answers)
    assert len(str(told.value)) < 600
    assert str(told.value).isprintable()


@pytest.mark.parametrize("encoded", [False, True])
def test_a_server_that_repeats_the_password_is_not_quoted(served, encoded):
    said = base64.b64encode(b"\0alice\0" + SECRET.encode()) if encoded else SECRET.encode()
    with pytest.raises(PlaceError) as told:
        served(AUTHENTICATE=lambda _: b"%T NO no such password: " + said + b"\r\n")
    assert said.decode() not in str(told.value)
    assert SECRET not in repr(told.value.__context__)


def test_a_server_that_knows_login_only(served):
    served(CAPABILITY=b"* CAPABILITY IMAP4rev1\r\n%T OK\r\n").close()
    assert any(f'LOGIN "alice" "{SECRET}"\r\n'.encode() in line for line in served.server.said)


TOKENS = {
    b"AUTH=XOAUTH2": b"user=alice\1auth=Bearer sesame\1\1",
    b"AUTH=OAUTHBEARER AUTH=XOAUTH2": b"n,a=alice,\1auth=Bearer sesame\1\1",
}


@pytest.mark.parametrize("offered", TOKENS)
def test_a_token_and_one_that_ran_out(tmp_path, offered):
    challenge = b"+ " + base64.b64encode(b'{"status":"401"}') + b"\r\n"
    able = b"* CAPABILITY IMAP4rev1 " + offered + b"\r\n%T OK\r\n"
    with ScriptedServer(tmp_path / "tls", CAPABILITY=able) as server:
        access = Access(ca_file=server.ca, token_command="echo sesame")
        open_place(server.place, access).close()
        (said,) = [base64.b64decode(line) for line in server.said if b" " not in line]
        assert said == TOKENS[offered]
    with ScriptedServer(
        tmp_path / "tls", CAPABILITY=able, AUTHENTICATE=[b"+ \r\n", challenge, b"%T NO [X] no\r\n"]
    ) as server:
        access = Access(ca_file=server.ca, token_command="echo sesame")
        with pytest.raises(PlaceError, match="token, it may have run out"):
            open_place(server.place, access)


def test_a_server_that_takes_no_tokens(tmp_path):
    with (
        ScriptedServer(tmp_path / "tls") as server,
        pytest.raises(PlaceError, match="takes no tokens"),
    ):
        open_place(server.place, Access(ca_file=server.ca, token_command="echo sesame"))


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({}, "offers no STARTTLS"),
        ({"greeting": b"* PREAUTH hello\r\n"}, "logs everybody in"),
        ({"CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS\r\n%T OK\r\n", "STARTTLS": b"%T NO\r\n"}, "refuses STARTTLS"),
        (
            {
                "CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS\r\n%T OK\r\n",
                "STARTTLS": b"%T OK\r\n* OK slipped in\r\n",
            },
            "in the clear",
        ),
    ],
)
def test_nothing_is_said_in_the_clear(served, answers, why):
    with pytest.raises(PlaceError, match=why):
        served(tls=False, **answers)
    assert not [line for line in served.server.said if b"AUTH" in line or b"LOGIN" in line]


def fetch(*lines):
    return b"".join(lines) + b"%T OK\r\n"


FETCHES = [
    b"* 1 FETCH (UID 1 BODY[HEADER] {99999999999}\r\n",
    b"* 1 FETCH (UID 1 BODY[HEADER] {50000}\r\nshort",
    b"* 1 FETCH (UID 1 BODY[HEADER] {" + b"9" * 5000 + b"}\r\n",
    b"* 1 FETCH " + b"(" * 900_000 + b"\r\n%T OK\r\n",
    b"* 1 FETCH " + b")" * 900 + b"\r\n%T OK\r\n",
    b'* 1 FETCH (UID 1 X "no end\r\n%T OK\r\n',
    b"* 1 FETCH (UID one RFC822.SIZE -1)\r\n* 2 FETCH NIL\r\n* x FETCH\r\n%T OK\r\n",
    b"* 1 FETCH (UID 1 RFC822.SIZE 99999999999999999999999 INTERNALDATE 7 BODY[HEADER] NIL BODY[] ())\r\n%T OK\r\n",
    b"* 4294967295 EXPUNGE\r\n" * 1000 + b"* 99999999999999999999 EXISTS\r\n%T OK\r\n",
    b"%T BAD [X] no\r\n", b"%T NO\r\n", b"wrong OK\r\n", b"* BYE\r\n", None,
]  # fmt: skip


@pytest.mark.parametrize("answer", FETCHES, ids=lambda value: str(value)[:40])
def test_answers_to_fetch_that_make_no_sense(served, answer):
    mailbox = served(UID_FETCH=answer, FETCH=answer)
    asked = (mailbox.items, lambda: mailbox.heads(["1"]), lambda: mailbox.raws(["1"], 1000))
    for told in (outcome(mailbox, ask) for ask in asked):
        assert (
            told.isprintable() if isinstance(told, str) else all(isinstance(one, Item | Head | tuple) for one in told)
        )


def outcome(mailbox, ask):
    """What came, or why nothing did."""
    try:
        mailbox.open("INBOX")
        return list(ask())
    except NdrError as error:
        return str(error)


@pytest.mark.parametrize(("bound", "value"), [("IMAP_ANSWER", 200_000), ("IMAP_LINES", 5_000)])
def test_an_answer_without_end_is_given_up_in_bounded_memory(served, monkeypatch, bound, value):
    monkeypatch.setattr(limits, bound, value)
    mailbox = served(UID_FETCH=lambda _: endless(b"* 9 FETCH (UID 9 BODY[HEADER] {3}\r\nxyz)\r\n" * 500))
    mailbox.open("INBOX")
    tracemalloc.start()
    with pytest.raises(CutOffError, match="far more than was asked for"):
        list(mailbox.heads(["1"]))
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_a_server_that_trickles_is_given_up(served, monkeypatch):
    monkeypatch.setattr(limits, "IMAP_COMMAND", 0.5)
    mailbox = served(NOOP=b"", UID_FETCH=lambda _: endless(b"* OK wait\r\n"))
    mailbox.open("INBOX")
    monkeypatch.setattr(limits, "IMAP_ANSWER", 10**12)
    monkeypatch.setattr(limits, "IMAP_LINES", 10**12)
    with pytest.raises(CutOffError, match="takes too long"):
        list(mailbox.heads(["1"]))


def test_what_nobody_asked_for_is_ignored_and_what_cannot_be_read_is_told(served):
    structure = b'("text" "plain" NIL NIL NIL "7bit" 1 1)'
    answers = {
        b"BODYSTRUCTURE": fetch(
            b"* 9 FETCH (UID 99 BODY[HEADER] {1}\r\nx BODYSTRUCTURE " + structure + b")\r\n",
            b"* 1 FETCH (FLAGS (\\Seen) UID 1)\r\n",
            b"* 1 FETCH (BODYSTRUCTURE " + structure + b" UID 1 BODY[HEADER]<0> {4}\r\nA: b)\r\n",
            b"* 2 FETCH (UID 2 BODY[HEADER]<0> {4}\r\nC: d BODYSTRUCTURE (()))\r\n",
            b"* 3 FETCH (UID 3 BODY[HEADER]<0> {4}\r\nE: f BODYSTRUCTURE )(\r\n",
            b'* 4 FETCH (UID 4 BODY[HEADER]<0> "G: \\"h\\"" BODYSTRUCTURE ("MESSAGE" "RFC822"))\r\n',
        ),
        b"": fetch(b"* 3 FETCH (UID 3 BODY[HEADER]<0> {4}\r\nE: f)\r\n"),
    }
    mailbox = served(UID_FETCH=lambda command: next(told for word, told in answers.items() if word in command))
    mailbox.open("INBOX")
    assert list(mailbox.heads(["1", "2", "3", "4", "5"])) == [
        Head("1", b"A: b", (b"text/plain",)),
        Head("2", b"C: d", (UNKNOWN,)),
        Head("3", b"E: f", (UNKNOWN,)),
        Head("4", b'G: "h"', (b"message/rfc822",)),
    ]


def test_a_server_that_refuses_one_message_gives_the_others(served):
    def told(command):
        if b"SIZE" in command:
            return fetch(*(b"* %d FETCH (UID %d RFC822.SIZE 5)\r\n" % (uid, uid) for uid in (1, 2, 3)))
        one = b"* 2 FETCH (UID 2 BODY[]<0> {3}\r\nB:b)\r\n"
        return one + b"%T NO some are broken\r\n" if b"1:3" in command else one + b"%T OK\r\n" if b" 2 " in command else (
            b"* 3 FETCH (UID 3 BODY[]<0> {3}\r\nC:c)\r\n%T OK\r\n" if b" 3 " in command else b"%T NO broken\r\n"
        )  # fmt: skip

    mailbox = served(UID_FETCH=told)
    mailbox.open("INBOX")
    assert list(mailbox.raws(["1", "2", "3"], 100)) == [("2", b"B:b"), ("3", b"C:c")]


@pytest.mark.parametrize(
    "line",
    [
        b"* LIST\r\n",
        b"* LIST () NIL\r\n",
        b"* LIST x y z\r\n",
        b"* LIST (((((\r\n",
        b'* LIST () "/" {5}\r\n&-\xff&x\r\n',
    ],
)
def test_folders_that_make_no_sense_are_left_out(served, line):
    mailbox = served(LIST=line + b'* LIST (\\Sent \\Noselect) "/" No\r\n* LIST () NIL INBOX\r\n%T OK\r\n')
    names = [folder.name for folder in mailbox.folders()]
    assert names[0] == "INBOX"
    assert "No" not in names


def test_a_folder_name_is_sent_back_as_it_came(served):
    mailbox = served(LIST='* LIST () "/" "Gelöscht \\"x\\""\r\n%T OK\r\n'.encode())
    (folder,) = mailbox.folders()
    mailbox.open(folder.name)
    assert any('EXAMINE "Gelöscht \\"x\\""'.encode() in line for line in served.server.said)


def test_read_only_in_all_its_ways(served):
    mailbox = served(SELECT=b"%T OK [READ-ONLY] x\r\n")
    with pytest.raises(ReadOnlyError):
        mailbox.open("INBOX", write=True)
    acl = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN ACL MOVE UIDPLUS\r\n%T OK\r\n"
    for rights, may in ((b"lrswi", False), (b"lrte", True), (b"lrd", True), (b"lrt", False)):
        mailbox = served(CAPABILITY=acl, MYRIGHTS=b"* MYRIGHTS INBOX " + rights + b"\r\n%T OK\r\n")
        if may:
            assert mailbox.open("INBOX", write=True).writable
        else:
            with pytest.raises(ReadOnlyError):
                mailbox.open("INBOX", write=True)


MOVES = [
    (b"%T NO [OVERQUOTA] full\r\n", [], QuotaError),
    (b"* OK [COPYUID 5 1 11] x\r\n%T NO [OVERQUOTA] full\r\n", [Moved("1", "11", 5)], QuotaError),
    (b"* OK [COPYUID 5 1 11] x\r\n* 1 EXPUNGE\r\n* BYE\r\n", [Moved("1", "11", 5)], CutOffError),
    (b"* OK [COPYUID 5 1:4294967295 1:4294967295] x\r\n%T OK\r\n", [Moved("1", "1", 5), Moved("2", "2", 5)], None),
    (b"* OK [COPYUID 5 2,1 12,11] x\r\n%T OK\r\n", [Moved("2", "12", 5), Moved("1", "11", 5)], None),
    (b"* OK [COPYUID 5 1,77 11,12] x\r\n%T OK\r\n", [Moved("1", "11", 5)], None),
    (b"%T OK [COPYUID x y z] x\r\n", [], None),
    (b"%T NO [EXPUNGEISSUED] gone\r\n", [], None),
    (b"%T NO [SERVERBUG] oops\r\n", [], TemporaryError),
    (b"%T NO [CANNOT] never\r\n", [], PlaceError),
]


@pytest.mark.parametrize(("answer", "moved", "error"), MOVES)
def test_what_was_moved_is_told_whatever_comes_then(served, answer, moved, error):
    there = fetch(b"* 1 FETCH (UID 1 FLAGS ())\r\n* 2 FETCH (UID 2 FLAGS ())\r\n")
    mailbox = served(UID_MOVE=answer, UID_FETCH=there)
    mailbox.open("INBOX", write=True)
    told = []
    with pytest.raises(error) if error else nullcontext():
        told.extend(mailbox.move(["1", "2"], "Away"))
    assert told == moved


def test_of_what_others_took_the_rest_is_moved(served):
    there = {1, 2, 3, 5}

    def move(command):
        ranges = [part.split(":") for part in command.split()[2].decode().split(",")]
        asked = {uid for part in ranges for uid in range(int(part[0]), int(part[-1]) + 1)}
        if not asked <= there - {3}:  # 3 is told of, and never found
            return b"%T NO [EXPUNGEISSUED] gone\r\n"
        uids = ",".join(map(str, sorted(asked)))
        return f"%T OK [COPYUID 5 {uids} {uids}] x\r\n".encode()

    mailbox = served(
        UID_MOVE=move,
        UID_FETCH=lambda _: fetch(*(b"* 1 FETCH (UID %d FLAGS ())\r\n" % uid for uid in there)),
        NOOP=b"%T NO [SERVERBUG] not now\r\n",
    )
    mailbox.open("INBOX", write=True)
    assert [one.old for one in mailbox.move(["1", "2", "3", "4", "5"], "Away")] == ["1", "2", "5"]


@pytest.mark.parametrize(("code", "error"), [(b"SERVERBUG", BusyError), (b"NONEXISTENT", GoneError)])
def test_a_folder_that_cannot_be_opened_now_is_not_gone(served, code, error):
    mailbox = served(SELECT=b"%T NO [" + code + b"] x\r\n")
    with pytest.raises(error):
        mailbox.open("INBOX", write=True)


def test_without_move_only_what_was_copied_is_expunged(served):
    only = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN UIDPLUS\r\n%T OK\r\n"
    mailbox = served(CAPABILITY=only, UID_COPY=b"%T OK [COPYUID 5 2 12] x\r\n")
    mailbox.open("INBOX", write=True)
    assert list(mailbox.move(["1", "2", "3"], "Away")) == [Moved("2", "12", 5)]
    said = [line.split(b" ", 1)[1].strip() for line in served.server.said if b"UID " in line]
    assert said == [b'UID COPY 1:3 "Away"', rb"UID STORE 2 +FLAGS.SILENT (\Deleted)", b"UID EXPUNGE 2"]
    there = fetch(b"* 1 FETCH (UID 1 FLAGS ())\r\n")
    mailbox = served(CAPABILITY=only, UID_COPY=b"%T OK\r\n", UID_FETCH=there)
    mailbox.open("INBOX", write=True)
    with pytest.raises(PlaceError, match="all was left here"):
        list(mailbox.move(["1"], "Away"))
    assert not [line for line in served.server.said if b"STORE" in line or b"EXPUNGE" in line]


def test_without_uidplus_what_is_not_there_any_more_was_moved(served):
    there = [b"* 1 FETCH (UID 1 FLAGS ())\r\n", b"* 2 FETCH (UID 2 FLAGS ())\r\n"]
    answers = iter((fetch(*there), fetch(there[1])))
    mailbox = served(
        CAPABILITY=b"* CAPABILITY IMAP4rev1 AUTH=PLAIN MOVE\r\n%T OK\r\n", UID_FETCH=lambda _: next(answers)
    )
    mailbox.open("INBOX", write=True)
    assert list(mailbox.move(["1", "2", "3"], "Away")) == [Moved("1", "", 0)]
    assert any(b"UID MOVE 1:2 " in line for line in served.server.said)


def test_a_folder_that_keeps_no_keywords(served):
    mailbox = served()
    mailbox.open("INBOX", write=True)
    with pytest.raises(PlaceError, match="keeps no keywords"):
        mailbox.tag(["1"], "$Backscatter")
