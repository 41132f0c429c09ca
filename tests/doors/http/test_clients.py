"""Real clients ask the real service: rspamc, curl as the page has it, Python's own; and thousands of broken ones."""

import asyncio
import http.client
import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from service_process import Serving

from bench.service import hostile

CONFIG_BLOCK = "/etc/ndrfilter/ndrfilter.yml"
DOCUMENTED = "127.0.0.1:11433"
BROKEN = 2_000


@pytest.fixture(scope="module")
def served(kit, root, tmp_path_factory):
    config = tmp_path_factory.mktemp("http") / "ndrfilter.yml"
    listen = next(text for name, text in blocks(root) if name == CONFIG_BLOCK).replace(":11433", ":0")
    config.write_text((kit.DEMO / "ndrfilter.yml").read_text(encoding="utf-8") + listen)
    with Serving(config) as serving:
        yield serving


def blocks(root):
    """The blocks of the page, named, in their order; a name may come twice."""
    text = (root / "docs" / "service" / "http.md").read_text(encoding="utf-8")
    return re.findall(r"^```(?:\w+) ([^\n]+)\n(.*?)^```$", text, re.M | re.S)


@pytest.fixture
def shell(kit, served, root, tmp_path):
    """Runs a block of the page where a bounce lies."""
    host, port = served.place["http"]
    (tmp_path / "bounce.eml").write_bytes(kit.BOUNCE)

    def run(name, more=""):
        text = next(text for block, text in blocks(root) if block == name)
        command = text.replace(DOCUMENTED, f"{host}:{port}").rstrip("\n") + more
        done = subprocess.run(["sh", "-e"], input=command, text=True, capture_output=True, cwd=tmp_path, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.client("curl")
def test_curl_as_the_page_has_it(shell, root):
    said = json.loads(shell("check"))
    shown = json.loads([text for name, text in blocks(root) if name == "check"][1])
    for one in (said, shown, *said["hits"], *shown["hits"]):
        assert isinstance(one.pop("score"), float)  # which may change with the rules
    assert all(hit in said["hits"] for hit in shown.pop("hits"))
    assert shown.pop("advice").items() <= said["advice"].items()
    assert shown.items() <= said.items()


@pytest.mark.client("rspamc")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("", "Action: add header\nSpam: true\n"),
        ("", "Symbol: NDR_BACKSCATTER (0.00)[You did not send this"),
        (" --json", '"action": "add header"'),
        (" --ucl", 'action = "add header"'),
        (" --mime", "X-Spam-Action: add header"),
        (" --headers", "Server: ndrfilter"),
        (
            " -i 198.51.100.29 --helo mx.example --hostname mx.example -u joe -d alice@home-postfix.test",
            "NDR_BACKSCATTER",
        ),
        (" -z || true", "HTTP error: 415"),
        (" -n 8 bounce.eml bounce.eml bounce.eml bounce.eml", "NDR_BACKSCATTER"),
    ],
)
def test_rspamc_as_the_page_has_it(shell, options, said):
    assert said in shell("rspamc", options)


def test_one_connection_for_many_messages(kit, served):
    client = http.client.HTTPConnection(*served.place["http"], timeout=60)
    for number in range(20):
        raw = kit.BOUNCE if number % 2 else kit.LETTER
        client.request("POST", "/check", raw, {"From": "<>", "Queue-Id": str(number)})
        reply = client.getresponse()
        said = json.loads(reply.read())
        assert (reply.status, said["queue_id"]) == (200, str(number))
        assert said["verdict"] == ("backscatter" if number % 2 else "not-a-bounce")
    client.request("POST", "/checkv2", iter([kit.BOUNCE[:100], kit.BOUNCE[100:]]), {"From": ""})
    assert json.loads(client.getresponse().read())["action"] == "add header"
    client.close()


def test_many_clients_at_once(kit, served):
    def ask(number):
        client = http.client.HTTPConnection(*served.place["http"], timeout=60)
        client.request("POST", "/check", kit.LETTER, {"Queue-Id": str(number)})
        said = json.loads(client.getresponse().read())["queue_id"]
        client.close()
        return said

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(ask, range(100))) == [str(number) for number in range(100)]


def test_broken_sessions_neither_hang_nor_spoil_the_next(served):
    seen = asyncio.run(hostile.attack("http", served.place["http"], BROKEN, seed=7))
    assert (seen["ended"], seen["hung"], seen["wrong"]) == (BROKEN, 0, 0)
    assert seen["right"] > 0
    assert served.process.poll() is None
    assert "Traceback" not in "\n".join(served.lines)
