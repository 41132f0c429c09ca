"""Following a log: what is there and what comes, what it covers, and lines that are no log."""

from followed_log import NOW, START, Following, append, lines, log, stamp

from ndrfilter import limits
from ndrfilter.sentlog import coverage, known


def test_what_is_there_and_what_comes(following):
    following.catch_up()
    assert following.recorded() == [1, 2]
    append(following.path, log(3))
    following.catch_up()
    assert following.recorded() == [1, 2, 3]
    assert coverage(following.store) == (START + 1, START + 3)
    assert following.said == []


def test_a_line_counts_when_it_is_whole(following):
    following.catch_up()
    text = log(3)
    for cut in range(0, len(text), 37):
        append(following.path, text[cut : cut + 37])
        following.catch_up()
        assert following.has(3) == ("status=sent (ok)\n" in text[: cut + 37])
    assert following.recorded() == [1, 2, 3]


def test_a_log_in_which_nothing_leaves_covers_nothing(tmp_path, store):
    """The wrong file, or that of a host through which no mail goes out."""
    path = tmp_path / "messages"
    path.write_text("".join(f"{stamp(second)} mail systemd[1]: Started\n" for second in range(1, 20)))
    following = Following(path, store)
    following.catch_up()
    assert coverage(store) is None
    append(path, f"{stamp(20)} mail systemd[1]: Started\n")
    following.start()
    following.catch_up()
    assert coverage(store) is None
    append(path, f"{stamp(21)} mail systemd[1]: Started\n" + log(22))
    following.start()
    following.catch_up()
    since, until = coverage(store)
    assert START < since <= START + 21
    assert until == START + 22


def known_of(following, number, sender="alice@example.com"):
    found = known(following.store, f"<{number}@example.com>", [sender], ["bob@receiver.example"])
    return found and found.sender


def test_what_passes_is_not_missing_and_not_sent(following):
    """A client that nobody trusts, a domain that the follower does not know, a list that writes its own name in From."""
    sent = "".join(lines(3))
    append(following.path, sent.replace("sasl_method=PLAIN, sasl_username=alice", "helo=<x>"))
    append(following.path, "".join(lines(4)).replace("alice@example.com", "alice@example.net"))
    append(
        following.path, "".join(lines(5)).replace("relay=mx[198.51.100.25]:25", "relay=none").replace("smtp[", "local[")
    )
    following.catch_up()
    assert [known_of(following, number) for number in (2, 3, 4, 5)] == [True, False, False, None]
    assert not known_of(following, 4, "alice@example.net")


def test_what_has_passed_may_be_sent_by_us_later(following):
    append(following.path, "".join(lines(3)).replace("sasl_method=PLAIN, sasl_username=alice", "helo=<x>"))
    following.catch_up()
    append(following.path, "".join(lines(3, second=4)))
    following.catch_up()
    assert known_of(following, 3)


def test_outsiders_who_break_off_make_no_gap(following, monkeypatch):
    monkeypatch.setattr(limits, "FOLLOW_MESSAGES", 10)
    for number in range(3, 40):
        append(following.path, lines(number)[0].replace(", sasl_method=PLAIN, sasl_username=alice", ""))
    following.catch_up()
    assert following.said == []


def test_endless_lines(tmp_path, store):
    (tmp_path / "mail.log").write_text("x" * 5 * limits.MAX_LOG_LINE + "\n" + log(1))
    following = Following(tmp_path / "mail.log", store)
    following.catch_up()
    assert following.recorded() == [1]


def test_lines_that_are_no_log_are_a_gap(following):
    following.catch_up()
    append(following.path, "nonsense\n" * 2 * limits.FOLLOW_STRANGE + log(20))
    following.catch_up()
    assert following.recorded() == [1, 2, 20]
    assert len(following.said) == 1
    assert coverage(following.store).since == START + 20


def test_times_in_the_future_cover_nothing(following):
    append(following.path, log(3).replace("2026-", "2036-"))
    following.catch_up()
    assert coverage(following.store).until <= NOW


def test_a_second_log_is_complete_only_from_its_own_beginning_on(following):
    following.catch_up()
    append(following.path, log(9))
    following.catch_up()
    assert coverage(following.store) == (START + 1, START + 9)
    (following.path.parent / "other.log").write_text(log(5, 6))
    Following(following.path.parent / "other.log", following.store).catch_up()
    assert coverage(following.store) == (START + 5, START + 9)


def test_nothing_is_written_where_nothing_was_read(following):
    following.catch_up()
    following.store.set_mark(f"sent_log.place {following.path}", "as it was")
    following.catch_up()
    assert following.store.mark(f"sent_log.place {following.path}") == "as it was"
