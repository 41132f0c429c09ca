import re

import pytest

from ndrfilter import config

GOOD = "site: {domains: [example.com], relays: [mail.example.com], receivers: [mx.example.com]}\n"


def test_init_reads_postfix_and_says_where_everything_came_from(command, postfix, tmp_path):
    output = tmp_path / "made/ndrfilter.yml"
    code, said, _ = command("config", "init", "--root", postfix, "--output", output, "--no-dns", "--yes")
    assert code == 0
    assert f"wrote {output}" in said
    [site] = config.load(output).sites
    assert site.domains == ("example.org", "xn--bcher-kva.example", "example.com")
    assert [str(relay.network or relay.name) for relay in site.relays] == ["mail.example.com", "198.51.100.9/32"]
    assert [receiver.name for receiver in site.receivers] == ["mail.example.com"]
    assert site.complete == frozenset()
    text = output.read_text()
    assert re.search(r"- example\.org +# .*main\.cf: virtual_mailbox_domains", text)
    assert "mysql:/etc/postfix/v.cf was not asked" in text


def test_what_init_writes_is_sound(command, postfix, tmp_path):
    output = tmp_path / "ndrfilter.yml"
    command("config", "init", "--root", postfix, "--output", output, "--no-dns", "--yes")
    assert command("-c", output, "config", "check", "--no-dns")[0] == 0


def test_a_smarthost_of_somebody_else_is_shared(command, machine, tmp_path):
    root = machine(
        {
            "etc/postfix/main.cf": "myhostname = box.example.com\nmydestination = example.com\nrelayhost = [smtp.provider.example]:587\n"
        }
    )
    code, said, _ = command("config", "init", "--root", root, "--output", "-", "--no-dns")
    assert code == 0
    assert "{name: smtp.provider.example, shared: true}" in said


def test_behind_a_smarthost_the_own_host_is_a_relay_too(command, machine, tmp_path):
    root = machine(
        {
            "etc/postfix/main.cf": (
                "myhostname = mail.example.com\nmydestination = example.com\nrelayhost = [smtp.provider.example]:587\n"
                "mynetworks = 127.0.0.0/8 10.0.0.0/8\ninet_interfaces = 127.0.0.1, 198.51.100.9\n"
            )
        }
    )
    output = tmp_path / "ndrfilter.yml"
    assert command("config", "init", "--root", root, "--output", output, "--no-dns", "--yes")[0] == 0
    [site] = config.load(output).sites
    assert [str(relay.network or relay.name) for relay in site.relays] == [
        "mail.example.com",
        "198.51.100.9/32",
        "smtp.provider.example",
    ]
    assert re.search(r"smtp\.provider\.example, shared: true\} +# .*relayhost; add account: ", output.read_text())
    code, _, errors = command("-c", output, "config", "check", "--no-dns")
    assert (code, re.findall(r"W\d+", errors)) == (0, ["W702"])


def test_init_reads_debians_exim_and_rspamd(command, machine):
    root = machine(
        {
            "etc/exim4/update-exim4.conf.conf": (
                "dc_eximconfig_configtype='internet'\ndc_other_hostnames='example.com:example.net'\n"
                "dc_relay_domains='example.org'\ndc_local_interfaces='127.0.0.1 ; 198.51.100.7'\n"
            ),
            "etc/hostname": "mail.example.com\n",
            "etc/rspamd/local.d/options.inc": 'local_addrs = ["192.168.0.0/16", "198.51.100.0/28"];\n',
            "etc/rspamd/local.d/dkim_signing.conf": 'domain {\n  signed.example {\n    selector = "x";\n  }\n}\n',
        }
    )
    code, said, _ = command("config", "init", "--root", root, "--output", "-", "--no-dns")
    assert code == 0
    for value in (
        "example.com",
        "example.net",
        "example.org",
        "signed.example",
        "mail.example.com",
        "198.51.100.7",
        "198.51.100.0/28",
    ):
        assert f"- {value} " in said
    assert "192.168" not in said
    assert "127.0.0.1" not in said


def test_init_reads_exims_own_file(command, machine):
    root = machine(
        {
            "etc/exim4/exim4.conf": (
                "primary_hostname = mail.example.com\ndomainlist local_domains = @ : example.com : localhost\n"
                "smarthost:\n  route_list = * smtp.provider.example::587 byname\nremote_smtp:\n  interface = <; 198.51.100.7\n"
            )
        }
    )
    code, said, _ = command("config", "init", "--root", root, "--output", "-", "--no-dns")
    assert code == 0
    for value in (
        "- example.com",
        "- mail.example.com",
        "- 198.51.100.7",
        "{name: smtp.provider.example, shared: true}",
    ):
        assert value in said


def test_flags_stand_alone(command, postfix, tmp_path):
    output = tmp_path / "ndrfilter.yml"
    flags = [
        "--domain",
        "example.net",
        "--relay",
        "192.0.2.0/24",
        "--receiver",
        "mx.example.net",
        "--complete",
        "relays,signing",
    ]
    assert command("config", "init", "--root", postfix, "--output", output, "--no-dns", *flags)[0] == 0
    [site] = config.load(output).sites
    assert site.domains == ("example.net",)
    assert [str(relay.network) for relay in site.relays] == ["192.0.2.0/24"]
    assert [receiver.name for receiver in site.receivers] == ["mx.example.net"]
    assert site.complete == {"relays", "signing"}


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([], "no domain of yours was found"),
        (["--domain", "exa mple"], "--domain"),
        (["--domain", "example.com", "--relay", "10.0.0.1"], "--relay"),
        (["--domain", "example.com", "--complete", "relay"], "did you mean relays?"),
        (["--domain", "exa mple", "--complete", "relay"], "--domain"),
        (["--domain", "exa mple", "--complete", "relay"], "did you mean relays?"),
    ],
)
def test_init_says_what_is_wrong(command, tmp_path, flags, words):
    code, _, errors = command("config", "init", "--root", tmp_path, "--output", tmp_path / "o.yml", "--no-dns", *flags)
    assert code == 2
    assert words in errors
    assert not (tmp_path / "o.yml").exists()


def test_init_does_not_replace_a_file_unless_forced(command, tmp_path):
    output = tmp_path / "ndrfilter.yml"
    output.write_text("mine")
    words = ("config", "init", "--root", tmp_path, "--output", output, "--no-dns", "--domain", "example.com")
    code, _, errors = command(*words)
    assert (code, output.read_text()) == (2, "mine")
    assert "--force" in errors
    assert command(*words, "--force")[0] == 0
    assert config.load(output).sites[0].domains == ("example.com",)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["ndrfilter.yml"]


def test_check_shows_every_mistake(command, tmp_path):
    path = tmp_path / "ndrfilter.yml"
    path.write_text("site:\n  domains: [anna@example.com]\n  relais: []\n")
    code, _, errors = command("config", "check", "-c", path, "--no-dns")
    assert code == 2
    assert "E702" in errors
    assert "E610" in errors


@pytest.mark.parametrize("words", [("config", "check", "--no-dns"), ("check", "/dev/null")])
def test_mistakes_of_keys_ruleset_and_plugins_are_told_together(command, tmp_path, words):
    path = tmp_path / "ndrfilter.yml"
    path.write_text(GOOD + "ruleset: defualt\nplugins: [nonsense, {other: {a: 1}}]\nrelais: []\n")
    code, _, errors = command("-c", path, *words)
    assert code == 2
    for place in ("2:10: error[E801]", "3:11: error[E901]", "3:22: error[E901]", "4:1: error[E610]"):
        assert f"{path}:{place}" in errors


def test_mistakes_inside_the_ruleset_are_told_with_the_others(command, tmp_path):
    (tmp_path / "rulesets").mkdir()
    (tmp_path / "rulesets/mine.yml").write_text("scores: {A: lots}\n")
    path = tmp_path / "ndrfilter.yml"
    path.write_text(GOOD + "ruleset: mine\nrelais: []\n")
    errors = command("-c", path, "config", "check")[2]
    assert "mine.yml:1:13: error[E614]" in errors
    assert f"{path}:3:1: error[E610]" in errors


def test_check_prints_warnings_and_passes(command, tmp_path):
    path = tmp_path / "ndrfilter.yml"
    path.write_text("site: {domains: [mail.example.com], relays: [192.168.1.1], receivers: [mx.example.com]}\n")
    code, said, errors = command("config", "check", "-c", path, "--no-dns")
    assert code == 0
    assert "warning[W704]" in errors
    assert "warning[W707]" in errors
    assert "sound, 2 warnings" in said


def test_check_of_a_good_configuration_is_quiet(command, tmp_path):
    path = tmp_path / "ndrfilter.yml"
    path.write_text(GOOD)
    assert command("config", "check", "-c", path, "--no-dns") == (0, f"{path}: sound, no warnings\n", "")


def test_show_prints_every_value_with_its_origin(command, tmp_path):
    path = tmp_path / "ndrfilter.yml"
    path.write_text(GOOD + "ruleset: watch\nactions: {fake: reject}\nplugins: []\n")
    code, said, _ = command("config", "show", "-c", path)
    assert code == 0
    rows = {line.split()[0]: line.split() for line in said.splitlines()}
    assert rows["site.relays"][1:] == ["mail.example.com", f"{path}:1"]
    assert rows["site.complete"][1:] == ["-", "default"]
    assert rows["ruleset"][1:] == ["watch", f"{path}:2"]
    assert rows["actions.fake"][1] == "header"
    assert rows["ruleset.required.origin"][1] == "7"


def test_show_without_a_configuration(command, tmp_path, monkeypatch):
    path = tmp_path / "empty.yml"
    path.write_text("")
    code, said, _ = command("config", "show", "-c", path)
    assert code == 0
    assert re.search(r"site\.domains +- +default", said)


def test_show_tells_no_secret(command, tmp_path):
    path = tmp_path / "ndrfilter.yml"
    path.write_text(
        GOOD + 'plugins: [{srs: {secrets: ["not for your eyes"]}}, {token: {keys: {k1: "not for your eyes"}}}]\n'
    )
    code, said, _ = command("config", "show", "-c", path)
    assert code == 0
    assert "plugins.srs.secrets" in said
    assert "k1" in said
    assert "not for" not in said
