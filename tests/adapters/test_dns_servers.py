"""How DNS servers are written, and which ones the system names."""

import pytest

from ndrfilter.adapters.dns import DnsResolver, server, system_servers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("127.0.0.1:5353", ("127.0.0.1", 5353)),
        ("::1", ("::1", 53)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]", ("2001:db8::53", 53)),
        ("[::1]:5353", ("::1", 5353)),
    ],
)
def test_how_servers_are_written(text, expected):
    assert server(text) == expected


@pytest.mark.parametrize(
    "text", ["", "dns.example", "192.0.2.53:", "192.0.2.53:x", "[::1", "192.0.2.1:70000", "1.2.3:5"]
)
def test_what_is_no_server(text):
    with pytest.raises(ValueError, match=r"\S"):
        DnsResolver((text,))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("search x\nnameserver 192.0.2.1\n nameserver ::1 # near\nnameserver bad\n", (("192.0.2.1", 53), ("::1", 53))),
        ("".join(f"nameserver 192.0.2.{n}\n" for n in range(5)), tuple((f"192.0.2.{n}", 53) for n in range(3))),
        ("", (("127.0.0.1", 53),)),
        (None, (("127.0.0.1", 53),)),
    ],
)
def test_the_servers_of_the_system(tmp_path, text, expected):
    path = tmp_path / "resolv.conf"
    if text is not None:
        path.write_text(text)
    assert system_servers(path=path) == expected
