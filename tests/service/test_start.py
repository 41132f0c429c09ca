"""What can be wrong at the start: it is said clearly and all at once, with exit code 2, and nothing stays bound."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from pwd import getpwnam

import pytest
from service_process import Serving
from service_setup import ROOT, Setup, refused, workers

from ndrfilter.service.remarks import REMEMBERING

root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change to another user")
not_root = pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unwritable for root")


def certify(path: Path) -> None:
    """A certificate and its key, which only we can read."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
         "/CN=mail.example.com", "-keyout", f"{path}.key", "-out", f"{path}.pem"],
        check=True, capture_output=True,
    )  # fmt: skip


def test_a_port_that_is_taken(setup):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        setup.write(f"listen:\n  - policy: unix:{setup.folder}/p.sock\n  - http: 127.0.0.1:{port}\n")
        said = refused(setup.path)
    assert f"ndrfilter.yml:4:11: error[E770]: 127.0.0.1:{port} is taken" in said
    assert not (setup.folder / "p.sock").exists()


def test_an_address_of_another_machine(setup):
    setup.write("listen: [{http: '203.0.113.7:11433'}]\n")
    assert "203.0.113.7 is no address of this machine" in refused(setup.path)


def test_every_mistake_is_told_at_once(setup):
    (setup.folder / "file").write_text("keep me")
    with socket.socket(socket.AF_UNIX) as live:
        live.bind(f"{setup.folder}/live")
        live.listen()
        setup.write(
            "listen:\n"
            f"  - {{http: 'unix:{setup.folder}/nowhere/x'}}\n"
            f"  - {{http: 'unix:{setup.folder}/file'}}\n"
            f"  - {{http: 'unix:{setup.folder}/live'}}\n"
            f"  - {{http: 'unix:{setup.folder}/grouped', group: no-such-group}}\n"
            "  - {http: '127.0.0.1:0', certificate: cert.pem, key: key.pem}\n"
            "  - {http: 'systemd:web'}\n"
        )
        said = refused(setup.path)
    assert "6 mistakes" in said
    assert f"ndrfilter.yml:3:12: error[E772]: cannot make {setup.folder}/nowhere/x: no such file or directory" in said
    assert f"{setup.folder}/file is there, and is no socket" in said
    assert f"{setup.folder}/live is taken: somebody listens there" in said
    assert 'error[E773]: there is no group "no-such-group"' in said
    assert f"cannot read {setup.folder}/cert.pem: no such file or directory" in said
    assert 'no socket named "web" was handed over' in said
    assert (setup.folder / "file").read_text() == "keep me"


@not_root
def test_a_folder_nobody_may_write(setup):
    (setup.folder / "closed").mkdir(mode=0o500)
    said = refused(setup.path, "--listen", f"http=unix:{setup.folder}/closed/x")
    assert "cannot make" in said
    assert "permission denied" in said


def test_a_key_of_another_certificate(setup):
    for name in ("a", "b"):
        certify(setup.folder / name)
    setup.write("listen: [{http: '127.0.0.1:0', certificate: a.pem, key: b.key}]\n")
    assert "b.key is not the key of" in refused(setup.path)


def test_a_log_file_in_a_folder_that_is_missing(setup):
    setup.write("service: {log: nowhere/mail.log}\n")
    said = refused(setup.path, "--listen", "http=127.0.0.1:0")
    assert f"service.log: error[E769]: cannot write to {setup.folder}/nowhere/mail.log: no such file" in said
    assert "help: " in said


def test_words_on_the_command_line(setup):
    assert '--listen: error[E760]: there is no protocol "htp"' in refused(setup.path, "--listen", "htp=127.0.0.1:1")
    assert "a number from 0 to 64" in refused(setup.path, "--workers", "many")
    assert '--user: error[E778]: there is no user "no-such-user"' in refused(setup.path, "--user", "no-such-user")


@root
def test_root_does_not_serve_unless_it_says_so(setup):
    setup.write("service: {workers: 1} # user:\n")
    assert "refusing to run as root: name a user to change to" in refused(setup.path)


@root
def test_a_configuration_that_the_user_cannot_read(setup):
    setup.path.chmod(0o600)
    setup.folder.chmod(0o755)
    said = refused(setup.path, "--user", "nobody", "--listen", f"http=unix:{setup.folder}/x")
    assert "cannot read" in said
    assert not (setup.folder / "x").exists()


@root
def test_a_group_that_is_missing(setup):
    setup.write("service: {user: nobody, group: no-such-group}\n")
    assert 'ndrfilter.yml:2:32: error[E778]: there is no group "no-such-group"' in refused(setup.path)


_AS_NOBODY = """
import contextlib
import os
from ndrfilter.config import from_mapping
from ndrfilter.errors import ConfigError
from ndrfilter.service import identity

config = from_mapping({"service": {"user": "daemon"}})
os.setgid(65534)
os.setuid(65534)
try:
    identity.wanted(config)
except ConfigError as error:
    print(error)
"""


@root
def test_somebody_cannot_become_somebody_else():
    done = subprocess.run([sys.executable, "-c", _AS_NOBODY], capture_output=True, text=True, cwd=ROOT)
    assert "started as nobody:nogroup, which cannot become daemon:daemon" in done.stdout, done.stderr


@root
def test_root_binds_and_somebody_else_serves():
    """The socket is the user's too, and it is gone at the end."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o777)
        setup = Setup(folder)
        setup.write("service: {user: nobody, workers: 1}\n")
        with Serving(setup.path, f"http=unix:{folder}/x", user="") as serving:
            nobody = getpwnam("nobody")
            found = Path(folder, "x").stat()
            assert (found.st_uid, found.st_gid) == (nobody.pw_uid, nobody.pw_gid)
            for pid in (serving.process.pid, *workers(serving)):
                status = Path(f"/proc/{pid}/status").read_text()
                assert f"Uid:\t{nobody.pw_uid}\t{nobody.pw_uid}\t{nobody.pw_uid}\t" in status
                assert f"Gid:\t{nobody.pw_gid}\t{nobody.pw_gid}\t{nobody.pw_gid}\t" in status
            setup.rule(2.0)
            serving.wait_for("reloaded: generation 2 serves")
            assert serving.stop() == 0
        assert not (folder / "x").exists()


def test_a_socket_file_left_behind_is_replaced(setup):
    path = setup.folder / "left.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    setup.write(f"listen: [{{http: 'unix:{path}', mode: '0606', group: '{os.getgid()}'}}]\n")
    with Serving(setup.path) as serving:
        found = path.stat()
        assert (stat.S_IMODE(found.st_mode), found.st_gid) == (0o606, os.getgid())
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"GET /ping HTTP/1.0\r\n\r\n")
            assert b"pong" in client.recv(4096)
        assert serving.stop() == 0
    assert not path.exists()


def test_it_says_what_nobody_told_it(tmp_path):
    """Without a site it can say little; without a listener it takes the default, unless that is taken."""
    (tmp_path / "empty.yml").write_text("{}\n")
    with Serving(tmp_path / "empty.yml", "http=127.0.0.1:0") as serving:
        assert any("no site is configured" in line for line in serving.lines)
    with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", 11433)):
        assert "default: error[E770]: 127.0.0.1:11433 is taken" in refused(tmp_path / "empty.yml")


@root
def test_a_state_folder_that_cannot_be_used_is_told_before_a_bounce_needs_it():
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        setup = Setup(folder)
        for path in folder.rglob("*"):
            path.chmod(0o755)
        setup.write("state: state\nplugins: [sent_log, spf]\nservice: {user: nobody, workers: 1}\n")
        with Serving(setup.path, "http=127.0.0.1:0", user="") as serving:
            told = f"nothing can be remembered for sent_log: cannot make the state folder {folder}/state"
            assert any(told in line for line in serving.lines)


@root
def test_a_key_that_only_root_can_read_is_told_long_before_it_expires():
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        setup = Setup(folder)
        for path in folder.rglob("*"):
            path.chmod(0o755)
        certify(folder / "a")
        listener = "{http: '127.0.0.1:0', certificate: a.pem, key: a.key}"
        setup.write(f"listen: [{listener}]\nservice: {{user: nobody, workers: 1}}\n")
        with Serving(setup.path, user="") as serving:
            assert any(f"this user cannot read {folder}/a.key: a new one" in line for line in serving.lines)
            serving.process.send_signal(signal.SIGHUP)
            serving.wait_for(r"this user cannot read .*/a\.key")
            serving.wait_for("reloaded: generation 2 serves")


def test_who_remembers():
    """The list of plugins that use the state folder is the list of those that do."""
    places = (ROOT / "plugins").glob("*.py")
    using = {path.stem for path in places if "binding import bound" in path.read_text()}
    assert {name.strip("_").removesuffix("_judge") for name in using} == REMEMBERING


@pytest.mark.skipif(Path("/dev/log").exists(), reason="this machine has a system log")
def test_a_system_log_that_is_not_there_is_told_where_it_can_be(setup):
    setup.write("service: {log: syslog, workers: 1}\n")
    serving = Serving(setup.path, "http=127.0.0.1:0")
    with subprocess.Popen(serving.command, cwd=ROOT, env=serving.env, stderr=subprocess.PIPE, text=True) as process:
        assert "nobody listens at /dev/log" in process.stderr.readline()
        process.terminate()
