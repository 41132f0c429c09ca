"""Runs the tests that stand beside rules and recognisers, each in its own world: site, envelope, DNS zone, time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ndrfilter import limits
from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.zone import ZoneResolver
from ndrfilter.api import Filter
from ndrfilter.config import from_mapping
from ndrfilter.engine.result import Result
from ndrfilter.engine.step import Verdict
from ndrfilter.envelope import Envelope
from ndrfilter.errors import ConfigError
from ndrfilter.facts.world import Facts
from ndrfilter.knowledge import Loaded
from ndrfilter.lang import RuleTest, World
from ndrfilter.noun import Noun
from ndrfilter.ports import Store
from ndrfilter.schema import Unknown

DEFAULT_WORLD = "default"
DEFAULT_TIME = 1_767_268_800.0
"""2026-01-01T12:00:00Z, for tests in a world without a time."""
_MARKS = {True: "hit", False: "miss"}

_ACTUAL: Mapping[str, Callable[[Result], tuple[str, ...]]] = {
    "verdict": lambda result: (result.verdict,),
    "kind": lambda result: (result.kind,),
    "software": lambda result: (result.dialect,),
    "mta": lambda result: (result.reporting_mta,),
    "recipient": lambda result: tuple(recipient.address for recipient in result.recipients),
    "status": lambda result: tuple(recipient.status for recipient in result.recipients),
    "reason": lambda result: tuple(recipient.reason for recipient in result.recipients),
    "diagnostic": lambda result: tuple(recipient.diagnostic for recipient in result.recipients),
}


class Outcome(Noun):
    """What a test came to; `failures` are sentences for people, `result` is None if the test could not run."""

    test: RuleTest
    failures: tuple[str, ...]
    mark: str = ""  # "hit", "miss" or "undecided"
    result: Result | None = None

    @property
    def passed(self) -> bool:
        """Whether everything expected came."""
        return not self.failures


def run(loaded: Loaded, tests: Iterable[RuleTest] | None = None, *, ruleset: str = "default") -> list[Outcome]:
    """The outcomes of these tests, or of all in the program, under the thresholds and caps of that ruleset.

    A rule is tested whatever its mode: also one that is off, in the shadow or expired. A recogniser's test has no
    envelope unless it names one, because a recogniser is asked about the message as it stands.
    """
    recognisers = {recogniser.name for recogniser in loaded.program.recognisers}
    return [
        _run(loaded, _bare(test) if test.subject in recognisers else test, ruleset)
        for test in (loaded.program.tests if tests is None else tests)
    ]


def _bare(test: RuleTest) -> RuleTest:
    own = test.own
    return test._replace(own=own._replace(envelope={})) if own.envelope is None and not test.base else test


def _run(loaded: Loaded, test: RuleTest, ruleset: str) -> Outcome:
    try:
        world = _world(test, loaded.program.worlds)
        bench = _filter(loaded, world, ruleset)
        value, result = _judged(bench, test.subject, _message(test), _envelope(world.envelope or {}))
    except ConfigError as error:
        return Outcome(test, tuple(_sentence(found.message, found.help) for found in error.diagnostics))
    except (OSError, ValueError) as error:
        return Outcome(test, (str(error),))
    mark = _MARKS.get(value, "undecided") if isinstance(value, bool) else "undecided"
    failures = [_compare(what, wanted, mark, value, result) for what, wanted in test.expectations]
    return Outcome(test, tuple(filter(None, failures)), mark, result)


def _filter(loaded: Loaded, world: World, ruleset: str) -> Filter:
    """A filter over the rules that are tested, in a test's world."""
    said = {"site": world.site, "plugins": world.plugins, "ruleset": ruleset}
    clock = FixedClock(DEFAULT_TIME if world.time is None else world.time)
    return Filter(
        from_mapping({key: value for key, value in said.items() if value}),
        resolver=ZoneResolver(world.zone or ""),
        clock=clock,
        store=_store(world, clock),
        loaded=loaded,
    )


def _store(world: World, clock: FixedClock) -> Store:
    """What is remembered in that world: nothing, or what `sent` says has been sent."""
    from ndrfilter.adapters.store import SqliteStore

    store = SqliteStore(None, clock)
    if world.sent is None:
        return store
    from ndrfilter.sentlog import Entry, record

    def entry(words: list[str]) -> Entry:
        if len(words) < 3:
            raise ValueError(f"sent: a line is MESSAGE-ID SENDER RECIPIENT…, not {' '.join(words)}")
        return Entry(words[0], tuple(words[2:]), words[1], clock.now())

    record(store, map(entry, filter(None, map(str.split, world.sent.splitlines()))), clock.now())
    store.set_mark("sent_log.since", "0")
    store.set_mark("sent_log.fed", str(clock.now()))
    return store


def _judged(bench: Filter, subject: str, raw: bytes, envelope: Envelope) -> tuple[Any, Result]:
    """What the rule or recogniser `subject` says of a message, and the result."""
    facts = bench.facts(raw, envelope)
    verdict = bench.judge(facts)
    return _value(bench, subject, facts, verdict), bench.result(verdict, facts, "arguments")


def _value(bench: Filter, subject: str, facts: Facts, verdict: Verdict) -> Any:
    program, ruleset = bench.loaded.program, bench.ruleset
    recogniser = next((one for one in program.recognisers if one.name == subject), None)
    if recogniser is not None:
        return recogniser.when(facts)
    rule = next(rule for rule in program.rules if rule.name == subject)
    value = verdict.evaluation.rule(subject) if subject in ruleset.rules else rule.condition(verdict.evaluation)
    if not (isinstance(value, Unknown) and value.pending):
        return value
    # The verdict did not need what this rule still waits for: ask again as if this rule alone mattered.
    rule = rule._replace(toward="fake", score=ruleset.required.fake, mode="live", exempt="")
    alone = ruleset._replace(rules={**ruleset.rules, subject: rule}, scored=(rule,), caps={}, ruling=None)
    return bench.judge(facts, alone).evaluation.rule(subject)


def _world(test: RuleTest, worlds: Mapping[str, World]) -> World:
    """The test's world: what it says itself, then what the world it names says, part by part."""
    return test.own.over(worlds.get(test.base or DEFAULT_WORLD, World()))


def _message(test: RuleTest) -> bytes:
    if isinstance(test.message, bytes):
        return test.message
    with Path(test.message).open("rb") as file:
        return file.read(limits.MAX_MESSAGE)


def _envelope(said: Mapping[str, Any]) -> Envelope:
    recipients = said.get("recipients", ())
    listed = (recipients,) if isinstance(recipients, str) else tuple(map(str, recipients))
    words = {key: str(value) for key, value in said.items()}
    return Envelope(words.get("sender"), listed, words.get("client_ip"), words.get("client_name"), words.get("helo"))


def _compare(what: str, wanted: str, mark: str, value: Any, result: Result) -> str:
    """What is wrong about one expectation, "" if nothing."""
    if what in ("hit", "miss", "undecided"):
        cause = f" ({value.cause})" if isinstance(value, Unknown) else ""
        return "" if what == mark else f"expected {what}, got {mark}{cause}"
    found = _ACTUAL[what](result)
    return "" if wanted in found else f"expected {what} {wanted}, got {', '.join(filter(None, found)) or 'none'}"


def _sentence(message: str, advice: str) -> str:
    return f"{message} ({advice})" if advice else message
