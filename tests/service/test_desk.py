"""The desk: one question, one answer, whatever happens; and those who watch it."""

import asyncio

import pytest
import yaml

from ndrfilter import Envelope, Filter
from ndrfilter.errors import TemporaryError
from ndrfilter.service.desk import Desk, Observer, Question

ALICE = "alice@home-postfix.test"


class Watcher(Observer):
    """Remembers what it was told."""

    def __init__(self):
        self.answers, self.remarks = [], []

    def answered(self, question, answer):
        self.answers.append((question, answer))

    def remarked(self, remark):
        self.remarks.append(remark)


class Quiet:
    """A resolver that answers when it is allowed to."""

    def __init__(self):
        self.asked, self.allowed = asyncio.Event(), asyncio.Event()

    async def query(self, name, rdtype):
        self.asked.set()
        await self.allowed.wait()
        raise TemporaryError("the zone is empty")


@pytest.fixture
def demo(root):
    """The demonstration's configuration, with more where a test wants it."""
    mapping = yaml.safe_load((root / "docs/demo/ndrfilter.yml").read_text("utf-8"))
    return lambda **more: {**mapping, **more}


@pytest.fixture
def mail(root):
    return lambda number: next((root / "docs/demo/mail").glob(f"{number:02}-*")).read_bytes()


def question(raw, *recipients):
    return Question(raw, Envelope("", recipients or (ALICE,)), "test", queue_id="4T1")


def ask(desk, asked):
    """The answer to a question that needs nothing from outside."""
    answers = []
    assert desk.ask(asked, answers.append) is None
    [answer] = answers
    return answer


def test_the_answer_is_the_filter_s(demo, mail):
    watcher = Watcher()
    desk = Desk(Filter.from_config(demo()), [watcher])
    answer = ask(desk, question(mail(5)))
    assert (answer.result.verdict, answer.action, answer.would, answer.unjudged) == ("backscatter", "header", "", "")
    assert answer.message_id.startswith("<")
    assert answer.seconds > 0
    assert watcher.answers == [(question(mail(5)), answer)]


@pytest.mark.parametrize("number", range(1, 13))
@pytest.mark.parametrize("action", ["reject", "discard", "quarantine"])
def test_only_backscatter_and_fakes_are_acted_upon(demo, mail, number, action):
    desk = Desk(Filter.from_config(demo(actions={"backscatter": action, "fake": action})))
    answer = ask(desk, question(mail(number)))
    assert answer.action == (action if answer.result.verdict in ("backscatter", "fake") else "header")


def test_a_ruleset_that_watches_says_what_it_would_do(demo, mail):
    desk = Desk(Filter.from_config(demo(ruleset="watch", actions={"backscatter": "reject", "fake": "discard"})))
    answer = ask(desk, question(mail(5)))
    assert (answer.action, answer.would) == ("header", "reject")


def test_who_opted_out_is_left_alone(demo, mail):
    desk = Desk(Filter.from_config(demo(opt_out=[ALICE], actions={"backscatter": "reject", "fake": "reject"})))
    answer = ask(desk, question(mail(5)))
    assert (answer.result.verdict, answer.action, answer.unjudged) == ("undetermined", "", "opt-out")
    shared = ask(desk, question(mail(5), "bob@home-postfix.test", ALICE))
    assert (shared.result.verdict, shared.action, shared.would) == ("backscatter", "header", "reject")
    assert ask(desk, question(mail(5), "bob@home-postfix.test")).action == "reject"


def test_what_must_arrive_is_never_refused(demo, mail):
    desk = Desk(Filter.from_config(demo(actions={"backscatter": "reject", "fake": "discard"})))
    for recipients in (["Postmaster@home-postfix.test"], ["abuse@home-postfix.test"], [ALICE, "postmaster"]):
        answer = ask(desk, question(mail(5), *recipients))
        assert (answer.result.verdict, answer.action, answer.would) == ("backscatter", "header", "reject")


@pytest.mark.parametrize(("opt_out", "action"), [([], "reject"), ([ALICE], "header")])
def test_whose_mail_it_is_must_be_known_where_somebody_opted_out(demo, mail, opt_out, action):
    desk = Desk(Filter.from_config(demo(opt_out=opt_out, actions={"backscatter": "reject"})))
    asked = Question(mail(5), Envelope(""), "test")
    assert ask(desk, asked).action == action


def test_one_action_is_not_for_the_mail_of_two_sites(demo, mail):
    site = demo()["site"]
    sites = [site, {**site, "domains": ["other.test"]}]
    config = {"sites": sites, "actions": {"backscatter": "reject", "fake": "reject"}}
    desk = Desk(Filter.from_config(config))
    assert ask(desk, question(mail(5), ALICE, "bob@home-postfix.test")).action == "reject"
    both = ask(desk, question(mail(5), ALICE, "bob@other.test"))
    assert (both.action, both.would) == ("header", "reject")


def test_a_failure_of_ours_lets_the_mail_through(demo, mail):
    judge = Filter.from_config(demo(actions={"backscatter": "reject", "fake": "reject"}))
    judge.loaded = None  # as broken as can be
    answer = ask(Desk(judge), question(mail(5)))
    assert (answer.result.verdict, answer.action, answer.unjudged) == ("undetermined", "header", "internal")
    assert "AttributeError" in answer.result.errors[0].what


@pytest.mark.parametrize("raw", [b"", b"\0" * 100, b"From \n", b"Subject"])
def test_what_is_no_mail_has_an_answer(demo, raw):
    assert ask(Desk(Filter.from_config(demo())), question(raw)).result.verdict == "not-a-bounce"


def test_what_needs_the_network_is_answered_later(demo, mail):
    async def scene():
        resolver, answers = Quiet(), []
        desk = Desk(Filter.from_config(demo(plugins=["spf"]), resolver=resolver))
        task = desk.ask(question(mail(5)), answers.append)
        await resolver.asked.wait()
        assert (answers, desk.waiting) == ([], 1)
        resolver.allowed.set()
        await task
        return answers, desk.waiting

    [answer], waiting = asyncio.run(scene())
    assert waiting == 0
    assert answer.result.verdict in ("backscatter", "undetermined")


def test_who_is_gone_gets_no_answer(demo, mail):
    async def scene():
        resolver, watcher, answers = Quiet(), Watcher(), []
        desk = Desk(Filter.from_config(demo(plugins=["spf"]), resolver=resolver), [watcher])
        task = desk.ask(question(mail(5)), answers.append)
        await resolver.asked.wait()
        task.cancel()
        await asyncio.wait([task])
        return answers, watcher.answers, desk.waiting

    assert asyncio.run(scene()) == ([], [], 0)


def test_a_remark_reaches_who_watches(demo):
    watcher = Watcher()
    Desk(Filter.from_config(demo()), [watcher]).remark("policy", "4T1", action="DUNNO")
    [remark] = watcher.remarks
    assert (remark.door, remark.queue_id, dict(remark.words)) == ("policy", "4T1", {"action": "DUNNO"})


def test_an_answer_is_given_even_if_nobody_can_note_it_down(demo, mail):
    class Broken(Observer):
        def answered(self, question, answer):
            raise OSError("no ink")

    answers = []
    with pytest.raises(OSError, match="no ink"):
        Desk(Filter.from_config(demo()), [Broken()]).ask(question(mail(5)), answers.append)
    assert [answer.result.verdict for answer in answers] == ["backscatter"]
