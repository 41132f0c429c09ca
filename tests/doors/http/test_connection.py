"""One client's connection: pipelining, endings, refusals, limits, and what is asked of the desk."""

import asyncio

import pytest

from ndrfilter import limits
from ndrfilter.errors import TemporaryError
from ndrfilter.service.ward import Ward


def statuses(found):
    return [status for status, _, _ in found]


def test_pipelined_requests_are_answered_in_order(kit, door):
    data = (
        kit.PING
        + kit.post(kit.BOUNCE, From="<>", queue_id="a")
        + kit.PING
        + kit.post(queue_id="b", close=True)
        + kit.PING
    )
    found = door.says(data)
    assert statuses(found) == [200, 200, 200, 200]
    verdicts = [kit.loads(body)["verdict"] for _, _, body in (found[1], found[3])]
    assert verdicts == ["backscatter", "not-a-bounce"]
    assert [kit.loads(body)["queue_id"] for _, _, body in (found[1], found[3])] == ["a", "b"]
    assert [fields.get("connection") for _, fields, _ in found] == [None, None, None, "close"]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_same_in_pieces(kit, door, size):
    data = kit.PING + kit.post(kit.BOUNCE, From="<>") + kit.post()
    found = door.says(*(data[at : at + size] for at in range(0, len(data), size)))
    assert statuses(found) == [200, 200, 200]
    assert [kit.loads(body)["verdict"] for _, _, body in found[1:]] == ["backscatter", "not-a-bounce"]


def test_the_envelope_reaches_the_desk(kit, door):
    door.says(
        kit.post(
            From="<>", rcpt=["<a@home-postfix.test>", "b@home-postfix.test, <c@home-postfix.test>", '"d,e"@home-postfix.test'],
            ip="[2001:db8::1]", helo="mx.example", hostname="unknown", queue_id="4abc", user="alice",
        )
    )  # fmt: skip
    (asked,) = door.recorder.questions
    assert (asked.queue_id, asked.user, asked.door, asked.raw) == ("4abc", "alice", "http", kit.LETTER)
    envelope = asked.envelope
    assert envelope.sender == ""
    assert envelope.recipients == tuple(f"{one}@home-postfix.test" for one in ("a", "b", "c", '"d,e"'))
    assert (envelope.client_ip, envelope.client_name, envelope.helo) == ("2001:db8::1", None, "mx.example")


def test_what_nobody_told_is_not_known(kit, door):
    door.says(kit.post(deliver_to="alice@home-postfix.test"))
    envelope = door.recorder.questions[0].envelope
    assert (envelope.sender, envelope.client_ip, envelope.helo) == (None, None, None)
    assert envelope.recipients == ("alice@home-postfix.test",)


REFUSED = [
    (b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", 404, True),
    (b"PUT /check HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", 405, True),
    (b"POST /ping HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", 405, True),
    (b"POST /check HTTP/1.1\r\nHost: x\r\n\r\n", 411, True),
    (b"POST /check HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nCompression: zstd\r\n\r\nx", 415, True),
    (b"GET /checkv2 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nShm: /rhm.1\r\n\r\n", 415, True),
    (b"POST /check HTTP/1.1\r\nContent-Length: 1\r\nContent-Encoding: gzip\r\n\r\nx", 415, True),
    (b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 503, True),
    (b"nothing of the kind\r\n\r\n", 400, False),
]


@pytest.mark.parametrize(("sent", "status", "goes_on"), REFUSED)
def test_refusals(kit, door, sent, status, goes_on):
    first, *rest = door.says(sent + kit.PING)
    assert first[0] == status
    assert statuses(rest) == ([200] if goes_on else [])
    assert ("allow" in first[1]) is (status == 405)
    assert ("retry-after" in first[1]) is (status == 503)
    assert first[1].get("connection") == (None if goes_on else "close")


@pytest.mark.parametrize(("path", "length"), [(b"/ping", b"6"), (b"/nothing", b"48")])
def test_head_is_get_without_a_body(kit, door, path, length):
    said = kit.play(door.exchange(b"HEAD " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n"))
    assert b"\r\nContent-Length: " + length + b"\r\n" in said
    assert said.endswith(b"\r\n\r\n")


def test_the_old_http_closes_unless_asked(kit, door):
    old = b"GET /ping HTTP/1.0\r\n\r\n"
    assert [fields["connection"] for _, fields, _ in door.says(old, old)] == ["close"]
    stays = b"GET /ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    assert [fields["connection"] for _, fields, _ in door.says(stays, old)] == ["keep-alive", "close"]


def test_whoever_waits_for_consent_gets_it(kit, door):
    async def scene():
        reader, writer = await door.connect()
        head, _, body = kit.post(expect="100-continue").partition(b"\r\n\r\n")
        writer.write(kit.PING + head + b"\r\n\r\n")
        said = b""
        while b" 100 " not in said:
            said += await reader.read(1000)
        writer.write(body)
        writer.write_eof()
        return kit.replies(said + await reader.read())

    assert statuses(kit.play(scene())) == [200, 100, 200]
    assert statuses(door.says(kit.post(expect="100-continue"))) == [200]


@pytest.mark.parametrize("ends", [True, False])
def test_many_requests_at_once_let_others_have_their_turn(kit, door, ends):
    async def scene():
        many, writer = await door.connect()
        one, other = await door.connect()
        writer.write(kit.post() * 99 + kit.post(close=not ends))
        if ends:
            writer.write_eof()
        other.write(kit.PING)
        await one.readuntil(b"pong")
        assert len(door.recorder.questions) < 100
        found = kit.replies(await many.read())
        writer.close()
        other.close()
        return found

    assert statuses(kit.play(scene())) == [200] * 100


class Later:
    """A resolver that answers when it is allowed to."""

    def __init__(self):
        self.asked, self.allowed = asyncio.Event(), asyncio.Event()

    async def query(self, name, rdtype):
        self.asked.set()
        await self.allowed.wait()
        raise TemporaryError("nothing is known")


def test_what_comes_while_one_waits_is_answered_after_it(kit):
    site = {"domains": ["home-postfix.test"], "relays": ["mail.home-postfix.test"], "complete": ["relays"]}
    door = kit.Door({"site": site, "plugins": ["spf"]}, resolver=Later())

    async def scene():
        reader, writer = await door.connect()
        writer.write(kit.post(kit.BOUNCE, path="/checkv2", From="<>") + kit.PING)
        await door.desk.filter._resolver.asked.wait()
        writer.write(kit.post(queue_id="z"))
        writer.write_eof()
        await asyncio.sleep(0)
        door.desk.filter._resolver.allowed.set()
        return kit.replies(await reader.read())

    found = kit.play(scene())
    assert statuses(found) == [200, 200, 200]
    assert kit.loads(found[0][2])["message-id"].endswith("mx.postfix.test")
    assert kit.loads(found[2][2])["queue_id"] == "z"


@pytest.mark.parametrize(
    "start", [b"POST /check HTTP/1.1\r\nContent-Le", b"C", b"CHECK RSPAMC/1.3\r\nContent-length: 5\r\n\r\nab"]
)
@pytest.mark.parametrize(("why", "status"), [("slow", b" 408 "), ("full", b" 503 ")])
def test_whoever_began_is_told_why_not(kit, door, start, why, status):
    async def scene():
        reader, writer = await door.connect()
        writer.write(start)
        while door.connection is None or door.connection.resting:
            await asyncio.sleep(0)
        door.connection.dismiss(why)
        said = await reader.read()
        writer.close()
        return said

    said = kit.play(scene())
    assert said.startswith(b"RSPAMD/1.3 75 " if start.startswith(b"CHECK") else b"HTTP/1.1" + status)
    assert door.recorder.remarks == [{"refused": why}]


def test_memory_that_is_not_there(kit):
    door = kit.Door(ward=Ward(memory=10_000))
    head, _, _ = kit.post(b"x" * 100_000).partition(b"\r\n\r\n")
    (first,) = door.says(head + b"\r\n\r\n" + b"x" * 20_000)
    assert (first[0], first[1]["retry-after"]) == (503, "5")
    assert door.recorder.remarks == [{"refused": "memory"}]
    assert statuses(door.says(kit.post())) == [200]
    assert door.ward.free == 10_000


def test_what_is_held_is_given_back(kit):
    door = kit.Door(ward=Ward(memory=1_000_000))
    data = kit.post(b"Subject: x\n\n" + b"x" * 50_000)
    assert statuses(door.says(*(data[at : at + 1000] for at in range(0, len(data), 1000)), kit.PING[:20])) == [200]
    assert door.ward.free == 1_000_000


def test_too_large_a_message(kit, door, monkeypatch):
    monkeypatch.setattr(limits, "SERVICE_MESSAGE", 1000)
    (first,) = door.says(kit.post(b"x" * 1001), kit.PING)
    assert (first[0], first[1]["connection"]) == (413, "close")
    assert door.recorder.remarks == [{"refused": "http-413"}]


def test_a_draining_service_says_that_it_leaves(kit, door):
    async def scene():
        reader, writer = await door.connect()
        data = kit.post()
        writer.write(data[:50])
        while door.connection is None or door.connection.resting:
            await asyncio.sleep(0)
        door.ward.drain()
        writer.write(data[50:] + kit.PING)
        return kit.replies(await reader.read())

    ((status, fields, _),) = kit.play(scene())
    assert (status, fields["connection"]) == (200, "close")


def test_exims_old_protocol(kit, door):
    head = b"CHECK RSPAMC/1.3\r\nContent-length: %d\r\nQueue-Id: 1xV\r\nFrom: <>\r\nRcpt: <alice@home-postfix.test>\r\n\r\n"
    sent = head % len(kit.BOUNCE) + kit.BOUNCE
    said = kit.play(door.exchange(*(sent[at : at + 100] for at in range(0, len(sent), 100)))).decode()
    first, metric, action, *rest = said.split("\r\n")
    assert first == "RSPAMD/1.3 0 EX_OK"
    assert metric.startswith("Metric: default; True; ")
    assert metric.endswith(" / 5.00 / 0.0")
    assert action == "Action: add header"
    assert rest[0] == "Symbol: NDR_BACKSCATTER(0.00)"
    assert (door.recorder.questions[0].queue_id, door.recorder.questions[0].envelope.sender) == ("1xV", "")
