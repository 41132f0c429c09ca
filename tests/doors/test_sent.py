"""`ndrfilter sent` as a process: what it records, passes on, tells and forgets, and its exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from ndrfilter.adapters.clock import SystemClock
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.sentlog import covered, known

ALICE, BOB = "alice@example.com", "bob@receiver.example"
DAY = 86_400.0


def mail(number=1, sender=f"Alice <{ALICE}>", to=BOB, age=60.0, extra="") -> bytes:
    return (
        f"From: {sender}\nTo: {to}\nDate: {formatdate(time.time() - age)}\n"
        f"Message-ID: <{number}.x@example.com>\n{extra}Subject: hello\n\nhello\n"
    ).encode()


@pytest.fixture
def box(tmp_path, ndrfilter):
    """A configuration, its state folder, and the command with both."""

    class Box:
        state = tmp_path / "state"
        config = tmp_path / "ndrfilter.yml"

        def __call__(self, *arguments, stdin=b"", **more):
            return ndrfilter("sent", *arguments, "-c", self.config, stdin=stdin, **more)

        @property
        def store(self):
            return SqliteStore(self.state, SystemClock())

        def told(self, number=1, sender=ALICE, recipient=BOB):
            found = known(self.store, f"<{number}.x@example.com>", [sender], [recipient])
            return found and (found.sender, found.recipient)

        def status(self):
            return json.loads(self("status", "--json").stdout)

    made = Box()
    made.config.write_text(
        f"site: {{domains: [example.com], relays: [mail.example.com], complete: [log]}}\n"
        f"plugins: [sent_log]\nstate: {made.state}\n"
    )
    return made


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


class TestImport:
    @pytest.fixture
    def maildir(self, tmp_path):
        folder = tmp_path / "Sent"
        for name in ("cur", "new", "tmp"):
            (folder / name).mkdir(parents=True)
        for number in range(5):
            (folder / "cur" / f"{number}.m:2,S").write_bytes(mail(number, age=number * DAY))
        return folder

    def test_a_maildir(self, box, maildir):
        done = box("import", maildir)
        assert (done.returncode, done.stdout) == (0, b"5 messages: 5 recorded\n")
        assert box.told(3) == (True, True)
        assert known(box.store, "<3.x@example.com>", [ALICE], []).time < time.time() - 2.9 * DAY

    def test_twice_is_once_and_what_came_since_is_added(self, box, maildir):
        box("import", maildir)
        (maildir / "new" / "9").write_bytes(mail(9))
        assert box("import", maildir).stdout == b"6 messages: 1 recorded, 5 there already\n"

    def test_an_mbox_a_file_and_standard_input(self, box, tmp_path):
        lines = b"".join(b"From alice Sun Nov 22 10:00:00 2026\n" + mail(number) + b"\n" for number in (1, 2))
        (tmp_path / "sent.mbox").write_bytes(lines)
        (tmp_path / "3.eml").write_bytes(mail(3))
        done = box("import", tmp_path / "sent.mbox", tmp_path / "3.eml", "-", stdin=mail(4))
        assert done.stdout == b"4 messages: 4 recorded\n"
        assert [box.told(number) for number in (1, 2, 3, 4)] == [(True, True)] * 4

    def test_killed_in_the_middle_and_run_again(self, box, tmp_path, root):
        path, many = tmp_path / "sent.mbox", 1500
        path.write_bytes(b"".join(b"From alice Sun Nov 22 10:00:00 2026\n" + mail(n) + b"\n" for n in range(many)))
        command = [sys.executable, "-m", "ndrfilter", "sent", "import", "-", "-c", str(box.config)]
        running = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE)
        running.stdin.write(path.read_bytes()[: path.stat().st_size * 3 // 4])
        running.stdin.flush()
        while not box.state.exists() or not box.status()["messages"]:
            assert running.poll() is None
        running.kill()
        running.communicate()
        before = box.status()["messages"]
        assert 0 < before < many
        told = box("import", path).stdout.decode()
        assert told == f"{many:,} messages: {many - before:,} recorded, {before:,} there already\n"

    def test_what_does_not_belong_into_it(self, box, tmp_path):
        folder = tmp_path / "mixed"
        folder.mkdir()
        (folder / "a").write_bytes(mail(1, extra="Delivered-To: alice@example.com\n"))
        (folder / "b").write_bytes(mail(2, sender="eve@else.example"))
        (folder / "c").write_bytes(mail(3).replace(b"Message-ID", b"X-Id"))
        (folder / "d").write_bytes(mail(4, age=50 * DAY))
        (folder / "e").write_bytes(mail(5))
        done = box("import", folder)
        words = b"1 recorded, 1 delivered here, 1 of others, 1 without a Message-ID, 1 too old"
        assert done.stdout == b"5 messages: " + words + b"\n"
        assert box.told(1) is None

    def test_an_archive_of_copies(self, box, tmp_path):
        (tmp_path / "copy").write_bytes(mail(1, extra="Delivered-To: archive@example.com\n"))
        assert box("import", "--delivered", tmp_path / "copy").stdout == b"1 messages: 1 recorded\n"

    def test_the_date_of_tomorrow_is_today(self, box, tmp_path):
        (tmp_path / "1.eml").write_bytes(mail(1, age=-900 * DAY))
        box("import", tmp_path / "1.eml")
        assert known(box.store, "<1.x@example.com>", [ALICE], []).time <= time.time()

    def test_what_cannot_be_read_is_said(self, box, tmp_path, maildir):
        done = box("import", tmp_path / "nowhere", maildir)
        assert done.returncode == 2
        assert b"nowhere" in done.stderr
        assert done.stdout == b"5 messages: 5 recorded\n"

    def test_a_store_that_is_in_trouble(self, box, maildir):
        box.state.write_bytes(b"")
        assert box("import", maildir).returncode == 75


class TestStatus:
    def test_before_anything(self, box):
        done = box("status")
        assert done.returncode == 0
        assert done.stdout.startswith(b"0 messages to 0 recipients, kept for 45 days\nnot complete")
        assert not box.state.exists()

    def test_a_folder_that_cannot_be_looked_into_is_not_an_empty_log(self, box):
        box.state.write_text("a file where the folder should be")
        done = box("status", "--json")
        assert (done.returncode, done.stdout) == (75, b"")
        assert str(box.state).encode() in done.stderr

    def test_in_words(self, box):
        box("add", BOB, "carol@x.example", stdin=mail())
        covered(box.store, time.time() - 30 * DAY, time.time())
        lines = box("status").stdout.decode().splitlines()
        assert lines[0] == "1 messages to 2 recipients, kept for 45 days"
        assert lines[1].startswith("the oldest of 20")
        assert lines[2].startswith("complete since 20")
        assert lines[3].startswith(f"{box.state}/state.db: ")

    def test_what_is_wrong_with_it_is_said(self, box):
        covered(box.store, time.time() - 30 * DAY, time.time() - DAY)
        box.config.write_text(box.config.read_text().replace(", complete: [log]", ""))
        told = box("status").stdout.decode()
        assert "is `ndrfilter sent follow` running?" in told
        assert "does not say `complete: [log]`" in told

    def test_for_programs(self, box):
        box("add", stdin=mail())
        told = box.status()
        assert (told["messages"], told["copies"], told["coverage"], told["retention"]) == (1, 1, None, 45 * DAY)
        assert told["bytes"] > 0

    def test_the_retention_is_the_configurations(self, box, tmp_path):
        text = box.config.read_text().replace("[sent_log]", "[{sent_log: {retention: 7d}}]")
        box.config.write_text(text)
        (tmp_path / "old.eml").write_bytes(mail(1, age=8 * DAY))
        assert b"1 too old" in box("import", tmp_path / "old.eml").stdout
        assert box.status()["retention"] == 7 * DAY


class TestForget:
    def test_by_id(self, box):
        box("add", stdin=mail(1))
        box("add", stdin=mail(2))
        assert box("forget", "<1.x@example.com>").returncode == 0
        assert box.told(1) == (False, False)
        assert box.told(2) == (True, True)
        assert box.status()["messages"] == 1

    def test_what_is_forgotten_stays_forgotten_and_does_not_look_unsent(self, box):
        box("add", stdin=mail(1))
        box("forget", "1.x@example.com")
        box("add", stdin=mail(1))
        assert box.told(1) == (False, False)
        assert box.told(2) is None

    def test_by_date(self, box, tmp_path):
        for number in range(4):
            (tmp_path / f"{number}.eml").write_bytes(mail(number, age=number * 10 * DAY))
        box("import", *tmp_path.glob("*.eml"))
        since = covered(box.store, time.time() - 40 * DAY, time.time()).since
        day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 15 * DAY))
        assert box("forget", "--before", day).stdout == b"2 forgotten\n"
        assert [bool(box.told(number)) for number in range(4)] == [True, True, False, False]
        assert box.status()["coverage"]["since"] > since + 20 * DAY

    def test_what_is_not_there(self, box):
        done = box("forget", "<x@y>")
        assert done.returncode == 2
        assert b"<x@y> is not in the log" in done.stderr

    def test_the_others_are_forgotten_and_counted_all_the_same(self, box):
        box("add", stdin=mail(1))
        done = box("forget", "<x@y>", "<1.x@example.com>")
        assert (done.returncode, done.stdout) == (2, b"1 forgotten\n")

    @pytest.mark.parametrize("arguments", [(), ("--before", "yesterday")])
    def test_usage(self, box, arguments):
        assert box("forget", *arguments).returncode == 2


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
        done = ndrfilter("filter", "--outbound", "-c", box.config, stdin=mail())
        assert (done.returncode, done.stdout) == (0, mail())
        assert b"not recorded in the sent log" in done.stderr

    def test_without_the_source_nothing_is_recorded(self, box, ndrfilter):
        box.config.write_text(box.config.read_text().replace("plugins: [sent_log]", "plugins: []"))
        assert ndrfilter("filter", "--outbound", "-c", box.config, stdin=mail()).returncode == 0
        assert not box.state.exists()


def test_help_names_them_all(ndrfilter):
    told = ndrfilter("sent", "--help").stdout.decode()
    assert all(word in told for word in ("add", "import", "follow", "status", "forget"))
