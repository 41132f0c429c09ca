"""`check` and `explain` as processes: what they print where, and their exit codes."""

import gzip
import json
import os
import shutil
import subprocess
import sys

import pytest

ORDINARY = b"From: a@b.example\nTo: c@d.example\nSubject: lunch\nMessage-ID: <1@b.example>\n\nAt noon?\n"


@pytest.fixture
def bounces(root):
    """Real bounces."""
    return root / "tests" / "cases" / "dsn"


@pytest.fixture
def bounce(bounces):
    """One real bounce."""
    return bounces / "forged-postfix-full.eml"


def lines(done) -> list[str]:
    return done.stdout.decode().splitlines()


def test_one_message(ndrfilter, bounce):
    done = ndrfilter("check", bounce)
    assert done.returncode == 0
    assert lines(done)[0].startswith(f"{bounce}  UNDETERMINED")
    assert "delivery failure, written by Postfix" in lines(done)[0]
    assert done.stderr == b""


NO_MAIL = {
    "empty": b"",
    "zeros": bytes(9999),
    "gzip": gzip.compress(b"From: a@b.example\n\nhello\n" * 99),
    "text": b"hello\n",
}


@pytest.mark.parametrize("name", NO_MAIL)
def test_what_is_no_mail(ndrfilter, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(NO_MAIL[name])
    done = ndrfilter("check", path)
    assert (done.returncode, lines(done)[0]) == (0, f"{path}  NOT-A-BOUNCE   not a mail message")
    assert "no-header" in lines(done)[1]
    page = lines(ndrfilter("explain", path))
    assert page[0] == "NOT-A-BOUNCE: not a mail message"
    assert "  It has no header, and every mail begins with one." in page


def test_standard_input_is_the_default(ndrfilter, bounce):
    for paths in ((), ("-",)):
        done = ndrfilter("check", *paths, stdin=bounce.read_bytes())
        assert lines(done)[0].startswith("-  UNDETERMINED")


def test_a_directory_has_a_summary(ndrfilter, bounces):
    done = ndrfilter("check", bounces)
    files = sum(1 for path in bounces.iterdir() if path.is_file())
    assert done.returncode == 0
    assert f"{files} messages: " in done.stdout.decode()


def test_json_lines(ndrfilter, bounce, tmp_path):
    box = tmp_path / "box"
    box.write_bytes(
        b"From a@b Mon Nov 16 10:00:00 2026\n" + ORDINARY + b"\nFrom a@b Mon Nov 16 10:00:00 2026\n" + ORDINARY
    )
    done = ndrfilter("check", "--json", bounce, box, "--recipient", "me@example.com")
    found = [json.loads(line) for line in lines(done)]
    assert [one["path"] for one in found] == [str(bounce), f"{box}:1", f"{box}:2"]
    assert [one["verdict"] for one in found] == ["undetermined", "not-a-bounce", "not-a-bounce"]
    assert list(found[0]) == [
        "path", "v", "verdict", "kind", "score", "required", "hits", "undecided", "evidence", "original", "recipients",
        "dialect", "reporting_mta", "defects", "errors", "advice", "envelope_source", "trace",
    ]  # fmt: skip
    assert found[0]["v"] == 1
    assert found[0]["kind"] == "failure"
    assert set(found[0]["recipients"][0]) == {"address", "action", "status", "diagnostic", "reason", "reason_text"}
    assert set(found[0]["advice"]) == {"sent", "why", "do", "reason"}
    assert found[0]["envelope_source"] == "arguments"


def test_where_the_envelope_came_from(ndrfilter):
    def source(stdin, **env):
        return json.loads(ndrfilter("check", "--json", stdin=stdin, env=env).stdout)["envelope_source"]

    assert source(ORDINARY) == "none"
    assert source(b"Return-Path: <>\n" + ORDINARY) == "headers"
    assert source(b"Return-Path: <>\n" + ORDINARY, SENDER="", RECIPIENT="me@example.com") == "environment"


def test_only(ndrfilter, bounce, tmp_path):
    (tmp_path / "x.eml").write_bytes(ORDINARY)
    done = ndrfilter("check", "--only", "not-a-bounce", bounce, tmp_path / "x.eml")
    assert str(bounce) not in done.stdout.decode()
    assert lines(done)[-1] == "2 messages: 1 unclear, 1 no bounce."
    assert len(lines(ndrfilter("check", "--json", "--only", "genuine,fake", bounce))) == 0


def test_fail_on(ndrfilter, bounce):
    assert ndrfilter("check", "--fail-on", "undetermined,fake", bounce).returncode == 1
    assert ndrfilter("check", "--fail-on", "fake", bounce).returncode == 0


def test_a_missing_file_among_many(ndrfilter, bounce, tmp_path):
    done = ndrfilter("check", tmp_path / "none\x1b.eml", bounce)
    assert done.returncode == 2
    assert done.stderr.decode() == f"ndrfilter: {tmp_path}/none\\x1b.eml: no such file or directory\n"
    assert "UNDETERMINED" in done.stdout.decode()
    assert lines(done)[-1] == "1 message: 1 unclear, 1 could not be read."


def test_lists_of_paths(ndrfilter, bounce, tmp_path):
    odd = tmp_path / "a\nb.eml"
    shutil.copy(bounce, odd)
    zeros = ndrfilter("check", "--json", "-0", stdin=f"{odd}\0{bounce}\0".encode())
    assert [json.loads(line)["path"] for line in lines(zeros)] == [str(odd), str(bounce)]
    (tmp_path / "list").write_text(f"{bounce}\n")
    listed = ndrfilter("check", "--json", "--files", tmp_path / "list")
    assert [json.loads(line)["path"] for line in lines(listed)] == [str(bounce)]
    assert ndrfilter("check", "--files", tmp_path / "none").returncode == 2


def test_trace_shows_conditions(ndrfilter, bounce):
    assert "  =  " in ndrfilter("check", "--trace", bounce).stdout.decode()


def test_me_makes_a_site(ndrfilter, bounces):
    done = ndrfilter("check", "--json", "--no-dns", "--me", "alice@home-postfix.test", bounces / "forged-exim-full.eml")
    assert done.returncode == 0
    assert "nobody told us" not in done.stdout.decode()
    assert "nobody told us" in ndrfilter("check", "--json", bounces / "forged-exim-full.eml").stdout.decode()


@pytest.mark.parametrize(
    "args",
    [
        (), ("nix",), ("check", "--only", "nix", "x"), ("check", "--me", "nobody", "-"), ("check", "--me", "a@b.example", "-c", "x", "-"), ("check", "--files", "-0"),
        ("check", "--client-ip", "x", "-"),
    ],
)  # fmt: skip
def test_wrong_usage(ndrfilter, args):
    done = ndrfilter(*args)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert done.stderr.count(b"\n") < 12


@pytest.mark.parametrize("option", ["-c", "--config"])
def test_every_mistake_of_a_configuration_is_shown(ndrfilter, bounce, tmp_path, option):
    config = tmp_path / "ndrfilter.yml"
    config.write_text("site:\n  domain: [example.com]\nrulset: default\n")
    for args in (
        ("check", option, config, bounce),
        (option, config, "check", bounce),
        (option, config, "explain", bounce),
    ):
        done = ndrfilter(*args)
        assert done.returncode == 2
        assert done.stdout == b""
        assert f"{config}:2" in done.stderr.decode()
        assert f"{config}:3" in done.stderr.decode()
        assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    "raw",
    [b"", b"\0" * 1000, bytes(range(256)) * 20, b"no header at all", b"\n\n\n", b"a" * 1000 + b":", b"From "],
    ids=["empty", "zeros", "binary", "text", "blank", "odd", "from"],
)
def test_what_is_no_message(ndrfilter, raw):
    done = ndrfilter("check", "--json", stdin=raw)
    assert done.returncode == 0
    assert json.loads(done.stdout)["verdict"] == "not-a-bounce"


def test_a_closed_reader_is_no_disaster(process, bounces):
    read, write = os.pipe()
    os.close(read)
    done = process("check", "--json", bounces, stdout=write)
    os.close(write)
    assert done.returncode == 141
    assert done.stderr == b""


def test_a_full_disk_is_temporary(ndrfilter, bounce):
    done = ndrfilter("check", bounce, output="/dev/full")
    assert done.returncode == 75
    assert done.stderr == b"ndrfilter: cannot read or write: no space left on device\n"


def test_a_file_that_cannot_be_read_is_said(ndrfilter, bounce):
    done = ndrfilter("check", "/proc/self/mem", bounce)
    assert done.returncode == 2
    assert done.stderr == b"ndrfilter: /proc/self/mem: input/output error\n"
    assert lines(done)[-1] == "1 message: 1 unclear, 1 could not be read."


def test_many_undecided_messages_without_a_site_say_what_is_missing(ndrfilter, bounces):
    hint = "add --me you@your.domain"
    assert hint in lines(ndrfilter("check", bounces))[-1]
    assert hint not in lines(ndrfilter("check", "--no-dns", "--me", "you@example.com", bounces))[-1]


def test_long_work_shows_a_bar_on_a_terminal_and_only_there(ndrfilter, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(201):
        (folder / f"{number}.eml").write_bytes(ORDINARY)
    done = ndrfilter("check", "--only", "fake", folder, env={"TERM": "xterm"}, terminal=True)
    assert b" messages, " in done.stderr
    assert b" %" in done.stderr
    assert done.stdout.splitlines()[0] == b"201 messages: 201 no bounces."
    assert ndrfilter("check", "--only", "fake", folder).stderr == b""


def test_explain(ndrfilter, bounce, tmp_path):
    done = ndrfilter("explain", bounce)
    assert done.returncode == 0
    assert lines(done)[0].startswith("UNDETERMINED: delivery failure, written by Postfix")
    for title in ("Did I send this?", "Why did I get it?", "What should I do?"):
        assert title in lines(done)
    assert done.stdout == ndrfilter("explain", "-", stdin=bounce.read_bytes()).stdout
    assert ndrfilter("explain", tmp_path / "none").returncode == 2


def test_importing_the_command_line_imports_nothing_heavy(root):
    code = "import sys, ndrfilter.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=root, check=True)
    loaded = set(done.stdout.decode().split())
    heavy = {"rich", "lark", "yaml", "re2", "dns", "pluggy", "asyncio", "ndrfilter.api", "ndrfilter.doors.check"}
    assert not loaded & heavy


def test_version_and_help(ndrfilter):
    assert ndrfilter("--version").stdout.startswith(b"ndrfilter")
    overview = ndrfilter("--help").stdout.decode()
    for command in ("check", "explain", "filter", "config", "rules"):
        assert command in overview
    for command in ("check", "explain", "filter"):
        assert "example" in ndrfilter(command, "--help").stdout.decode()
