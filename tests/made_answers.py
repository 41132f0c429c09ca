"""Questions and answers made up for the tests of who observes them."""

from __future__ import annotations

from ndrfilter.engine.result import Advice, Hit, Result, Trouble, Undecided
from ndrfilter.envelope import Envelope
from ndrfilter.service.desk import Answer, Question

ADVICE = Advice("", "", "", "")


def question(door="http", queue_id="4XyZ", sender="", recipients=("you@example.com",), **envelope):
    return Question(b"", Envelope(sender, recipients, **envelope), door, queue_id)


def answer(verdict="backscatter", kind="failure", *, rules=(), undecided=(), troubles=(), score=7.5, **more):
    result = Result(
        verdict,
        kind,
        score,
        5.0,
        tuple(Hit(name, "backscatter", 1.0, "trace", "") for name in rules),
        tuple(Undecided(name, cause) for name, cause in undecided),
        "",
        None,
        (),
        "",
        "",
        (),
        tuple(Trouble(where, what) for where, what in troubles),
        ADVICE,
        "arguments",
    )
    return Answer(result, more.pop("action", "header"), **more)
