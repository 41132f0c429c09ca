"""Single messages through Postfix and our milter: what each action means, what we send, what is large or forged."""

from __future__ import annotations

import signal

import pytest
from mailhost import POSTFIX
from milter_scene import ALICE, CASES, STRICT, accepted, once_each

from ndrfilter import Envelope, Filter

pytestmark = pytest.mark.mta

FORGED, GENUINE = "forged-sendmail-full.eml", "genuine-postfix-full.eml"


def held(scene):
    """The queue ids on hold."""
    return [path.name for path in (scene.host.box("postfix") / "spool" / "hold").rglob("*") if path.is_file()]


@pytest.mark.parametrize(("action", "word"), [("reject", "reject"), ("discard", "discard"), ("quarantine", "hold")])
def test_only_backscatter_is_refused_dropped_or_held_and_a_held_message_can_go_on(scene, action, word):
    scene.configure(f"actions: {{backscatter: {action}}}\n")
    letters = scene.letters()
    letters.dsn(CASES / FORGED, b"backscatter")
    letters.dsn(CASES / GENUINE, b"genuine")
    letters.ordinary(1)
    with scene.serve():
        told = scene.host.send(POSTFIX, letters.folder, connections=1)
    others = once_each({mark: verdict for mark, verdict in letters.verdicts.items() if mark != "m00000"})
    assert scene.delivered() == others
    assert accepted(told) == set(letters.verdicts) - ({"m00000"} if action == "reject" else set())
    if action == "reject":
        assert told["m00000"].startswith("550 5.7.1 You did not send this: someone forged your address.")
    assert f"milter-{word}: END-OF-MESSAGE" in scene.host.log("postfix")
    assert len(held(scene)) == (action == "quarantine")
    for queue_id in held(scene):
        scene.host.run("postfix", "postsuper", "-H", queue_id)
        scene.host.run("postfix", "postqueue", "-i", queue_id)
        assert scene.delivered() == once_each(letters.verdicts)


KEYS = "plugins:\n  - token: {keys: {k1: a secret for the tests only}}\n"
TAGS = "  - batv: {keys: {k1: another secret for the tests}}\n  - sent_log\n"
HOME = "ADDR=192.0.2.10 NAME=laptop.home-postfix.test"
LETTER = f"From: {ALICE}\nTo: nosuch@remote.test\nSubject: hello\nMessage-ID: <1@home-postfix.test>\n\nhello\n".encode()


def marked(raw):
    """Whether the token stands in a message's own header."""
    return b"\nX-NDR-Token: k1-" in raw.partition(b"\n\n")[0]


def test_what_we_send_is_marked_and_recorded_and_its_bounce_is_proven(scene):
    scene.configure(KEYS + TAGS)
    written = scene.config.read_text().replace('mode: "0666"', 'mode: "0666"\n    outbound: [192.0.2.0/28]')
    scene.config.write_text(written)
    letters = scene.letters()
    letters.add(LETTER, ALICE, b"genuine", "nosuch@remote.test", xclient=HOME)
    with scene.serve() as serving:
        told = scene.host.send(POSTFIX, letters.folder)
        assert accepted(told) == set(letters.verdicts)
        scene.host.settle()
        line = serving.wait_for("sent=")
    (bounce,) = scene.host.mailbox("postfix", "home")
    assert b"\nDelivered-To: prvs=" in bounce
    assert b"\nX-NDR-Token: k1-" in bounce.partition(b"Content-Type: message/rfc822")[2]
    assert b"X-NDR-Status: genuine" in bounce
    assert all(rule in bounce for rule in (b"BATV_PROOF", b"TOKEN_PROOF", b"SENT_LOG_KNOWS"))
    assert 'sent="batv,token"' in line


@pytest.mark.parametrize(
    ("client", "is_ours"),
    [("ADDR=203.0.113.66 NAME=host66.spam.example", False), ("ADDR=192.0.2.200 NAME=mail.home-postfix.test", False),
     ("ADDR=203.0.113.66 NAME=host66.spam.example LOGIN=alice", True), ("ADDR=127.0.0.1 NAME=localhost", False)],
)  # fmt: skip
def test_only_who_logged_in_or_is_in_our_networks_has_mail_marked(scene, client, is_ours):
    scene.configure(KEYS)
    letters = scene.letters()
    letters.add(LETTER, ALICE, b"", xclient=client)
    with scene.serve():
        assert accepted(scene.host.send(POSTFIX, letters.folder)) == set(letters.verdicts)
        scene.host.settle()
    (mail,) = scene.host.mailbox("postfix", "home")
    assert marked(mail) == is_ours
    assert (b"\nX-NDR-Status: not-a-bounce" in mail) != is_ours


def test_a_large_message_is_taken_whole_and_the_session_goes_on(scene):
    scene.configure()
    letters = scene.letters()
    text = b"Subject: large\n\n" + b"one line of a large message, of which only the front is looked at\n" * 150_000
    letters.add(text, "bob@remote.test", b"not-a-bounce")
    letters.ordinary(1)
    with scene.serve():
        assert accepted(scene.host.send(POSTFIX, letters.folder, connections=1)) == set(letters.verdicts)
    assert scene.delivered() == once_each(letters.verdicts)
    assert max(len(raw) for raw in scene.host.mailbox("postfix", "home")) > len(text)


def test_copies_of_our_fields_are_taken_out_however_many_there_are(scene):
    scene.configure()
    letters = scene.letters()
    copies = b"X-NDR-Status: genuine\nx-ndr-status : genuine\nX-NDR-Reason: You\n sent this.\n" * 40
    letters.add(copies + b"Subject: hi\n\nX-NDR-Status: genuine\n", "bob@remote.test", b"not-a-bounce")
    with scene.serve():
        scene.host.send(POSTFIX, letters.folder)
    assert scene.delivered() == once_each(letters.verdicts)
    (mail,) = scene.host.mailbox("postfix", "home")
    assert mail.count(b"X-NDR-Reason") == 1
    assert mail.endswith(b"\n\nX-NDR-Status: genuine\n")


def test_the_real_collection_gets_the_verdict_that_the_library_gives(scene, shared):
    scene.configure()
    letters = scene.letters()
    judge = Filter.from_config(scene.config)
    envelope = Envelope("", (ALICE,), "127.0.0.1", None, "mx.remote.test")
    for file in sorted((shared / "mta" / "dsn").rglob("*.eml")):
        raw = file.read_bytes()
        letters.add(raw, "", judge.check(raw, envelope=envelope).verdict.encode())
    with scene.serve():
        assert accepted(scene.host.send(POSTFIX, letters.folder)) == set(letters.verdicts)
    assert len(letters.verdicts) > 60
    assert scene.delivered() == once_each(letters.verdicts)


@pytest.mark.parametrize(("outbound", "verdict"), [("192.0.2.0/28, 127.0.0.0/8", b"genuine"), ("192.0.2.0/28", None)])
def test_our_own_postfix_is_believed_where_the_programs_of_its_host_are(scene, outbound, verdict):
    scene.configure()
    written = scene.config.read_text().replace('mode: "0666"', f'mode: "0666"\n    outbound: [{outbound}]')
    scene.config.write_text(written)
    letters = scene.letters()
    letters.add(LETTER, ALICE, verdict, "nosuch@remote.test", xclient=HOME)
    with scene.serve():
        assert accepted(scene.host.send(POSTFIX, letters.folder)) == set(letters.verdicts)
        scene.host.settle()
    ((found, count),) = scene.delivered().items()
    assert count == 1
    assert found[1] == ((verdict or b"undetermined"),)


def test_a_session_goes_on_with_its_worker_after_a_reload(scene):
    scene.configure(drain="60s")
    scene.letters()
    with scene.serve() as serving, scene.host.session(STRICT) as client:
        assert client.send(b"X-Mark: one\n\nhello\n", "bob@remote.test", ALICE).startswith("250")
        serving.process.send_signal(signal.SIGHUP)
        serving.wait_for("reloaded: ")
        assert client.send(b"X-Mark: two\n\nhello\n", "bob@remote.test", ALICE).startswith("250")
    assert scene.delivered() == once_each({"one": b"not-a-bounce", "two": b"not-a-bounce"})
