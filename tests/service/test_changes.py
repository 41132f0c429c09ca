"""When a change of a file counts."""

from __future__ import annotations

from ndrfilter.config import load
from ndrfilter.service.changes import Watch, sources


def test_a_change_counts_when_it_stands_still_and_is_told_once(setup):
    watch = Watch(load(setup.path))
    assert not watch.changed()
    setup.rule(2.0)
    assert not watch.changed()
    assert watch.restless
    setup.rule(2.25)
    assert not watch.changed()
    assert watch.changed()
    assert not watch.changed()
    assert not watch.restless


def test_what_changes_while_it_is_read_counts_later(setup):
    before = Watch(load(setup.path))
    setup.rule(2.0)
    before.settle()
    assert not before.changed()
    config = load(setup.path)
    setup.rule(3.0)
    after = Watch(config, before)
    assert [after.changed(), after.changed(), after.changed()] == [False, True, False]


def test_a_folder_of_rulesets_that_is_new_counts(setup):
    watch = Watch(load(setup.path))
    (setup.folder / "rulesets").mkdir()
    (setup.folder / "rulesets" / "mine.yml").write_text("extends: default\n")
    assert [watch.changed(), watch.changed()] == [False, True]


def test_every_kind_of_file_is_looked_at(setup):
    for name in ("keys", "list.txt", "out.txt", "cert.pem", "key.pem"):
        (setup.folder / name).write_text("k1 0123456789abcdef0123456789abcdef\n" if name == "keys" else "example.net\n")
        (setup.folder / name).chmod(0o600)
    setup.write(
        "plugins: {token: {keys: keys}}\nlists: {mine: list.txt}\nopt_out: out.txt\n"
        "listen: [{http: '127.0.0.1:0', certificate: cert.pem, key: key.pem}]\n"
    )
    found = {path.name for path in sources(load(setup.path))}
    assert {"ndrfilter.yml", "probe.ndr", "keys", "list.txt", "out.txt", "cert.pem", "key.pem", "default.yml"} <= found
