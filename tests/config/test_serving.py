"""`listen`, `service`, `opt_out`: what a good configuration says. What a bad one is told is in the golden files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter.config import from_mapping
from ndrfilter.config.model import Service
from ndrfilter.config.reading import from_text
from ndrfilter.errors import ConfigError


def listen(*items):
    return from_mapping({"listen": list(items)}).listen


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("127.0.0.1:783", "127.0.0.1:783"),
        ("localhost:783", "127.0.0.1:783"),
        ("*:783", "[::]:783"),
        ("[::1]:783", "[::1]:783"),
        ("unix:/run/ndrfilter/spamd.sock", "unix:/run/ndrfilter/spamd.sock"),
        ("systemd:spamd", "systemd:spamd"),
        ("127.0.0.1:0", "127.0.0.1:0"),
    ],
)
def test_an_address_is_read_and_shown(written, shown):
    [one] = listen({"spamd": written})
    assert one.door == "spamd"
    assert str(one) == shown


def test_options_of_a_listener(tmp_path):
    [milter, http] = from_mapping(
        {
            "listen": [
                {"milter": "unix:/run/m.sock", "mode": "0666", "group": "postfix", "outbound": ["127.0.0.0/8", "::1"]},
                {"http": "127.0.0.1:1", "certificate": "cert.pem", "key": "key.pem"},
            ]
        },
        folder=tmp_path,
    ).listen
    assert (milter.mode, milter.group, [str(one) for one in milter.outbound]) == (
        0o666,
        "postfix",
        ["127.0.0.0/8", "::1/128"],
    )
    assert (http.certificate, http.key) == (tmp_path / "cert.pem", tmp_path / "key.pem")


def test_two_listeners_may_take_any_port():
    assert len(listen({"http": "127.0.0.1:0"}, {"http": "127.0.0.1:0"})) == 2


def test_the_service_s_section(tmp_path):
    text = "service: {workers: 3, user: ndrfilter, log: mail.log, log_format: json, watch: no, drain: 1m}\n"
    made = from_text(text, tmp_path / "ndrfilter.yml").service
    assert made == Service(3, "ndrfilter", "", str(tmp_path / "mail.log"), "json", False, 60.0)
    assert from_text("service: {log: syslog}", tmp_path / "ndrfilter.yml").service == Service(log="syslog")


def test_who_opted_out(tmp_path):
    (tmp_path / "out.txt").write_text("# nobody else\nYou@Example.com\nexample.net  # all of it\n\nüber.example\n")
    from_file = from_text("opt_out: out.txt", tmp_path / "ndrfilter.yml")
    listed = from_mapping({"opt_out": ["you@example.com", "example.net", "über.example"]})
    for config in (from_file, listed):
        wanted = {"YOU@EXAMPLE.COM": True, "me@example.com": False, "any@example.net": True, "x@sub.example.net": False}
        assert {address: config.opted_out(address) for address in wanted} == wanted
        assert config.opted_out("a@xn--ber-goa.example")
    assert not from_mapping({}).opted_out("you@example.com")


def test_a_missing_opt_out_file_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"out\.txt"):
        from_text("opt_out: out.txt", tmp_path / "ndrfilter.yml")


@given(st.text(max_size=40))
def test_whatever_is_written_is_an_address_or_a_mistake(text):
    try:
        found = listen({"http": text})
    except ConfigError as error:
        found, helped = (), [mistake.help for mistake in error.diagnostics]
    else:
        helped = ["none needed"]
    assert all(helped)
    assert all(listen({"http": str(one)}) == (one,) for one in found)
