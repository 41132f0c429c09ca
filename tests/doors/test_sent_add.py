"""`ndrfilter sent add` and `filter --outbound`: what they record and pass on, and what keeps mail back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sent_mail import ALICE, BOB, mail

from ndrfilter.sentlog import known


class TestAdd:
    def test_a_message_is_recorded_with_what_its_header_says(self, box):
        done = box("add", stdin=mail())
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        assert box.told() == (True, True)

    def test_the_envelope_counts_more(self, box):
        assert (
            box(
                "add", "--sender=<bounces@example.com>", BOB, "carol@x.example", stdin=mail(to="list@x.example")
            ).returncode
            == 0
        )
        assert box.told() == (False, False)
        assert box.told(sender="bounces@example.com") == (True, True)
        assert box.told(sender="bounces@example.com", recipient="carol@x.example") == (True, True)
        assert box.told(sender="bounces@example.com", recipient="list@y.example") == (True, False)

    def test_recipients_as_options(self, box):
        box("add", f"--recipient={BOB}", "--recipient=<carol@x.example>", stdin=mail(to="list@z.example"))
        assert box.told() == box.told(recipient="carol@x.example") == (True, True)

    def test_the_envelope_in_the_environment(self, box):
        environment = {"SENDER": "bounces@example.com", "RECIPIENT": BOB}
        box("add", stdin=mail(to="list@x.example"), env=environment)
        assert box.told(sender="bounces@example.com") == (True, True)

    @pytest.mark.parametrize("null", ["", "<>", "MAILER-DAEMON"])
    def test_the_null_sender(self, box, null):
        box("add", f"--sender={null}", stdin=mail())
        assert box.told(sender="") == (True, True)

    def test_the_message_is_passed_on_untouched(self, box):
        raw = b"\r\n".join(mail().split(b"\n")) + b"\0\xff" * 70_000
        done = box("add", "--pass", stdin=raw)
        assert (done.returncode, done.stdout) == (0, raw)

    def test_mail_of_others_is_no_business_of_ours(self, box):
        done = box("add", "--pass", stdin=mail(sender="eve@else.example"))
        assert (done.returncode, done.stdout) == (0, mail(sender="eve@else.example"))
        assert box.told(sender="eve@else.example") is None

    @pytest.mark.parametrize(
        "author", ["alice@example.com (Alice)", '"A, B" <alice@EXAMPLE.com>, x@y.example', "alice@sub.example.com"]
    )
    def test_mail_in_our_name_is_ours_whatever_its_sender(self, box, author):
        box("add", "--sender=news@service.example", stdin=mail(sender=author))
        assert box.told(sender="news@service.example") == (True, True)

    def test_without_a_message_id_there_is_nothing_to_record(self, box):
        done = box("add", stdin=b"From: alice@example.com\n\nhello\n")
        assert done.returncode == 0
        assert b"no Message-ID" in done.stderr

    @pytest.mark.parametrize("raw", [b"", b"\0" * 999, b"Message-ID: <\xff\x1b[31m@\xe9>\nFrom: alice@example.com\n\n"])
    def test_strange_mail_breaks_nothing(self, box, raw):
        assert box("add", "--pass", stdin=raw).returncode == 0

    def test_what_cannot_be_recorded_is_kept_back(self, box):
        box.state.write_bytes(b"")
        done = box("add", "--pass", stdin=mail())
        assert (done.returncode, done.stdout) == (75, b"")
        assert b"state folder" in done.stderr

    def test_a_broken_configuration_keeps_mail_back_and_bounces_none(self, box):
        box.config.write_text("site: {domain: [example.com]}\n")
        assert box("add", stdin=mail()).returncode == 75

    def test_a_mistake_in_the_command_keeps_mail_back_and_bounces_none(self, box):
        assert box("add", "--sendr=x", stdin=mail()).returncode == 75

    def test_output_that_nobody_takes_keeps_mail_back(self, box, root):
        with Path("/dev/full").open("wb") as full:
            command = [sys.executable, "-m", "ndrfilter", "sent", "add", "--pass", "-c", str(box.config)]
            done = subprocess.run(command, cwd=root, input=mail(), stdout=full, stderr=subprocess.PIPE, check=False)
        assert done.returncode == 75

    def test_no_address_is_in_the_files(self, box):
        box("add", stdin=mail())
        text = b"".join(path.read_bytes() for path in box.state.iterdir())
        assert b"alice" not in text
        assert b"example" not in text


class TestOutbound:
    def test_what_the_filter_stamps_is_recorded_as_it_was_written(self, box, ndrfilter):
        keys = "plugins: [sent_log, {token: {keys: {k1: 0123456789abcdef}, in: [message-id]}}]"
        box.config.write_text(box.config.read_text().replace("plugins: [sent_log]", keys))
        done = ndrfilter(
            "filter", "--outbound", "-c", box.config, f"--sender={ALICE}", f"--recipient={BOB}", stdin=mail()
        )
        assert done.returncode == 0
        written = next(line for line in done.stdout.decode().splitlines() if line.startswith("Message-ID"))
        assert "<1.x@example.com>" not in written
        found = known(box.store, written.partition(":")[2], [ALICE], [BOB])
        assert (found.sender, found.recipient) == (True, True)
        assert box.told() is None

    def test_a_store_in_trouble_does_not_harm_the_mail(self, box, ndrfilter):
        box.state.write_bytes(b"")
        raw = mail()
        done = ndrfilter("filter", "--outbound", "-c", box.config, stdin=raw)
        assert (done.returncode, done.stdout) == (0, raw)
        assert b"not recorded in the sent log" in done.stderr

    def test_without_the_source_nothing_is_recorded(self, box, ndrfilter):
        box.config.write_text(box.config.read_text().replace("plugins: [sent_log]", "plugins: []"))
        assert ndrfilter("filter", "--outbound", "-c", box.config, stdin=mail()).returncode == 0
        assert not box.state.exists()
