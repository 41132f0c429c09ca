"""rspamd's own `external_services`, set up from its page, asks our spamd door as if it were SpamAssassin."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / part) for part in (".", "recipes", "doors/spamd")]

from rspamd_process import BLOCK, Relay, Rspamd  # noqa: E402
from service_process import Serving  # noqa: E402
from spamd_servers import MAIL  # noqa: E402

PAGE = (ROOT / "docs" / "service" / "rspamd-external.md").read_text(encoding="utf-8")
BLOCKS = {match["file"]: match["text"] for match in BLOCK.finditer(PAGE)}
SITE = (ROOT / "docs" / "demo" / "ndrfilter.yml").read_text(encoding="utf-8")

pytestmark = pytest.mark.client("rspamd", "rspamc")


class External(Rspamd):
    """An rspamd without our plugin, with the page's lines."""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(folder, "")
        local = self.conf / "local.d"
        (local / "ndrfilter.conf").unlink()
        services = BLOCKS["/etc/rspamd/local.d/external_services.conf"].replace(":1783", f":{port}")
        (local / "external_services.conf").write_text(services)
        (local / "groups.conf").write_text(BLOCKS["/etc/rspamd/local.d/groups.conf"])

    def _install(self) -> None:
        """Nothing: that is what the page is for."""


@pytest.fixture
def door(tmp_path):
    """A relay to ndrfilter that listens as the page says, but for the port."""
    config = tmp_path / "ndrfilter.yml"
    config.write_text(SITE + BLOCKS["/etc/ndrfilter/ndrfilter.yml"].replace("1783", "0"))
    with Serving(config) as serving:
        relay = Relay(serving.place["spamd"])
        yield relay
        with contextlib.suppress(OSError):  # the test may have closed it
            relay.close()


def ours(found: dict) -> dict[str, tuple[float, list[str]]]:
    """Our symbols in a reply of rspamc, with score and options."""
    return {
        name: (symbol["score"], symbol.get("options", []))
        for name, symbol in found["symbols"].items()
        if name.startswith("NDR")
    }


def test_backscatter_has_our_score_and_names_our_rules(tmp_path, door):
    with External(tmp_path / "r", door.port) as rspamd:
        (score, options) = ours(rspamd.check(MAIL["backscatter"]))["NDRFILTER"]
        assert score == pytest.approx(6.8)
        assert [option.split(",")[:2] for option in options] == [["NDR_BACKSCATTER", "NDR_NEVER_PASSED_OUR_RELAYS"]]
        assert door.heard.startswith(b"HEADERS SPAMC/1.5\r\nUser: root\r\n")
        assert ours(rspamd.check(MAIL["fake"]))["NDRFILTER"][1][0].startswith("NDR_FAKE,")
        assert ours(rspamd.check(MAIL["genuine"])) == ours(rspamd.check(MAIL["letter"])) == {}


@pytest.mark.parametrize("reply", [b"SPAMD/1.0 75 Temporary failure: full\r\n", b"\xff\x00 what?\r\n\r\n"])
def test_mail_passes_if_the_answer_is_none(tmp_path, door, reply):
    door.reply = reply
    with External(tmp_path / "r", door.port) as rspamd:
        assert ours(rspamd.check(MAIL["backscatter"])) == {}


@pytest.mark.parametrize("state", ["dead", "hangs"])
def test_mail_passes_without_us(tmp_path, door, state):
    with External(tmp_path / "r", door.port) as rspamd:
        if state == "dead":
            door.close()
        door.reply = b""
        found = ours(rspamd.check(MAIL["backscatter"]))
    assert {name: score for name, (score, _) in found.items()} == {"NDRFILTER_FAIL": 0.0}
