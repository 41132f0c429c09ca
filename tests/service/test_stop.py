"""Stopping: what was begun is answered, who is silent is not waited for, and a second signal ends it at once."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket

from service_process import Serving
from service_setup import MAIL, alive, until, workers


def begun(serving: Serving) -> http.client.HTTPConnection:
    """A connection on which half of a request was written."""
    connection = http.client.HTTPConnection(*serving.place["http"], timeout=30)
    connection.putrequest("POST", "/check")
    connection.putheader("Content-Length", str(len(MAIL)))
    connection.putheader("Expect", "100-continue")
    connection.endheaders()
    assert b"100" in connection.sock.recv(4096)
    connection.send(MAIL[:10])
    return connection


def closed(serving: Serving) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(serving.place["http"]) != 0


def test_a_request_that_was_begun_is_answered(serving):
    connection = begun(serving)
    serving.process.send_signal(signal.SIGTERM)
    until(lambda: closed(serving))
    connection.send(MAIL[10:])
    assert json.loads(connection.getresponse().read())["hits"]
    assert serving.process.wait(30) == 0


def test_who_connected_just_before_is_answered(serving):
    """They may still wait in the listening socket."""
    clients = [socket.create_connection(serving.place["http"], timeout=30) for _ in range(50)]
    for one in clients:
        one.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
    serving.process.send_signal(signal.SIGTERM)
    assert [b"200 OK" in one.recv(4096) for one in clients] == [True] * 50
    assert serving.process.wait(30) == 0


def test_nobody_waits_for_a_connection_that_rests(setup):
    setup.write("service: {workers: 1, drain: 10m}\n")
    with Serving(setup.path, "http=127.0.0.1:0") as serving, socket.create_connection(serving.place["http"]):
        assert serving.stop() == 0


def test_draining_has_an_end(setup):
    setup.write("service: {workers: 1, drain: 1s}\n")
    with Serving(setup.path, "http=127.0.0.1:0") as serving:
        connection = begun(serving)
        serving.process.send_signal(signal.SIGINT)
        assert serving.process.wait(30) == 0
        assert connection.sock.recv(4096) == b""


def test_a_second_signal_ends_it_at_once(setup):
    setup.write("service: {workers: 2, drain: 10m}\n")
    with Serving(setup.path, "http=127.0.0.1:0") as serving:
        connection = begun(serving)
        left = workers(serving)
        serving.process.send_signal(signal.SIGTERM)
        serving.wait_for("stopping")
        assert serving.process.poll() is None
        serving.process.send_signal(signal.SIGTERM)
        assert serving.process.wait(30) == 0
        assert not any(map(alive, left))
        connection.close()


def test_whoever_goes_on_signalling_spoils_no_exit_code(serving):
    """The interpreter gives signals their deadly meaning back while it ends."""
    while serving.process.poll() is None:
        serving.process.send_signal(signal.SIGTERM)
    assert serving.process.returncode == 0


def test_a_terminal_tells_everybody_and_the_supervisor_decides(serving):
    connection = begun(serving)
    for pid in workers(serving):
        for one in (signal.SIGINT, signal.SIGHUP):
            os.kill(pid, one)
    connection.send(MAIL[10:])
    assert json.loads(connection.getresponse().read())["hits"]


def test_a_worker_that_somebody_stops_is_replaced_when_it_has_answered(serving):
    connection = begun(serving)
    before = workers(serving)
    for pid in before:
        os.kill(pid, signal.SIGTERM)
    until(lambda: set(workers(serving)) - set(before))
    connection.send(MAIL[10:])
    assert json.loads(connection.getresponse().read())["hits"]
    until(lambda: len(set(workers(serving)) - set(before)) == 2)
