"""The questions of `config init`, asked on a real terminal."""

from ndrfilter import config


def init(terminal, postfix, output, *answers):
    code, screen = terminal(["config", "init", "--root", postfix, "--output", output, "--no-dns"], answers)
    assert code == 0, screen
    return config.load(output).sites[0], screen


def test_enter_keeps_what_was_found(terminal, postfix, tmp_path):
    site, screen = init(terminal, postfix, tmp_path / "o.yml", "", "", "", "")
    assert "Your MXes [mail.example.com]:" in screen
    assert site.domains == ("example.org", "xn--bcher-kva.example", "example.com")
    assert site.complete == frozenset()


def test_words_replace_it_and_a_dash_empties_it(terminal, postfix, tmp_path):
    site, _ = init(terminal, postfix, tmp_path / "o.yml", "example.net", "mail.example.net, 192.0.2.7", "-", "yes")
    assert site.domains == ("example.net",)
    assert [str(relay.network or relay.name) for relay in site.relays] == ["mail.example.net", "192.0.2.7/32"]
    assert site.receivers == ()
    assert site.complete == {"relays"}


def test_the_account_at_a_smarthost_is_asked(terminal, machine, tmp_path, command):
    root = machine(
        {
            "etc/postfix/main.cf": "myhostname = mail.example.com\nmydestination = example.com\nrelayhost = smtp.provider.example\n"
        }
    )
    site, screen = init(terminal, root, tmp_path / "o.yml", "", "", 'us: "1"', "", "")
    assert "Your account at smtp.provider.example" in screen
    assert [(relay.name, relay.account) for relay in site.relays if relay.shared] == [
        ("smtp.provider.example", 'us: "1"')
    ]
    assert command("-c", tmp_path / "o.yml", "config", "check", "--no-dns")[2] == ""
