import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ndrfilter import Filter, config, limits
from ndrfilter.config.model import DEFAULT
from ndrfilter.config.reading import from_text
from ndrfilter.errors import ConfigError
from ndrfilter.site import NO_SITE

SITE = "site: {domains: [%s], relays: [mail.example.com]}\n"
FULL = """\
site:
  domains: [example.com, "*.Example.ORG", bücher.example]
  relays:
    - mail.example.com
    - 192.0.2.0/24
    - 2001:db8::25
    - {name: "*.outbound.example.net", shared: yes, account: Tenant-1}
  receivers: [mx1.example.com, 192.0.2.25]
  authserv_id: mx1.example.com
  complete: [relays, signing]
  vars: {tenant: 0123}
ruleset: strict
actions: {fake: quarantine}
plugins:
  - spf: {}
dns: {servers: [127.0.0.1, "[::1]:5353"], timeout: 1.5s}
state: state
lists: {partners: partners.txt}
"""


@pytest.fixture
def full(tmp_path):
    (tmp_path / "partners.txt").write_text("example.net\n")
    (tmp_path / "rules").mkdir()
    path = tmp_path / "ndrfilter.yml"
    path.write_text(FULL, "utf-8")
    return config.load(path)


def test_every_key_is_read(full, tmp_path):
    [site] = full.sites
    assert site.domains == ("example.com", "*.example.org", "xn--bcher-kva.example")
    assert [str(relay.network or relay.name) for relay in site.relays] == [
        "mail.example.com", "192.0.2.0/24", "2001:db8::25/128", "*.outbound.example.net",
    ]  # fmt: skip
    assert (site.relays[3].shared, site.relays[3].account) == (True, "Tenant-1")
    assert [str(receiver.network or receiver.name) for receiver in site.receivers] == [
        "mx1.example.com",
        "192.0.2.25/32",
    ]
    assert site.authserv_ids == ("mx1.example.com",)
    assert site.complete == {"relays", "signing"}
    assert site.vars == (("tenant", "0123"),)
    assert full.ruleset == "strict"
    assert full.actions == {"backscatter": "header", "fake": "quarantine"}
    assert "spf" in full.settings
    assert full.dns == ((("127.0.0.1", 53), ("::1", 5353)), 1.5)
    assert full.state == tmp_path / "state"
    assert full.lists == {"partners": tmp_path / "partners.txt"}
    assert (full.local_rules, full.local_rulesets) == (tmp_path / "rules", None)


def test_every_value_knows_where_it_came_from(full, tmp_path):
    path = tmp_path / "ndrfilter.yml"
    assert str(full.origin("site.domains")) == f"{path}:2"
    assert str(full.origin("site.relays[1]")) == f"{path}:5"
    assert str(full.origin("actions.fake")) == f"{path}:13"
    assert full.origin("actions.backscatter") is DEFAULT


def test_a_mapping_says_the_same_as_a_file():
    made = config.from_mapping({"site": {"domains": ["example.com"], "relays": ["mail.example.com", "192.0.2.0/24"]}})
    written = from_text("site:\n  domains: [example.com]\n  relays: [mail.example.com, 192.0.2.0/24]\n", _nowhere())
    assert made.sites == written.sites
    assert str(made.origin("site.domains")) == "mapping"


def _nowhere():
    from pathlib import Path

    return Path("nowhere/ndrfilter.yml")


def test_a_mapping_is_checked_like_a_file():
    with pytest.raises(ConfigError) as caught:
        config.from_mapping({"site": {"domains": ["a@example.com"], "relais": []}, "rulesets": 1})
    assert [mistake.code for mistake in caught.value.diagnostics] == ["E610", "E610", "E702"]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"NDRFILTER_CONFIG": "named.yml", "XDG_CONFIG_HOME": "xdg"}, "named.example"),
        ({"XDG_CONFIG_HOME": "xdg", "HOME": "home"}, "xdg.example"),
        ({"HOME": "home"}, "home.example"),
        ({"XDG_CONFIG_HOME": "empty", "HOME": "home"}, None),
    ],
)
def test_where_configurations_are_looked_for(tmp_path, environment, expected):
    for name, domain in (("named.yml", "named.example"), ("xdg/ndrfilter/ndrfilter.yml", "xdg.example"),
                         ("home/.config/ndrfilter/ndrfilter.yml", "home.example")):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SITE % domain)
    found = config.find({key: str(tmp_path / value) for key, value in environment.items()})
    if expected is None:
        assert found is None or str(found).startswith("/etc/")
    else:
        assert config.load(found).sites[0].domains == (expected,)


@pytest.mark.parametrize("named", ["missing.yml", ""])
def test_a_file_that_was_named_must_be_there(tmp_path, named):
    with pytest.raises(ConfigError, match="cannot read"):
        config.load(environ={"NDRFILTER_CONFIG": str(tmp_path / named)})


def test_a_huge_file_is_refused(tmp_path):
    path = tmp_path / "big.yml"
    path.write_text("# " + "x" * 1_100_000)
    with pytest.raises(ConfigError, match="bigger"):
        config.load(path)


def test_deep_nesting_is_refused(tmp_path):
    path = tmp_path / "deep.yml"
    path.write_text("[" * 100_000)
    with pytest.raises(ConfigError, match="nest deeper"):
        config.load(path)


def test_an_anchor_may_be_used_where_it_is_short():
    text = "sites:\n  - {domains: [a.example], relays: &ours [mail.example.com]}\n  - {domains: [b.example], relays: *ours}\n"
    assert len({site.relays for site in from_text(text, _nowhere()).sites}) == 1


def test_a_domains_file(tmp_path):
    (tmp_path / "domains.txt").write_text("# ours\nexample.net\n  Example.ORG  # too\n\n")
    path = tmp_path / "ndrfilter.yml"
    path.write_text("site: {domains: [example.com], domains_file: domains.txt, relays: [mail.example.com]}")
    assert config.load(path).sites[0].domains == ("example.com", "example.net", "example.org")


def test_a_mistake_in_a_domains_file_has_its_place(tmp_path):
    (tmp_path / "domains.txt").write_text("example.net\nanna@example.org\n")
    path = tmp_path / "ndrfilter.yml"
    path.write_text("site: {domains_file: domains.txt}")
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    [mistake] = caught.value.diagnostics
    assert (mistake.file, mistake.line, mistake.column) == (str(tmp_path / "domains.txt"), 2, 1)


def test_a_domains_file_is_read_whole_or_not_at_all(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_LIST_FILE", 30)
    (tmp_path / "domains.txt").write_text("example.net\n" * 3)
    with pytest.raises(ConfigError, match="larger than 30 bytes"):
        config.from_mapping({"site": {"domains_file": "domains.txt"}}, folder=tmp_path)


SITES = {
    "sites": [
        {"domains": ["example.com"], "relays": ["mail.example.com"]},
        {"domains": ["*.example.com", "example.org"], "relays": ["mail.example.org"]},
        {"domains": ["deep.sub.example.com"], "relays": ["mail.sub.example.com"]},
    ]
}


@pytest.mark.parametrize(
    ("recipients", "number"),
    [
        (["anna@example.com"], 0),
        (["anna@Sub.Example.com"], 1),
        (["anna@deep.sub.example.com"], 2),
        (["anna@below.example.org"], 1),
        (["x@elsewhere.example", "anna@example.org"], 1),
        (["x@elsewhere.example"], None),
        ([], None),
    ],
)
def test_the_site_of_a_recipient(recipients, number):
    chosen = config.from_mapping(SITES)
    assert chosen.site_for(recipients) == (NO_SITE if number is None else chosen.sites[number])


def test_the_only_site_stands_for_everybody():
    chosen = config.from_mapping({"site": SITES["sites"][0]})
    assert chosen.site_for([]) == chosen.site_for(["x@elsewhere.example"]) == chosen.sites[0]


def test_nothing_configured_has_no_site():
    assert config.from_mapping({}).site_for(["a@example.com"]) == NO_SITE


def mistakes(read, *arguments):
    """The mistakes, empty for a sound configuration, None for an error that says nothing."""
    try:
        read(*arguments)
    except ConfigError as error:
        return error.diagnostics or None
    return ()


@given(st.text(alphabet="site: domnra[]{},-\"'*&!|>%@\t\n #x1.?~", max_size=120))
def test_any_text_is_a_configuration_or_a_mistake(text):
    assert mistakes(from_text, text, _nowhere()) is not None


_KEYS = st.sampled_from(
    ["site", "sites", "domains", "relays", "receivers", "complete", "vars", "name", "actions", "lists", "x"]
)
_SCALARS = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(["example.com", "192.0.2.1/8"])
)
_TREES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=12
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # trees take long to draw on a busy machine
@given(st.dictionaries(_KEYS | st.sampled_from(["ruleset", "plugins"]), _TREES, max_size=4))
def test_any_mapping_is_a_configuration_or_a_mistake(mapping):
    assert mistakes(config.from_mapping, mapping) is not None


@pytest.mark.parametrize("name", ["192.0.2.300", "192.0.2.10.107", "*.2.192", "-odd-.example.com", "two..dots"])
def test_names_that_can_match_nothing_are_accepted_from_programs_only(name, tmp_path):
    drawn = config.from_mapping({"site": {"domains": ["example.com", name], "relays": [name]}})
    assert drawn.sites[0].relay("mail.example.com", None) is None
    path = tmp_path / "ndrfilter.yml"
    path.write_text(f'site: {{domains: [example.com], relays: ["{name}"]}}\n')
    with pytest.raises(ConfigError):
        config.load(path)


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("rules/own.ndr", ""),
        ("rulesets/own.yml", "ruleset: own"),
        ("some.txt", "opt_out: some.txt"),
        ("some.txt", "site: {domains_file: some.txt}"),
        ("some.txt", "plugins: [{token: {keys: some.txt}}]"),
    ],
)
def test_a_pipe_that_nobody_writes_to_keeps_nobody_waiting(tmp_path, name, more):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    os.mkfifo(tmp_path / name)
    (tmp_path / "ndrfilter.yml").write_text(f"{more}\n")
    with pytest.raises(ConfigError):
        Filter.from_config(tmp_path / "ndrfilter.yml")


def test_the_configuration_itself_may_come_through_a_pipe():
    reading, writing = os.pipe()
    os.write(writing, b"site: {domains: [example.com]}\n")
    os.close(writing)
    assert config.load(Path(f"/dev/fd/{reading}")).sites[0].domains == ("example.com",)
    os.close(reading)


_AS_NOBODY = """
import os, sys
from ndrfilter.config.reading import find
os.setgid(65534)
os.setuid(65534)
print(find({"HOME": sys.argv[1]}))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody to whom a folder is closed")
def test_a_home_that_is_closed_to_the_user_is_passed_over(tmp_path):
    """What starts a service as another user often leaves HOME=/root."""
    with tempfile.TemporaryDirectory(dir="/tmp") as home:
        done = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, home], capture_output=True, text=True, cwd=Path(__file__).parents[2]
        )
    assert done.stdout in ("None\n", "/etc/ndrfilter/ndrfilter.yml\n"), done.stderr
