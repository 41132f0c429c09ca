"""The door as clients find it: what it answers over a real socket, whatever they or those before them said."""

from __future__ import annotations

import contextlib
import random
import re
import socket
import zlib

from spamd_servers import MAIL, dial, request, say

from ndrfilter import limits

SESSIONS, AT_ONCE = 10_000, 50
SAID = {"backscatter": b"True", "genuine": b"False", "fake": b"True", "letter": b"False"}


def right(ours) -> bool:
    """Whether the next client gets the right answers."""
    return all(
        re.match(rb"SPAMD/1\.1 0 EX_OK\r\nSpam: " + spam + rb" ; -?\d+\.\d / 5\.0\r\n\r\n\Z", say(ours, request("CHECK", MAIL[kind])))
        for kind, spam in SAID.items()
    )  # fmt: skip


def test_each_verdict_has_its_answer(ours):
    assert right(ours)


def test_byte_by_byte_is_as_at_once(ours):
    whole = request("SYMBOLS", MAIL["backscatter"])
    with dial(ours) as client:
        for place in range(len(whole)):
            client.sendall(whole[place : place + 1])
        assert b"".join(iter(lambda: client.recv(65536), b"")) == say(ours, whole)


def test_the_answer_comes_before_the_client_half_closes(ours):
    assert b"NDR_GENUINE" in say(ours, request("SYMBOLS", MAIL["genuine"]), end=False)
    assert say(ours, b"PING SPAMC/1.5\r\n\r\n", end=False) == b"SPAMD/1.5 0 PONG\r\n"


def test_without_a_length_the_half_close_ends_the_message(ours):
    assert b"NDR_FAKE" in say(ours, b"SYMBOLS SPAMC/1.2\r\n\r\n", MAIL["fake"])


def test_compressed_is_as_plain(ours):
    packed = zlib.compress(MAIL["backscatter"])
    asked = request("SYMBOLS", packed, "1.5", "Compress: zlib")
    assert say(ours, asked) == say(ours, request("SYMBOLS", MAIL["backscatter"]))


def test_a_bomb_and_what_is_too_large_get_the_temporary_answer(ours):
    bomb = zlib.compress(bytes(limits.SERVICE_MESSAGE + 1))
    assert say(ours, request("CHECK", bomb, "1.5", "Compress: zlib")).startswith(b"SPAMD/1.0 75 Temporary failure: ")
    large = b"PROCESS SPAMC/1.5\r\nContent-length: %d\r\n\r\n" % (limits.SERVICE_MESSAGE + 1)
    assert say(ours, large).startswith(b"SPAMD/1.0 75 Temporary failure: ")
    assert right(ours)


def test_who_says_nothing_gets_nothing(ours):
    assert say(ours, b"") == b""


def test_learning_is_refused_while_the_message_still_comes(ours):
    with dial(ours) as client:
        client.sendall(b"TELL SPAMC/1.5\r\nMessage-class: spam\r\nContent-length: 5000000\r\n\r\n")
        for _ in range(50):
            client.sendall(bytes(100_000))
        assert (
            client.makefile("rb").read()
            == b"SPAMD/1.0 69 Service Unavailable: ndrfilter does not learn, TELL is not enabled\r\n"
        )


OPT_OUT = """
sites:
  - domains: [home-postfix.test]
    relays: [mail.home-postfix.test, 192.0.2.25, 192.0.2.0/28]
    receivers: [mail.home-postfix.test, 192.0.2.25]
    complete: [relays]
  - domains: [other.test]
    relays: [mx.other.test]
listen:
  - spamd: 127.0.0.1:0
opt_out: [bob@home-postfix.test]
"""


def test_the_user_names_the_recipient_and_with_him_the_site(tmp_path):
    from service_process import Serving

    config = tmp_path / "ndrfilter.yml"
    config.write_text(OPT_OUT)
    raw = re.sub(rb"(?m)^(?:X-Original-To|Delivered-To):.*\n", b"", MAIL["backscatter"])
    with Serving(config) as serving:
        place = serving.place["spamd"]
        told = {user: say(place, request("PROCESS", raw, "1.5", f"User: {user}")) for user in (
            "alice@home-postfix.test", "alice@other.test", "bob@home-postfix.test", "root",
        )}  # fmt: skip
    assert b"\r\nSpam: True ; " in told["alice@home-postfix.test"]
    assert b"\r\nSpam: False ; " in told["alice@other.test"]
    assert told["bob@home-postfix.test"].partition(b"\r\n\r\n")[2] == raw
    assert b"\r\nSpam: False ; " in told["root"]


WORDS = [b"CHECK", b"PROCESS", b"PING", b"TELL", b" SPAMC/1.5", b" SPAMC/1.2", b"\r\n", b"\n", b"\r\n\r\n", b"Content-length: ",
         b"Content-length: 0", b"Content-length: 99999999", b"Compress: zlib", b"User: ", b"\0", b"\xff" * 9, b": ", b"-1"]  # fmt: skip
BOUNCE = (
    b"Return-Path: <>\nFrom: MAILER-DAEMON\nSubject: Undelivered\nContent-Type: multipart/report; boundary=x\n\n--x\n"
)


def mutated(chance: random.Random) -> bytes:
    """A session with something wrong, perhaps."""
    method = chance.choice(
        ["CHECK", "SYMBOLS", "REPORT", "REPORT_IFSPAM", "HEADERS", "PROCESS", "TELL", "PING", "SKIP"]
    )
    body = chance.choice([BOUNCE, b"", b"x", zlib.compress(BOUNCE)])
    fields = chance.sample(["User: alice", "Compress: zlib", "Message-class: ham", "X: y"], chance.randrange(3))
    said = bytearray(request(method, body, chance.choice(["1.2", "1.3", "1.5", "1.9", "2.0"]), *fields))
    for _ in range(chance.randrange(4)):
        place = chance.randrange(len(said) + 1)
        what = chance.randrange(3)
        if what == 0:
            said[place:place] = chance.choice(WORDS)
        elif what == 1:
            del said[place : place + chance.randrange(1, 40)]
        elif said:
            said[place - 1] = chance.randrange(256)
    return bytes(said)


def test_mutated_sessions_harm_nobody_else(ours, door):
    """Many at once, some cut off rudely; every now and then a client that does nothing wrong."""
    chance = random.Random(4)
    for round_ in range(SESSIONS // AT_ONCE):
        clients = [dial(ours) for _ in range(AT_ONCE)]
        rude = [client for client in clients if _speak(client, mutated(chance)) and chance.random() < 0.2]
        for client in rude:
            client.close()
        answers = [_rest(client) for client in clients if client not in rude]
        assert [answer for answer in answers if answer and not answer.startswith(b"SPAMD/1.")] == []
        if round_ % 20 == 0:
            assert right(ours)
    assert right(ours)
    assert door.process.poll() is None


def _speak(client: socket.socket, said: bytes) -> bool:
    with contextlib.suppress(OSError):
        client.sendall(said)
        client.shutdown(socket.SHUT_WR)
    return True


def _rest(client: socket.socket) -> bytes:
    with client, contextlib.suppress(ConnectionResetError):
        return b"".join(iter(lambda: client.recv(65536), b""))
    return b""
