"""Filing away and taking back: nothing lost, nothing doubled, whatever happens in between."""

from __future__ import annotations

from collections import Counter
from itertools import chain

import pytest
from directory_mailbox import ROLES, DirectoryMailbox, Lossless, Quiet, header_of, messages

from ndrfilter.sweep.filing import FOLDER, file_away, tag, undo
from ndrfilter.sweep.ledger import Ledger
from ndrfilter.sweep.mailbox import CutOffError, GoneError, PlaceError, QuotaError, ReadOnlyError
from ndrfilter.sweep.nouns import TRASH, Key, Row
from ndrfilter.sweep.run import sweep
from ndrfilter.sweep.state import digest_of

VERDICTS = ("backscatter", "genuine", "fake", "undetermined")


def mail(number: int) -> bytes:
    return b"From: m%d@example.net\nSubject: no %d\n\nbody %d\n" % (number, number, number)


def judged(box: DirectoryMailbox, ledger: Ledger, folders=("INBOX", "Work")) -> None:
    """Rows for all that is there; a message's number, modulo four, is its verdict."""
    nothing = ("", "", "", "", "", False, False, (), "", (), "", None, "")
    for name in folders:
        folder = box.open(name)
        rows = []
        for item in box.items():
            raw = (box.root / name / item.uid).read_bytes()
            verdict = VERDICTS[int(raw.split(b"Subject: no ")[1].split()[0]) % 4]
            key = Key(name, folder.generation, item.uid)
            rows.append(Row(key, verdict, "failure", 1.0, *nothing, "why", digest_of(header_of(raw))))
        ledger.add(folder, (), rows)


def fill(box: DirectoryMailbox) -> None:
    box.fill("INBOX", [mail(n) for n in [*range(120), *range(0, 40, 4), *range(0, 40, 4)]])
    box.fill("Work", [mail(n) for n in range(0, 160, 2)])
    box.fill("Sent", [mail(4)])


@pytest.fixture(params=[False, True], ids=["renaming", "copying"])
def box(request, tmp_path):
    made = DirectoryMailbox(tmp_path / "box", copying=request.param)
    fill(made)
    return made


@pytest.fixture
def sorted_out(box, ledger):
    judged(box, ledger)
    return box


def split(before: dict[str, list[bytes]]) -> dict[str, list[bytes]]:
    """What should be where after filing."""
    number = lambda raw: int(raw.split(b"Subject: no ")[1].split()[0])  # noqa: E731
    found = {name: [raw for raw in mails if number(raw) % 2 or name == "Sent"] for name, mails in before.items()}
    found[FOLDER] = sorted(
        raw for name, mails in before.items() for raw in mails if name != "Sent" and number(raw) % 2 == 0
    )
    return found


def filed_and_back(box, ledger, before) -> None:
    """Filed as it should be, taken back to where it was, and no third time."""
    assert box.all() == split(before)
    done = undo(box, ledger, 3.0, Quiet())
    assert (done.gone, done.left, done.trouble) == (0, 0, "")
    assert box.all() == {**before, FOLDER: []}
    again = undo(box, ledger, 4.0, Quiet())
    assert (again.back, again.gone, again.left) == (0, 0, 0)


def test_what_is_not_the_persons_is_filed_away_and_taken_back(sorted_out, ledger):
    before = sorted_out.all()
    filed = file_away(sorted_out, ledger, FOLDER, 2.0, Quiet())
    assert (filed.moved, filed.left, filed.into, filed.trouble) == (160, {}, FOLDER, "")
    assert Counter(one.state for one in ledger.done()) == {"done": 160}
    again = file_away(sorted_out, ledger, FOLDER, 2.5, Quiet())
    assert (again.moved, again.left) == (0, {})
    filed_and_back(sorted_out, ledger, before)


def test_what_was_filed_is_not_moved_on_and_comes_back_from_where_it_is(sorted_out, ledger):
    before = sorted_out.all()
    file_away(sorted_out, ledger, FOLDER, 2.0, Quiet())
    judged(sorted_out, ledger, (FOLDER,))
    filed = file_away(sorted_out, ledger, "Elsewhere", 2.5, Quiet())
    assert (filed.moved, filed.left) == (0, {})
    done = undo(sorted_out, ledger, 3.0, Quiet())
    assert (done.back, done.gone, done.left) == (160, 0, 0)
    assert sorted_out.all() == {**before, FOLDER: [], "Elsewhere": []}


def test_what_lies_in_the_folder_already_stays_and_the_rest_comes(sorted_out, ledger):
    sorted_out.fill(FOLDER, [mail(1000), mail(1002)])
    judged(sorted_out, ledger, (FOLDER,))
    filed = file_away(sorted_out, ledger, FOLDER, 2.0, Quiet())
    assert (filed.moved, filed.left, filed.trouble) == (160, {}, "")
    assert len(sorted_out.all()[FOLDER]) == 162


@pytest.mark.parametrize(
    "into", ["INBOX", "inbox", "Sent", "INBOX.Sent", "Papierkorb", "INBOX/Drafts", "[Gmail]/All Mail"]
)
def test_nothing_is_filed_where_mail_comes_in_is_recorded_or_thrown_away(sorted_out, ledger, into):
    before = sorted_out.all()
    with pytest.raises(PlaceError, match=r"nothing is filed into .*; name another folder"):
        file_away(sorted_out, ledger, into, 2.0, Quiet())
    assert sorted_out.all() == before
    assert not list(ledger.done())


def test_a_folder_counts_by_what_the_server_says_of_it(sorted_out, ledger, monkeypatch):
    monkeypatch.setitem(ROLES, "Work", TRASH)
    with pytest.raises(PlaceError, match="nothing is filed into Work"):
        file_away(sorted_out, ledger, "Work", 2.0, Quiet())


def test_only_the_verdicts_that_are_named_are_filed(sorted_out, ledger):
    filed = file_away(sorted_out, ledger, "Fakes", 2.0, Quiet(), verdicts=("fake",))
    assert filed.moved == 30 + 40
    assert {one.verdict for one in ledger.done()} == {"fake"}


@pytest.mark.parametrize("verdict", ["genuine", "undetermined", "not-a-bounce"])
def test_what_may_be_the_persons_is_never_moved(sorted_out, ledger, verdict):
    before = sorted_out.all()
    with pytest.raises(ValueError, match="not moved"):
        file_away(sorted_out, ledger, FOLDER, 2.0, Quiet(), verdicts=("backscatter", verdict))
    assert sorted_out.all() == before


def test_a_message_that_changed_its_place_or_itself_is_left(sorted_out, ledger):
    inbox = sorted_out.root / "INBOX"
    first, second, third = [path for path in messages(inbox) if b"no 8\n" in path.read_bytes()]
    first.unlink()
    second.write_bytes(mail(9_999))
    third.rename(sorted_out.root / "Sent" / "x")
    filed = file_away(sorted_out, ledger, FOLDER, 2.0, Quiet())
    assert (filed.moved, filed.left) == (157, {"gone": 3})
    assert second.read_bytes() == mail(9_999)


def test_keys_of_another_generation_move_nothing(sorted_out, ledger):
    sorted_out.renew("INBOX")
    before = sorted_out.all()
    filed = file_away(sorted_out, ledger, FOLDER, 2.0, Quiet())
    assert filed.left == {"changed": 80}
    assert filed.moved == 80
    assert sorted_out.all()["INBOX"] == before["INBOX"]


def test_what_another_client_took_meanwhile_is_gone_and_no_error(sorted_out, ledger):
    before = sorted_out.all()
    file_away(sorted_out, ledger, FOLDER, 2.0, Quiet())
    away = sorted_out.root / FOLDER
    paths = messages(away)
    paths[0].unlink()
    paths[1].rename(sorted_out.root / "Sent" / "taken")
    done = undo(sorted_out, ledger, 3.0, Quiet())
    assert (done.back, done.gone, done.left, done.folders) == (158, 2, 0, (FOLDER,))
    assert sum(map(len, sorted_out.all().values())) == sum(map(len, before.values())) - 1
    assert undo(sorted_out, ledger, 4.0, Quiet()).gone == 0


def test_taken_back_by_digest_where_keys_mean_nothing_any_more(sorted_out, ledger):
    before = sorted_out.all()
    file_away(sorted_out, ledger, FOLDER, 2.0, Quiet())
    sorted_out.renew(FOLDER)
    sorted_out.renew("INBOX")
    filed_and_back(sorted_out, ledger, before)


def test_taken_back_by_digest_where_the_server_told_no_keys(sorted_out, ledger, monkeypatch):
    before = sorted_out.all()
    move = DirectoryMailbox.move
    monkeypatch.setattr(
        DirectoryMailbox, "move", lambda *given: (one._replace(uid="", generation=0) for one in move(*given))
    )
    file_away(sorted_out, ledger, FOLDER, 2.0, Quiet())
    filed_and_back(sorted_out, ledger, before)


def test_a_folder_that_is_gone_is_made_again(sorted_out, ledger):
    before = sorted_out.all()
    file_away(sorted_out, ledger, FOLDER, 2.0, Quiet())
    work = sorted_out.root / "Work"
    work.rename(sorted_out.root.parent / "gone")
    done = undo(sorted_out, ledger, 3.0, Quiet())
    assert (done.back, done.gone) == (160, 0)
    assert sorted_out.all()["Work"] == [raw for raw in before["Work"] if raw not in split(before)["Work"]]


def test_without_the_folder_everything_in_it_is_gone(sorted_out, ledger):
    file_away(sorted_out, ledger, FOLDER, 2.0, Quiet())
    (sorted_out.root / FOLDER).rename(sorted_out.root.parent / "gone")
    done = undo(sorted_out, ledger, 3.0, Quiet())
    assert (done.back, done.gone, done.left) == (0, 160, 0)


def test_mail_that_was_in_the_folder_before_stays_there(sorted_out, ledger):
    sorted_out.fill(FOLDER, [mail(0), mail(4), mail(1)])
    before = sorted_out.all()
    file_away(sorted_out, ledger, FOLDER, 2.0, Quiet())
    undo(sorted_out, ledger, 3.0, Quiet())
    assert sorted_out.all() == before


def test_a_folder_that_may_only_be_read_stays_as_it_is(sorted_out, ledger):
    (sorted_out.root / "Work" / ".readonly").touch()
    before = sorted_out.all()
    filed = file_away(sorted_out, ledger, FOLDER, 2.0, Quiet())
    assert (filed.moved, filed.left, filed.trouble) == (80, {"stopped": 80}, "Work may only be read")
    assert sorted_out.all()["Work"] == before["Work"]
    (sorted_out.root / "Work" / ".readonly").unlink()
    assert file_away(sorted_out, ledger, FOLDER, 2.5, Quiet()).moved == 80
    filed_and_back(sorted_out, ledger, before)


@pytest.mark.parametrize("error", [QuotaError, ReadOnlyError, GoneError, CutOffError])
@pytest.mark.parametrize("after", [0, 1, 49, 50, 77])
def test_what_was_moved_before_it_ended_stays_recorded(sorted_out, ledger, monkeypatch, error, after):
    before = sorted_out.all()
    move = DirectoryMailbox.move
    left = [after]

    def ending(self, uids, into):
        for one in move(self, uids[: left[0]], into):
            left[0] -= 1
            yield one
        if left[0] == 0:
            raise error("no more")

    monkeypatch.setattr(DirectoryMailbox, "move", ending)
    if error is CutOffError:
        with pytest.raises(CutOffError):
            file_away(sorted_out, ledger, FOLDER, 2.0, Quiet())
    else:
        filed = file_away(sorted_out, ledger, FOLDER, 2.0, Quiet())
        assert (filed.moved, filed.left, filed.trouble) == (after, {"stopped": 160 - after}, "no more")
    monkeypatch.setattr(DirectoryMailbox, "move", move)
    assert file_away(sorted_out, ledger, FOLDER, 2.5, Quiet()).moved == 160 - after
    filed_and_back(sorted_out, ledger, before)


def test_what_cannot_be_taken_away_alone_stays_in_both_and_is_told(tmp_path, ledger):
    box = Lossless(tmp_path / "lossless", copying=True)
    box.fill("INBOX", [mail(0), mail(4), mail(1)])
    judged(box, ledger, ("INBOX",))
    box.make(FOLDER)
    folder = box.open("INBOX")
    rows = [row for row in ledger.rows() if row.verdict == "backscatter"]
    ledger.moves.mean(rows, "moved", FOLDER, 2.0)
    half = Key("INBOX", folder.generation, rows[0].key.uid)
    raw = (box.root / "INBOX" / half.uid).read_bytes()
    box.fill(FOLDER, [raw])
    for _ in range(2):
        filed = file_away(box, ledger, FOLDER, 2.0, Quiet())
        assert Counter(chain.from_iterable(box.all().values()))[raw] == 2
    assert filed.left == {"in both": 1}
    assert undo(box, ledger, 3.0, Quiet()).left == 1
    assert Counter(chain.from_iterable(box.all().values())) == Counter([mail(0), mail(4), mail(1), raw])


def test_marks_are_set_and_taken_away(sorted_out, ledger):
    before = sorted_out.all()
    marked = tag(sorted_out, ledger, 2.0, Quiet())
    assert (marked.tagged, marked.left) == (220, {})
    assert ("INBOX", "$NDRGenuine") in sorted_out.tags()
    assert sorted_out.all() == before
    assert undo(sorted_out, ledger, 3.0, Quiet()).untagged == 220
    assert sorted_out.tags() == set()
    assert undo(sorted_out, ledger, 4.0, Quiet()).untagged == 0


def test_marks_of_messages_that_were_filed_away_later_are_found(box, ledger, monkeypatch):
    judged(box, ledger)
    tag(box, ledger, 2.0, Quiet())
    file_away(box, ledger, FOLDER, 2.5, Quiet())
    done = undo(box, ledger, 3.0, Quiet())
    assert (done.back, done.untagged) == (160, 220)


def test_a_sweep_of_the_demonstration_end_to_end(mailbox, ledger, demo_judge, demo_mail):
    sweep(mailbox, (), demo_judge, ledger, Quiet())
    before = mailbox.all()
    filed = file_away(mailbox, ledger, FOLDER, 2.0, Quiet())
    assert filed.moved == 2 * len(demo_mail["backscatter"]) + len(demo_mail["fake"])
    kept = Counter(chain.from_iterable(mails for name, mails in mailbox.all().items() if name != FOLDER))
    for raw in demo_mail["genuine"]:
        assert kept[raw] == 2
    undo(mailbox, ledger, 3.0, Quiet())
    assert mailbox.all() == {**before, FOLDER: []}


def test_a_mailbox_without_keywords_leaves_nothing_to_take_away(sorted_out, ledger, monkeypatch):
    def refuse(*_args, **_how):
        raise PlaceError("it has no keywords")

    file_away(sorted_out, ledger, FOLDER, 2.0, Quiet())
    monkeypatch.setattr(sorted_out, "tag", refuse)
    with pytest.raises(PlaceError, match="no keywords"):
        tag(sorted_out, ledger, 2.5, Quiet())
    done = undo(sorted_out, ledger, 3.0, Quiet())
    assert (done.back, done.left, done.trouble) == (160, 0, "")
