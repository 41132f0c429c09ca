"""Answers in rspamd's shapes and in ours, for every verdict; nothing from mail gets out of its place."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter.doors.http import rspamd
from ndrfilter.engine.result import Advice, Hit, Result, Trouble
from ndrfilter.service.desk import Answer

ADVICE = Advice("No.", "Forged.", "Nothing.", "You did not send this.")


def result(verdict="backscatter", score=6.8, required=5.0, hits=(), reason=ADVICE.reason, errors=()):
    return Result(
        verdict, "failure", score, required, tuple(hits), (), "trace", None, (), "", "", (), tuple(errors),
        ADVICE._replace(reason=reason), "arguments",
    )  # fmt: skip


HITS = (
    Hit("SMALL", "backscatter", 0.5, "content", "little"),
    Hit("LARGE", "backscatter", 5.5, "trace", "much"),
    Hit("OURS", "genuine", 1.0, "structure", "perhaps"),
    Hit("TRIED", "backscatter", 9.0, "trace", "not yet", "", True),
)


def shape(*arguments, **words):
    return json.loads(rspamd.checkv2(Answer(*arguments, **words)))


def test_a_reply_as_rspamd_gives_it():
    said = shape(result(hits=HITS), "header", message_id="<1@x.example>", seconds=0.25)
    assert list(said) == [
        "is_skipped", "score", "required_score", "action", "symbols", "messages", "message-id", "time_real", "milter",
    ]  # fmt: skip
    assert [said[key] for key in ("is_skipped", "score", "required_score", "action", "message-id", "time_real")] == [
        False, 6.8, 5.0, "add header", "1@x.example", 0.25,
    ]  # fmt: skip
    assert list(said["symbols"]) == ["NDR_BACKSCATTER", "NDR_LARGE", "NDR_OURS", "NDR_SMALL"]
    assert said["symbols"]["NDR_OURS"] == {
        "name": "NDR_OURS", "score": -1.0, "metric_score": -1.0, "options": ["perhaps"],
    }  # fmt: skip
    assert said["symbols"]["NDR_BACKSCATTER"]["options"] == ["You did not send this."]
    assert said["milter"]["remove_headers"] == {"X-NDR-Status": 0, "X-NDR-Reason": 0}
    added = said["milter"]["add_headers"]
    assert added["X-NDR-Status"] == {
        "value": "backscatter; score=6.8; required=5.0; kind=failure; rules=LARGE,\n OURS,SMALL", "order": 0,
    }  # fmt: skip
    assert added["X-NDR-Reason"] == {"value": "You did not send this.", "order": 1}


@pytest.mark.parametrize(
    ("verdict", "action", "said"),
    [
        ("backscatter", "header", "add header"),
        ("backscatter", "reject", "reject"),
        ("fake", "discard", "discard"),
        ("fake", "quarantine", "quarantine"),
        ("genuine", "header", "no action"),
        ("undetermined", "header", "no action"),
        ("not-a-bounce", "header", "no action"),
        ("genuine", "reject", "no action"),
    ],
)
def test_actions(verdict, action, said):
    assert shape(result(verdict), action)["action"] == said
    lines = rspamd.lines(Answer(result(verdict), action)).decode().split("\r\n")
    assert lines[2] == f"Action: {said}"


@pytest.mark.parametrize("verdict", ["genuine", "undetermined", "not-a-bounce"])
@pytest.mark.parametrize("score", [-9.0, 0.0, 4.99, 5.0, 40.0])
def test_wanted_mail_stays_below_the_threshold(verdict, score):
    said = shape(result(verdict, score), "header")
    assert said["score"] < said["required_score"]
    metric = rspamd.lines(Answer(result(verdict, score), "header")).decode().split("\r\n")[1]
    assert metric.startswith("Metric: default; False; ")
    found, required = (float(word) for word in metric.removeprefix("Metric: default; False; ").split(" / ")[:2])
    assert found < required


def test_whoever_wants_no_judgement_gets_none():
    said = shape(result("undetermined", 0.0), "", unjudged="opt-out")
    assert (said["is_skipped"], said["symbols"], said["action"]) == (True, {}, "no action")
    assert "milter" not in said


def test_a_failure_of_ours_is_told():
    said = shape(
        result("undetermined", 0.0, errors=[Trouble("ndrfilter", "ValueError: x")]), "header", unjudged="internal"
    )
    assert said["milter"]["add_headers"]["X-NDR-Status"]["value"] == "undetermined; error=internal"
    assert said["action"] == "no action"
    whole = json.loads(rspamd.full(Answer(result("undetermined"), "header", unjudged="internal"), "q"))
    assert (whole["unjudged"], whole["verdict"], whole["queue_id"]) == ("internal", "undetermined", "q")


def test_our_own_answer_is_the_contract_and_what_to_do():
    one = result(hits=HITS)
    said = json.loads(rspamd.full(Answer(one, "header", "reject", message_id="<1@x>", seconds=0.5), "4abc"))
    for key, value in json.loads(json.dumps(one.to_dict())).items():
        assert said.pop(key) == value
    assert said == {
        "action": "header", "would": "reject", "unjudged": "", "queue_id": "4abc", "message_id": "<1@x>", "seconds": 0.5,
    }  # fmt: skip


@given(st.text(), st.text(), st.text())
def test_nothing_from_mail_gets_out_of_its_place(text, reason, message_id):
    one = Answer(
        result(hits=[Hit("A", "backscatter", 6.0, "trace", text)], reason=reason), "header", message_id=message_id
    )
    said = json.loads(rspamd.checkv2(one))
    assert all(option.isprintable() for symbol in said["symbols"].values() for option in symbol["options"])
    for field in said["milter"]["add_headers"].values():
        value = field["value"]
        assert value.isascii()
        assert value.replace("\n ", "").isprintable()
    lines = rspamd.lines(one)
    assert lines.isascii()
    assert len(lines.split(b"\r\n")) == 7
    assert b"\n" not in lines.replace(b"\r\n", b"")


def test_the_old_protocol_has_a_bounded_reply():
    many = [Hit(f"RULE_{number}", "backscatter", 1.0, "trace", "x" * 1000) for number in range(2_000)]
    assert len(rspamd.lines(Answer(result(hits=many), "header"))) < 32_000
