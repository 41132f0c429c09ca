"""Reloading: on a signal and on a change, refused if broken, and without anybody losing a request."""

from __future__ import annotations

import http.client
import json
import signal
import threading
import time
from pathlib import Path

from service_process import Serving
from service_setup import MAIL, ask, score, until, workers


def hang_up(serving: Serving) -> None:
    serving.process.send_signal(signal.SIGHUP)


def files(serving: Serving) -> int:
    """How many files the supervisor has open."""
    return len(list(Path(f"/proc/{serving.process.pid}/fd").iterdir()))


def test_a_changed_score_shows_in_the_next_answer(setup, serving):
    assert score(serving) == 1.5
    before = workers(serving)
    setup.rule(2.5)
    hang_up(serving)
    serving.wait_for("reloaded: generation 2 serves")
    until(lambda: score(serving) == 2.5)
    until(lambda: len(workers(serving)) == 2 and not set(before) & set(workers(serving)))


def test_a_change_is_seen_without_a_signal(setup, serving):
    setup.rule(3.5)
    serving.wait_for("reloaded: generation 2 serves")
    until(lambda: score(serving) == 3.5)


def test_a_changed_key_file_and_a_changed_list_count(setup):
    for name in ("keys", "opt-out.txt", "domains.txt"):
        (setup.folder / name).write_text(
            "k1 0123456789abcdef0123456789abcdef\n" if name == "keys" else "a.example.com\n"
        )
        (setup.folder / name).chmod(0o640)
    setup.path.write_text(
        "site: {domains_file: domains.txt}\nplugins: {token: {keys: keys}}\nopt_out: opt-out.txt\n"
        "service: {workers: 1}\n"
    )
    with Serving(setup.path, "http=127.0.0.1:0") as serving:
        for number, name in enumerate(("keys", "opt-out.txt", "domains.txt"), 2):
            with (setup.folder / name).open("a") as file:
                file.write("# another line\n")
            serving.wait_for(f"reloaded: generation {number} serves")


def test_watching_can_be_turned_off_and_on_again(setup):
    setup.write("service: {workers: 1, watch: no}\n")
    with Serving(setup.path, "http=127.0.0.1:0") as serving:
        setup.write("service: {workers: 1, watch: yes}\n")
        hang_up(serving)
        serving.wait_for("reloaded: generation 2 serves")
        setup.rule(3.5)
        serving.wait_for("reloaded: generation 3 serves")


def test_a_broken_rule_is_refused_with_its_place(setup, serving):
    (setup.folder / "rules" / "probe.ndr").write_text("language 1\nrule PROBE {\n  when nonsense\n")
    hang_up(serving)
    serving.wait_for("reload refused, everything goes on as before")
    serving.wait_for(r"probe\.ndr:\d+:\d+: error\[E")
    assert score(serving) == 1.5
    setup.rule(4.5)
    serving.wait_for("reloaded: generation 2 serves")
    until(lambda: score(serving) == 4.5)


def test_a_broken_configuration_is_refused(setup, serving):
    setup.write("service: {wokers: 2}\n")
    serving.wait_for('unknown key "wokers"')
    assert score(serving) == 1.5


def test_what_wants_a_restart_is_said(setup):
    setup.write("listen: [{http: '127.0.0.1:0'}]\nservice: {workers: 1}\n")
    with Serving(setup.path) as serving:
        setup.write("listen: [{http: '127.0.0.1:0'}, {policy: '127.0.0.1:0'}]\nservice: {workers: 2}\n")
        setup.rule(2.5)
        serving.wait_for("changed, and wants a restart: listen, service.workers; everything else applies now")
        serving.wait_for("reloaded: generation 2 serves")
        until(lambda: score(serving) == 2.5)
        assert len(workers(serving)) <= 2


def test_a_request_that_is_being_written_is_answered_by_the_old_rules(setup, serving):
    connection = http.client.HTTPConnection(*serving.place["http"])
    connection.putrequest("POST", "/check")
    connection.putheader("Content-Length", str(len(MAIL)))
    connection.endheaders(MAIL[:10])
    until(lambda: score(serving) == 1.5)
    setup.rule(2.5)
    hang_up(serving)
    serving.wait_for("reloaded: generation 2 serves")
    until(lambda: score(serving) == 2.5)
    connection.send(MAIL[10:])
    assert json.loads(connection.getresponse().read())["hits"][0]["score"] == 1.5


def test_a_connection_that_was_kept_is_closed_behind_an_answer(setup, serving):
    connection = http.client.HTTPConnection(*serving.place["http"])
    connection.request("GET", "/ping")
    assert connection.getresponse().read()
    hang_up(serving)
    serving.wait_for("reloaded: generation 2 serves")

    def told_to_close() -> bool:
        connection.request("GET", "/ping")
        answer = connection.getresponse()
        assert answer.read()
        return answer.getheader("Connection", "").lower() == "close"

    until(told_to_close)


def test_constant_load_and_many_reloads_lose_nothing(setup, serving):
    """Half of the clients keep their connections; one of these may be told to close after an answer, never before."""
    stop, answered, failures = threading.Event(), [0, 0, 0], []

    def client(number: int) -> None:
        connection = http.client.HTTPConnection(*serving.place["http"], timeout=30)
        while not stop.is_set():
            try:
                connection.request("POST", "/check", MAIL)
                answer = connection.getresponse()
                json.loads(answer.read())
                answered[number] += answer.status == 200
                if number == 0 or answer.getheader("Connection", "").lower() == "close":
                    connection.close()
            except (OSError, http.client.HTTPException) as error:
                failures.append(repr(error))

    clients = [threading.Thread(target=client, args=(number,)) for number in range(3)]
    for one in clients:
        one.start()
    before = files(serving)
    for number in range(2, 10):
        setup.rule(number / 10)
        hang_up(serving)
        serving.wait_for("reloaded: generation")
    stop.set()
    for one in clients:
        one.join()
    assert failures == []
    assert min(answered) > 20
    until(lambda: score(serving) == 0.9)
    until(lambda: files(serving) == before)


def test_signals_in_a_row_make_few_reloads_and_leave_the_wanted_workers(setup, serving):
    for _ in range(20):
        hang_up(serving)
        time.sleep(0.01)
    serving.wait_for("reloaded: generation")
    assert ask(serving)["verdict"]
    until(lambda: len(workers(serving)) == 2)


def test_generations_that_drain_make_room_for_new_ones(setup):
    """Each keeps a client that rests; there are seats for three of them besides the one that serves."""
    setup.write("service: {workers: 1, drain: 10m}\n")
    with Serving(setup.path, "http=127.0.0.1:0") as serving:
        kept = []
        for number in range(2, 8):
            kept.append(http.client.HTTPConnection(*serving.place["http"]))
            kept[-1].request("GET", "/ping")
            assert kept[-1].getresponse().read()
            hang_up(serving)
            serving.wait_for(f"reloaded: generation {number} serves")
        until(lambda: len(workers(serving)) <= 4)
