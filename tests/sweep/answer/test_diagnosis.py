"""What happened, how sure that is, and what would make it surer, from rows made by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from made_rows import BOOK, NOW, SCOPE, START, ZONE, failed, rich, row

from ndrfilter.sweep.answer import answer_of, plain
from ndrfilter.sweep.answer.nouns import DIAGNOSES

COMPLETE = SCOPE._replace(sent=SCOPE.sent._replace(complete=True, witnesses=3))
NO_SENT = SCOPE._replace(sent=None)


def diagnosed(rows, scope=COMPLETE, book=BOOK):
    return [(finding.name, finding.certainty) for finding in answer_of(rows, scope, book, ZONE).findings]


def strange(number: int, **other):
    """Mail to people never written to that went through our servers and that Sent does not have."""
    made = failed(f"stranger{number}@place{number % 7}.example")
    return row(number, recorded=False, subject=f"Hi {number}", **{"failed": (made,), **other})


def many(number: int, verdict: str, **other):
    return [row(index, verdict, START + timedelta(minutes=index), **other) for index in range(number)]


def test_nothing_came_back():
    assert diagnosed([]) == [("nothing", "sure")]


def test_a_forged_address():
    assert diagnosed(many(500, "backscatter")) == [("spoofed", "sure")]
    assert diagnosed(many(1, "backscatter")) == [("spoofed", "likely")]


def test_fewer_forged_ones_than_unclear_ones_are_less_sure():
    assert diagnosed([*many(5, "backscatter"), *many(6, "undetermined")]) == [("spoofed", "likely")]


def test_a_flood_of_unclear_ones_to_strangers_looks_forged_but_cannot_be_told():
    assert diagnosed(many(20, "undetermined")) == [("spoofed", "unsure")]
    assert diagnosed(many(19, "undetermined")) == [("unclear", "unsure")]


def test_a_flood_of_unclear_ones_to_people_written_to_does_not():
    assert diagnosed(many(40, "undetermined", failed=(failed("carol@partner.example"),))) == [("unclear", "unsure")]


def test_without_a_book_nobody_is_a_stranger_for_sure():
    assert diagnosed(many(40, "undetermined"), book=None) == [("unclear", "unsure")]


def test_an_account_in_other_hands():
    assert diagnosed([strange(number) for number in range(10)]) == [("hacked", "sure")]
    assert diagnosed([strange(number) for number in range(3)]) == [("hacked", "likely")]


def test_an_account_in_other_hands_where_a_complete_sent_folder_contradicts():
    rows = [strange(number)._replace(verdict="undetermined") for number in range(25)]
    answer = answer_of(rows, COMPLETE, BOOK, ZONE)
    assert [(finding.name, finding.certainty) for finding in answer.findings] == [("hacked", "sure")]
    assert answer.timeline.wave.verdict == "undetermined"


def test_two_strangers_are_no_intruder():
    assert "hacked" not in dict(diagnosed([strange(number) for number in range(2)]))


def test_one_stranger_many_times_is_no_intruder():
    assert "hacked" not in dict(diagnosed([strange(1) for _ in range(50)]))


def test_an_incomplete_sent_folder_makes_an_intruder_likely_only():
    assert diagnosed([strange(number) for number in range(30)], SCOPE) == [("hacked", "likely")]


def test_without_a_sent_folder_many_strangers_are_a_question():
    assert diagnosed([strange(number) for number in range(20)], NO_SENT) == [("hacked", "unsure")]
    assert "hacked" not in dict(diagnosed([strange(number) for number in range(19)], NO_SENT))


def test_what_was_written_before_sent_begins_is_not_held_against_it():
    early = SCOPE.sent.since - 86_400
    rows = [strange(number, written=early) for number in range(15)]
    assert "hacked" not in dict(diagnosed(rows))


def test_long_after_the_last_message_in_sent_it_tells_nothing():
    old = COMPLETE._replace(sent=COMPLETE.sent._replace(until=(START - timedelta(days=15)).timestamp()))
    assert "hacked" not in dict(diagnosed([strange(number) for number in range(15)], old))


@pytest.mark.parametrize("other", [{"recorded": True}, {"through_us": False}, {"failed": ()}])
def test_what_was_recorded_or_went_elsewhere_is_no_intruder_s(other):
    rows = [strange(number)._replace(**other) for number in range(15)]
    assert "hacked" not in dict(diagnosed(rows))


def test_people_written_to_are_no_strangers():
    rows = [strange(number, failed=(failed("carol@partner.example"),)) for number in range(15)]
    assert "hacked" not in dict(diagnosed(rows))


def test_a_bad_reputation():
    refused = [row(n, failed=(failed(f"x@firm{n}.example", "policy", "5.7.1"),)) for n in range(3)]
    assert diagnosed(refused) == [("reputation", "likely")]
    assert diagnosed(refused[:1]) == [("reputation", "unsure")]
    unsigned = [row(n, failed=(failed(f"x@firm{n}.example", "authentication", "5.7.26"),)) for n in range(2)]
    assert diagnosed(unsigned) == [("reputation", "likely")]


def test_a_mistake_and_ordinary_trouble():
    assert diagnosed([row()]) == [("mistake", "sure")]
    assert diagnosed([row(failed=(failed(reason="mailbox_full"),))]) == [("returned", "sure")]
    assert diagnosed([row(kind="autoreply", failed=())]) == [("returned", "sure")]


def test_fakes():
    assert diagnosed(many(1, "fake")) == [("fake", "sure")]


def test_the_worst_comes_first_and_doubtful_ones_last():
    rows = [
        *many(50, "backscatter"),
        *[strange(number) for number in range(12)],
        row(failed=(failed("x@firm.example", "policy"),)),
        row(),
    ]
    found = diagnosed(rows)
    assert found == [("hacked", "sure"), ("spoofed", "sure"), ("mistake", "sure"), ("reputation", "unsure")]
    assert [name for name, certainty in found if certainty == "sure"] == [
        name for name in DIAGNOSES if (name, "sure") in found
    ]


def test_who_is_hacked_is_not_told_to_keep_the_password():
    keep = "Do not change your password"
    forged = many(50, "backscatter")
    assert keep in "\n".join(plain(answer_of(forged, COMPLETE, BOOK, ZONE)))
    both = [*forged, *[strange(number) for number in range(12)]]
    page = "\n".join(plain(answer_of(both, COMPLETE, BOOK, ZONE)))
    assert keep not in page
    assert "Change your mail password now" in page


def test_counts_add_up():
    answer = answer_of(rich(), SCOPE, BOOK, ZONE)
    assert sum(answer.counts.values()) == answer.looked_at == 3_000
    assert {verdict: answer.counts[verdict] for verdict in ("genuine", "undetermined", "fake")} == {
        "genuine": 6, "undetermined": 27, "fake": 12,
    }  # fmt: skip
    assert (
        sum(sum(bar.counts) for bar in answer.timeline.bars) + answer.timeline.outside
        == 3_000 - answer.counts["not-a-bounce"]
    )


def test_what_is_no_returned_mail_is_not_told():
    assert diagnosed([row(verdict="not-a-bounce")]) == [("nothing", "sure")]


def test_the_newest_are_shown_and_the_rest_is_counted():
    rows = [row(number, when=START + timedelta(hours=number)) for number in range(120)]
    answer = answer_of(rows, SCOPE, BOOK, ZONE)
    times = [letter.time for letter in answer.read]
    assert times == sorted(times, reverse=True)
    assert (len(times), times[0]) == (50, (START + timedelta(hours=119)).replace(tzinfo=None))
    assert "  70 more are not shown here." in list(plain(answer))


def test_hints_for_what_is_not_sure():
    def hints(rows, scope=COMPLETE):
        return answer_of(rows, scope, BOOK, ZONE).hints

    bare = {"author": "", "to": (), "subject": "", "message_id": "", "written": None}
    early = [row(verdict="undetermined", through_us=False, written=SCOPE.sent.since - 9)]
    assert hints(many(50, "backscatter"), NO_SENT) == ()
    assert hints(many(1, "undetermined"), NO_SENT) == ("no_sent",)
    assert hints(many(1, "undetermined", **bare)) == ("nothing_back",)
    assert hints(early) == ("sent_starts_late",)
    assert hints(many(1, "undetermined"), SCOPE) == ("sent_incomplete", "relays_unknown")


def test_why_they_are_unclear():
    bare = {"author": "", "to": (), "subject": "", "message_id": ""}
    rows = [
        row(1, "undetermined", kind="autoreply"),
        row(2, "undetermined", **bare),
        row(3, "undetermined", through_us=True),
        row(4, "undetermined"),
        row(6, "undetermined", kind="none", **bare),
        row(5, "undetermined", written=SCOPE.sent.since - 9),
    ]
    doubts = {doubt.what: doubt.number for doubt in answer_of(rows, SCOPE, BOOK, ZONE).doubts}
    assert doubts == dict.fromkeys(("trouble", "answer", "nothing_back", "contradicted", "between", "before_sent"), 1)


def test_only_forged_mail_counts_for_its_days_and_hosts():
    answer = answer_of(rich(), SCOPE, BOOK, ZONE)
    assert sum(number for _, number in answer.days) == answer.counts["backscatter"]
    assert sum(host.number for host in answer.hosts) == answer.counts["backscatter"]
    assert answer.now == NOW.replace(tzinfo=None)
