"""Following a log through rotation in all its forms: moved, copied, truncated, packed."""

import bz2
import gzip
import lzma
import os

import pytest
from followed_log import NOW, START, Following, append, lines, log

from ndrfilter import limits
from ndrfilter.sentlog import coverage


@pytest.mark.parametrize("read_first", [True, False])
def test_rotation_by_rename(following, read_first):
    following.catch_up()
    append(following.path, log(3))
    if read_first:
        following.read()
    old = following.path.rename(f"{following.path}.1")
    following.catch_up()
    append(old, log(4))
    following.catch_up()
    following.path.write_text("")
    append(old, log(5))
    following.catch_up()
    append(following.path, log(6))
    following.catch_up()
    assert following.recorded() == [1, 2, 3, 4, 5, 6]
    assert following.said == []


@pytest.mark.parametrize("new", [None, ""])
def test_a_start_just_after_a_rotation(tmp_path, store, new):
    """The writer has not been told yet: it goes on in the file that was moved away."""
    old, path = tmp_path / "mail.log.1", tmp_path / "mail.log"
    old.write_text(log(1))
    if new is not None:
        path.write_text(new)
    following = Following(path, store)
    following.catch_up()
    append(old, log(2))
    following.catch_up()
    append(old, log(3))
    path.write_text(log(4))
    following.catch_up()
    append(path, log(5))
    following.catch_up()
    assert following.recorded() == [1, 2, 3, 4, 5]
    assert coverage(store) == (START + 1, START + 5)


def test_several_rotations_while_nobody_looks(following):
    following.catch_up()
    append(following.path, log(3))
    following.path.rename(f"{following.path}.3")
    for number in (4, 5):
        (following.path.parent / f"mail.log.{6 - number}").write_text(log(number))
    following.path.write_text(log(6))
    for age, name in enumerate((".3", ".2", ".1", "")):
        os.utime(f"{following.path}{name}", (NOW, NOW + age))
    following.catch_up()
    assert following.recorded() == [1, 2, 3, 4, 5, 6]
    assert following.said == []


def test_several_rotations_while_the_store_is_away(tmp_path, store):
    """The follower waits with an empty file open; meanwhile it is moved away twice."""
    path = tmp_path / "mail.log"
    path.write_text("")
    following = Following(path, store)
    following.catch_up()
    path.rename(f"{path}.2")
    (tmp_path / "mail.log.1").write_text(log(1))
    path.write_text(log(2))
    following.catch_up()
    assert following.recorded() == [1, 2]


def test_rotation_by_copy_and_truncate(following):
    following.catch_up()
    append(following.path, log(3))
    copy = following.path.with_name("mail.log.1")
    copy.write_bytes(following.path.read_bytes())
    os.truncate(following.path, 0)
    append(following.path, log(4))
    following.catch_up()
    assert following.recorded() == [1, 2, 3, 4]
    assert following.said == []


def test_truncated_without_a_copy_is_a_gap(following):
    following.catch_up()
    append(following.path, log(3))
    following.path.write_text(log(30))
    following.catch_up()
    append(following.path, log(31))
    following.catch_up()
    assert following.recorded() == [1, 2, 30, 31]
    assert [text for text in following.said if "went away" in text]
    assert coverage(following.store).since > START + 2


def test_truncated_and_grown_again_is_noticed(following):
    following.catch_up()
    following.path.write_text(log(*range(30, 40)))
    following.catch_up()
    assert following.recorded() == [1, 2, *range(30, 40)]


def test_a_file_that_is_gone_for_a_while(tmp_path, store):
    following = Following(tmp_path / "mail.log", store)
    following.catch_up()
    following.catch_up()
    assert len(following.said) == 1
    assert "no such file" in following.said[0].lower()
    following.path.write_text(log(1))
    following.catch_up()
    following.path.rename(tmp_path / "mail.log.1")
    following.catch_up()
    following.path.write_text(log(2))
    following.catch_up()
    assert following.recorded() == [1, 2]
    assert len(following.said) == 1


@pytest.mark.parametrize(("pack", "name"), [(gzip.compress, "gz"), (bz2.compress, "bz2"), (lzma.compress, "xz")])
def test_rotated_files_at_the_first_start(tmp_path, store, pack, name):
    files = {
        f"mail.log.2.{name}": pack(log(1).encode()),
        "mail.log.1": log(2).encode(),
        "mail.log": log(3).encode(),
        "mail.log.bak": log(9).encode(),
    }
    for age, (file, data) in enumerate(files.items()):
        (tmp_path / file).write_bytes(data)
        os.utime(tmp_path / file, (NOW, NOW + age))
    following = Following(tmp_path / "mail.log", store)
    following.catch_up()
    assert following.recorded() == [1, 2, 3]
    assert coverage(store) == (START + 1, START + 3)


def test_a_message_that_spans_a_rotation(tmp_path, store):
    begun = lines(1)
    (tmp_path / "mail.log-20261121").write_text("".join(begun[:2]))
    (tmp_path / "mail.log").write_text("".join(begun[2:]))
    os.utime(tmp_path / "mail.log-20261121", (NOW, NOW - 9))
    following = Following(tmp_path / "mail.log", store)
    following.catch_up()
    assert following.recorded() == [1]


@pytest.mark.parametrize("data", [gzip.compress(log(1).encode())[:-20], b"no gzip at all", b""])
def test_a_damaged_packed_file_is_a_gap(tmp_path, store, data):
    (tmp_path / "mail.log.1.gz").write_bytes(data)
    (tmp_path / "mail.log").write_text(log(2))
    following = Following(tmp_path / "mail.log", store)
    following.catch_up()
    assert 2 in following.recorded()
    assert bool(following.said) == bool(data)


def test_a_zip_bomb(tmp_path, store, monkeypatch):
    monkeypatch.setattr(limits, "MAX_UNPACKED_LOG", 1024 * 1024)
    (tmp_path / "mail.log.1.gz").write_bytes(gzip.compress(bytes(64 * 1024 * 1024)))
    (tmp_path / "mail.log").write_text(log(2))
    following = Following(tmp_path / "mail.log", store)
    following.catch_up()
    assert following.recorded() == [2]
    assert len(following.said) == 1
