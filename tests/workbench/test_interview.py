"""The questions of `config init`, asked on a real terminal."""

import os
import pty
import subprocess
import sys

from ndrfilter import config


def on_a_terminal(words, answers):
    """Run the program on a terminal of its own, with these answers typed ahead; gives exit code and screen."""
    ours, theirs = pty.openpty()
    os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
    program = subprocess.Popen(
        [sys.executable, "-m", "ndrfilter", *map(str, words)], stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    screen = b""
    while True:
        try:
            read = os.read(ours, 4096)
        except OSError:  # the terminal's other side is closed
            break
        if not read:
            break
        screen += read
    os.close(ours)
    return program.wait(), screen.decode()


def init(postfix, output, *answers):
    code, screen = on_a_terminal(["config", "init", "--root", postfix, "--output", output, "--no-dns"], answers)
    assert code == 0, screen
    return config.load(output).sites[0], screen


def test_enter_keeps_what_was_found(postfix, tmp_path):
    site, screen = init(postfix, tmp_path / "o.yml", "", "", "", "")
    assert "Your MXes [mail.example.com]:" in screen
    assert site.domains == ("example.org", "xn--bcher-kva.example", "example.com")
    assert site.complete == frozenset()


def test_words_replace_it_and_a_dash_empties_it(postfix, tmp_path):
    site, _ = init(postfix, tmp_path / "o.yml", "example.net", "mail.example.net, 192.0.2.7", "-", "yes")
    assert site.domains == ("example.net",)
    assert [str(relay.network or relay.name) for relay in site.relays] == ["mail.example.net", "192.0.2.7/32"]
    assert site.receivers == ()
    assert site.complete == {"relays"}
