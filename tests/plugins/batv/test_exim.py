"""Exim signs what we verify, verifies what we sign, and runs what the page on BATV says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time

import pytest

from ndrfilter import resources
from ndrfilter.message.addresses import parse_address
from ndrfilter.plugin import Key

batv = resources.plugin("batv")
TAGGED = "prvs=1784e71dd2=alice@example.com"
EXIM = shutil.which("exim4", path="/usr/sbin:" + os.environ.get("PATH", "")) or "exim4"


def run_exim(conf, *options):
    command = [EXIM, "-C", str(conf), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout.strip()


@pytest.fixture
def exim(kit):
    """What Exim makes of an expression in which ADDRESS and SECRET stand for these."""

    def run(expression, address):
        return run_exim("/dev/null", "-be", expression.replace("ADDRESS", address).replace("SECRET", kit.SECRET))

    return run


@pytest.mark.client("exim4")
@pytest.mark.parametrize(
    "address", ["alice@example.com", "Alice+x@example.com", "a.b-c=d@mail.example.com", '"a b"@example.com']
)
def test_what_exim_signs_we_verify(kit, exim, address):
    theirs = parse_address(exim("${prvs{ADDRESS}{SECRET}{1}}", address))
    assert kit.checked(theirs.text, now=time.time()) == "valid"


@pytest.mark.client("exim4")
@pytest.mark.parametrize("address", ["alice@example.com", "alice+x@example.com", "a.b-c=d@mail.example.com"])
def test_what_we_sign_exim_verifies(kit, exim, address):
    ours = batv.tagged(parse_address(address), kit.section(), time.time())
    told = exim("${prvscheck{ADDRESS}{SECRET}{$prvscheck_address $prvscheck_keynum $prvscheck_result}}", ours)
    assert told == f"{address} 1 1"


def snippets(root):
    """The Exim blocks of the page: macros, router, transport."""
    return re.findall(r"```exim\n(.*?)```", (root / "docs/evidence/batv.md").read_text(), re.S)


@pytest.fixture
def exim_conf(root, tmp_path):
    """An Exim configuration around the page's blocks."""
    macros, router, transport = snippets(root)
    file = tmp_path / "exim.conf"
    file.write_text(
        f"primary_hostname = mail.example.com\ndomainlist local_domains = example.com\nkeep_environment =\n{macros}\n"
        f"begin routers\n{router}\nlocal:\n  driver = accept\n  domains = +local_domains\n  transport = local\n"
        f"begin transports\n{transport}\nlocal:\n  driver = appendfile\n  file = /dev/null\n"
    )
    return file


@pytest.mark.client("exim4")
@pytest.mark.parametrize("address", [TAGGED, "prvs=1784000000=alice@example.com", TAGGED.replace("prvs", "PRVS")])
def test_the_router_of_the_page_takes_tags_off(exim_conf, address):
    assert run_exim(exim_conf, "-bt", address).startswith("alice@example.com\n")


@pytest.mark.client("exim4")
@pytest.mark.parametrize(
    ("sender", "tagged"),
    [
        ("alice@example.com", True),
        ("Alice@EXAMPLE.com", True),
        (TAGGED, False),
        ("alice+prvs=1784e71dd2@example.com", False),
        ("joe@else.example", False),
    ],
)
def test_the_transport_of_the_page_tags_our_senders(kit, exim_conf, sender, tagged):
    value = run_exim(exim_conf, "-bP", "transport", "remote_smtp").partition("return_path = ")[2].splitlines()[0]
    told = run_exim(exim_conf, "-f", sender, "-be", value.removesuffix("fail}") + "{as it is}}")
    if not tagged:
        assert told == "as it is"
    else:
        key = Key("k1", b"PUT-HERE-WHAT-openssl-rand-hex-32-PRINTS")
        assert kit.checked(told, now=time.time(), keys=(key,)) == "valid"
