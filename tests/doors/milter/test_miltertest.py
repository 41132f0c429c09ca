"""OpenDKIM's miltertest speaks with the running service: another implementation of the MTA's side."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from service_process import Serving

pytestmark = pytest.mark.client("miltertest")

BEGIN = """
conn = mt.connect(SOCKET)
assert(conn ~= nil, "no connection")
assert(mt.negotiate(conn, VERSION, ACTIONS, STEPS) == nil, "negotiate")
function same(one, other) if one ~= other then error(tostring(one) .. " is not " .. tostring(other)) end end
"""
LETTER = """
assert(mt.conninfo(conn, "mx.receiver.test", "198.51.100.25") == nil)
assert(mt.helo(conn, "mx.receiver.test") == nil)
assert(mt.mailfrom(conn, "<bob@remote.test>") == nil)
assert(mt.rcptto(conn, "<alice@home-postfix.test>") == nil)
assert(mt.header(conn, "X-NDR-Status", " genuine") == nil)
assert(mt.header(conn, "Subject", " hi") == nil)
assert(mt.bodystring(conn, "hello\\r\\n") == nil)
assert(mt.eom(conn) == nil)
same(mt.getreply(conn), SMFIR_CONTINUE)
assert(mt.eom_check(conn, MT_HDRDELETE, "X-NDR-Status"), "a copy stayed")
assert(mt.eom_check(conn, MT_HDRINSERT, "X-NDR-Status"), "no verdict")
assert(mt.eom_check(conn, MT_HDRINSERT, "X-NDR-Reason", REASON, 1), "no reason: " .. mt.getheader(conn, "X-NDR-Reason", 0))
"""
BOUNCE = """
assert(mt.conninfo(conn, "mx.sendmail.test", "198.51.100.28") == nil)
assert(mt.mailfrom(conn, "<>") == nil)
assert(mt.rcptto(conn, "<alice@home-postfix.test>") == nil)
HEADER
assert(mt.bodyfile(conn, BODY) == nil)
assert(mt.eom(conn) == nil)
"""
END = "mt.disconnect(conn)\n"


@pytest.fixture(scope="module")
def door(tmp_path_factory, root):
    folder = tmp_path_factory.mktemp("milter")
    config = folder / "ndrfilter.yml"
    actions = "actions: {backscatter: reject, fake: quarantine}\n"
    config.write_text((root / "docs/demo/ndrfilter.yml").read_text() + actions)
    with Serving(config, f"milter=unix:{folder}/milter.sock") as serving:
        yield serving


def run(door, script, tmp_path, *, version="6", actions="nil", steps="nil", reason=" Not a delivery report.", **more):
    """Runs a script; fails with what it says."""
    named = {"SOCKET": f'"unix:{door.place["milter"]}"', "VERSION": version, "ACTIONS": actions, "STEPS": steps,
             "REASON": f'"{reason}"', **more}  # fmt: skip
    for name, text in named.items():
        script = script.replace(name, text)
    file = tmp_path / "script.lua"
    file.write_text(script)
    done = subprocess.run(["miltertest", "-s", file], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def bounce(root, tmp_path, file):
    """The script's part for a bounce of the collection."""
    head, _, body = (root / "tests/cases/dsn" / file).read_bytes().partition(b"\n\n")
    (tmp_path / "body").write_bytes(body.replace(b"\n", b"\r\n"))
    lines = head.decode().replace("\n\t", "\0\t").replace("\n ", "\0 ").split("\n")
    fields = [line.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "\\n").partition(":") for line in lines]
    calls = [f'assert(mt.header(conn, "{name}", "{value}") == nil)' for name, _, value in fields]
    return BOUNCE.replace("HEADER", "\n".join(calls)).replace("BODY", f'"{tmp_path / "body"}"')


def test_a_letter(door, tmp_path):
    run(door, BEGIN + LETTER + END, tmp_path)


def test_several_messages_in_one_session(door, tmp_path):
    again = LETTER.replace("assert(mt.conninfo", "-- assert(mt.conninfo").replace("assert(mt.helo", "-- assert(mt.helo")
    run(door, BEGIN + LETTER + again + again + END, tmp_path)


def test_an_mta_of_version_2(door, tmp_path):
    old = {"version": "2", "actions": "0x3F", "steps": "0x7F", "reason": "Not a delivery report."}
    run(door, BEGIN + LETTER.replace('" genuine"', '"genuine"') + END, tmp_path, **old)


def test_backscatter_is_refused_and_what_is_genuine_is_not(door, root, tmp_path):
    refused = "same(mt.getreply(conn), SMFIR_REPLYCODE)\n"
    run(door, BEGIN + bounce(root, tmp_path, "forged-sendmail-full.eml") + refused + END, tmp_path)
    taken = "same(mt.getreply(conn), SMFIR_CONTINUE)\n"
    run(door, BEGIN + bounce(root, tmp_path, "genuine-sendmail-full.eml") + taken + END, tmp_path)


def test_an_aborted_message_and_a_rude_end_leave_the_service_well(door, tmp_path):
    begun = 'mt.conninfo(conn, "a.test", "192.0.2.1")\nmt.mailfrom(conn, "<a@b>")\nmt.abort(conn)\n'
    run(door, BEGIN + begun + "mt.disconnect(conn, false)\n", tmp_path)
    run(door, BEGIN + LETTER + END, tmp_path)
