"""The pages for monitors and people: who may see them, and what they are sent with."""

import pytest

from ndrfilter.doors.http.pages import PATHS, page
from ndrfilter.doors.http.requests import Request
from ndrfilter.service.board import Board

NEAR, FAR = ("127.0.0.1", 4711), ("192.0.2.1", 4711)


def get(path, host=b"localhost", **more):
    fields = {name.encode(): [value] for name, value in more.items()} | ({b"host": [host]} if host is not None else {})
    return Request(b"GET", path, fields, b"")


@pytest.fixture
def desk(door):
    door.desk.board = Board(1)
    return door.desk


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_there(desk, path):
    found = page(get(path), desk, NEAR)
    assert found.status == 200
    assert found.body


def test_without_counts_there_is_nothing_to_show(door):
    assert [page(get(path), door.desk, NEAR).status for path in PATHS] == [200, 200, 503, 503]


@pytest.mark.parametrize(
    ("peer", "host", "status"),
    [
        (NEAR, b"localhost", 200),
        (NEAR, b"localhost:11433", 200),
        (NEAR, b"127.0.0.1:11433", 200),
        (NEAR, None, 200),
        (("::1", 4711, 0, 0), b"[::1]:11433", 200),
        (("::ffff:127.0.0.1", 4711, 0, 0), b"127.0.0.1", 200),
        ("", b"anything", 200),
        (FAR, b"localhost", 403),
        (("2001:db8::1", 4711, 0, 0), b"localhost", 403),
        (NEAR, b"evil.example", 403),
        (NEAR, b"localhost.evil.example", 403),
        (NEAR, b"127.0.0.1.evil.example", 403),
        (NEAR, b"192.0.2.1", 403),
        (NEAR, b"", 403),
        (NEAR, b"localhost:80:80", 403),
        (NEAR, b"999.999.999.999", 403),
        (NEAR, b"[::1", 403),
    ],
)
def test_the_status_page_is_for_this_machine_alone(desk, peer, host, status):
    assert page(get(b"/", host), desk, peer).status == status
    assert page(get(b"/metrics", host), desk, peer).status == 200


def test_the_status_page_cannot_be_misused(desk):
    found = page(get(b"/"), desk, NEAR)
    assert found.kind == b"text/html; charset=utf-8"
    fields = dict(line.split(b": ", 1) for line in found.more.splitlines())
    assert b"default-src 'none'" in fields[b"Content-Security-Policy"]
    assert b"frame-ancestors 'none'" in fields[b"Content-Security-Policy"]
    assert fields[b"X-Content-Type-Options"] == b"nosniff"
    assert fields[b"Cache-Control"] == b"no-store"


def test_metrics_come_in_the_form_that_is_asked_for(desk):
    openmetrics = page(get(b"/metrics", accept=b"application/openmetrics-text; version=1.0.0"), desk, FAR)
    assert openmetrics.kind.startswith(b"application/openmetrics-text; version=1.0.0")
    assert openmetrics.body.endswith(b"# EOF\n")
    assert page(get(b"/metrics"), desk, FAR).kind.startswith(b"text/plain")
