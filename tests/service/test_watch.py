"""What a postmaster sees of a running service: the line in the log, the metrics, the page, the report, all the same."""

from __future__ import annotations

import json
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from service_process import Serving

from ndrfilter.service.metrics import OPENMETRICS

ROOT = Path(__file__).resolve().parents[2]
DSN = (ROOT / "tests/cases/dsn/genuine-sendmail-hdrs.eml").read_bytes()
FIELDS = {"From": "<>", "Rcpt": "you@example.com", "Queue-Id": "4XyZ12kk9", "IP": "203.0.113.7"}


@pytest.fixture
def serving(tmp_path):
    config = tmp_path / "ndrfilter.yml"
    config.write_text("site: {domains: [example.com], relays: [192.0.2.1]}\nservice: {workers: 2}\n")
    with Serving(config, "http=127.0.0.1:0") as running:
        yield running


def asked(serving, method, path, body=b"", **fields):
    connection = HTTPConnection(*serving.place["http"], timeout=30)
    try:
        connection.request(method, path, body, fields)
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read()
    finally:
        connection.close()


def test_they_agree(serving):
    for _ in range(6):
        connection = HTTPConnection(*serving.place["http"], timeout=30)
        connection.request("POST", "/checkv2", DSN, FIELDS)
        assert connection.getresponse().status == 200
        connection.close()
    lines = [serving.wait_for("4XyZ12kk9: mid=") for _ in range(6)]

    families = text_string_to_metric_families(asked(serving, "GET", "/metrics", Accept=OPENMETRICS).decode())
    samples = [sample for family in families for sample in family.samples]
    assert sum(one.value for one in samples if one.name == "ndrfilter_messages_total") == 6
    assert [one.value for one in samples if one.name == "ndrfilter_workers"] == [2]
    assert any(one.value == 6 for one in samples if one.name == "ndrfilter_rule_hits_total")

    page = asked(serving, "GET", "/").decode()
    assert "NEVER_<wbr>PASSED_<wbr>OUR_<wbr>RELAYS" in page
    assert "ruleset default" in page

    command = [sys.executable, "-m", "ndrfilter", "report", "--json", "-"]
    done = subprocess.run(command, input="\n".join(lines), text=True, capture_output=True, cwd=ROOT, timeout=60)
    report = json.loads(done.stdout)
    assert (report["messages"], report["doors"]) == (6, {"http": 6})
    assert report["rules"]["NEVER_PASSED_OUR_RELAYS"] == 6
