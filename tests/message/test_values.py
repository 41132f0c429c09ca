"""Addresses, dates, parameters, transfer encodings, character sets: the values inside fields and parts."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter.message import parse
from ndrfilter.message.addresses import addresses_of, parse_address, parse_addresses, parse_list
from ndrfilter.message.charset import decode_text, field_text
from ndrfilter.message.dates import parse_date
from ndrfilter.message.params import parse_value
from ndrfilter.message.transfer import decode


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("a@example.org", ["a@example.org"]),
        ("A Person <a@Example.ORG.>, b@example.net", ["a@example.org", "b@example.net"]),
        ('"Last, First" <a@example.org>', ["a@example.org"]),
        ("a@example.org (a comment, with (nested) commas), b@example.org", ["a@example.org", "b@example.org"]),
        (
            "Friends: a@example.org, B <b@example.org>;, c@example.org",
            ["a@example.org", "b@example.org", "c@example.org"],
        ),
        ("undisclosed-recipients:;", []),
        ("<@relay.example,@b.example:c@example.org>", ["c@example.org"]),
        ('"odd name"@example.org', ['"odd name"@example.org']),
        ('"plain"@example.org', ["plain@example.org"]),
        ("x@bücher.example", ["x@xn--bcher-kva.example"]),
        ("x@[192.0.2.1]", ["x@[192.0.2.1]"]),
        ("a @ example.org", ["a@example.org"]),
        ("Broken Name a@example.org", ["a@example.org"]),
        ("<>", []),
        ("Mail Delivery System", []),
        ("a@example.org; b@example.org", ["a@example.org", "b@example.org"]),
        ("mailto:a@example.org", ["a@example.org"]),
        ('"a@evil.example" <b@example.org>', ["b@example.org"]),
    ],
)
def test_address_lists(text, addresses):
    assert [address.text for address in parse_addresses(text)] == addresses


def test_a_decoded_comma_is_no_separator():
    message = parse(b"To: =?utf-8?Q?One=2C_x=40evil=2Eexample?= <a@example.org>\n\n")
    assert [address.text for address in addresses_of(message.headers, "to")] == ["a@example.org"]


def test_addresses_that_somebody_encoded_whole():
    message = parse(b"From: =?utf-8?B?QSA8YUBleGFtcGxlLm9yZz4=?=\n\n")
    assert [address.text for address in addresses_of(message.headers, "from")] == ["a@example.org"]


def test_one_address():
    assert parse_address("<>") is None
    assert parse_address("<a.b+c@Example.org>").domain == "example.org"
    assert parse_address("postmaster") == ("postmaster", "postmaster", "")


def seconds(*parts):
    return datetime(*parts, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("Sun, 22 Nov 2026 10:00:00 +0000", seconds(2026, 11, 22, 10)),
        ("22 Nov 2026 10:00:00 -0500 (EST)", seconds(2026, 11, 22, 15)),
        ("Sun, 22 Nov 2026 10:00:00 EST", seconds(2026, 11, 22, 15)),
        ("Sun, 22 Nov 2026 10:00 GMT", seconds(2026, 11, 22, 10)),
        ("22 Nov 26 10:00:00 UT", seconds(2026, 11, 22, 10)),
        ("22 Nov 97 10:00:00 Z", seconds(1997, 11, 22, 10)),
        ("Sun Nov 22 10:00:00 2026", seconds(2026, 11, 22, 10)),
        ("Sun Nov 22 10:00:00 CET 2026", seconds(2026, 11, 22, 9)),
        ("2026-11-22T10:00:00Z", seconds(2026, 11, 22, 10)),
        ("2026-11-22 12:00:00 +02:00", seconds(2026, 11, 22, 10)),
        ("Thu, 29 Feb 2024 23:59:60 +0000", seconds(2024, 3, 1)),
        ("22-Nov-2026 10:00:00 +0000", seconds(2026, 11, 22, 10)),
        ("Wed,  1 Jan 1970 00:00:00 +0000", 0.0),
        ("Sun, 22 Nov 2026 10:00:00 PM +0000", seconds(2026, 11, 22, 22)),
        ("no date at all", None),
        ("99 Nov 2026 10:00:00", None),
        ("1 Foo 2026 10:00:00", None),
        ("", None),
    ],
)
def test_dates(text, when):
    assert parse_date(text) == when


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_every_rfc_5322_date(when, offset):
    sign = "-" if offset < 0 else "+"
    text = when.strftime("%a, %d %b %Y %H:%M:%S ") + f"{sign}{abs(offset) // 60:02d}{abs(offset) % 60:02d}"
    assert parse_date(text) == int(when.replace(tzinfo=UTC).timestamp()) - offset * 60


@pytest.mark.parametrize(
    ("text", "value", "params"),
    [
        ("Text/Plain; Charset=utf-8", "text/plain", (("charset", "utf-8"),)),
        ('multipart/report; report-type=delivery-status; boundary="a;b\\"c"', "multipart/report",
         (("report-type", "delivery-status"), ("boundary", 'a;b"c'))),
        ("text/plain; name*=utf-8'de'Gr%C3%BC%C3%9Fe.txt", "text/plain", (("name", "Grüße.txt"),)),
        ("text/plain; name*0*=utf-8''Gr%C3%BC; name*1=%C3%9F; name*2*=%C3%9F.txt", "text/plain", (("name", "Grü%C3%9Fß.txt"),)),
        ("text/plain; name*1=b; name*0=a", "text/plain", (("name", "ab"),)),
        ("text/plain (a comment); charset=us-ascii", "text/plain", (("charset", "us-ascii"),)),
        ('attachment; filename="=?utf-8?Q?=C3=A4.txt?="', "attachment", (("filename", "ä.txt"),)),
        ("text/plain charset=utf-8", "text/plain", (("charset", "utf-8"),)),
        ("", "", ()),
        (";;;===", "", ()),
    ],
)  # fmt: skip
def test_parameters(text, value, params):
    assert parse_value(text) == (value, params)


@pytest.mark.parametrize(
    ("data", "encoding", "decoded"),
    [
        (b"aGVsbG8=", "base64", b"hello"),
        (b"aGVs\nbG8", "base64", b"hello"),
        (b"aGVsbG8=\naGVsbG8=", "base64", b"hellohello"),
        (b"aG!Vs*bG8=", "base64", b"hello"),
        (b"a", "base64", b""),
        (b"a=3Db=\nc", "quoted-printable", b"a=bc"),
        (b"a=ZZ", "quoted-printable", b"a=ZZ"),
        (b"begin 644 x\n#86)C\n`\nend\n", "x-uuencode", b"abc"),
        (b"as it is", "7bit", b"as it is"),
        (b"as it is", "x-unheard-of", b"as it is"),
    ],
)
def test_transfer_encodings(data, encoding, decoded):
    assert decode(data, encoding) == decoded


@pytest.mark.parametrize(
    "charset",
    ["utf-8", "iso-2022-jp", "shift_jis", "euc-jp", "utf-16", "utf-16le", "utf-7", "gb18030"],
)
def test_japanese_in_any_charset(charset):
    assert decode_text("日本のメール".encode(charset), charset) == "日本のメール"


@pytest.mark.parametrize(
    ("text", "charset"),
    [("Доставка", "koi8-r"), ("Доставка", "windows-1251"), ("你好", "gb2312"), ("你好", "big5"), ("전달", "ks_c_5601-1987"),
     ("pošta", "iso-8859-2"), ("Zustellung für", "us-ascii"), ("Zustellung für", ""), ("Zustellung für", '"ISO-8859-1"')],
)  # fmt: skip
def test_charsets(text, charset):
    codec = {"us-ascii": "latin-1", "": "utf-8", '"ISO-8859-1"': "latin-1", "ks_c_5601-1987": "euc-kr"}.get(
        charset, charset
    )
    assert decode_text(text.encode(codec), charset) == text


@given(st.binary(max_size=300), st.sampled_from(["", "base64", "quoted-printable", "uuencode", "x"]))
def test_decoding_never_raises(data, encoding):
    assert isinstance(decode(data, encoding), bytes)


@given(
    st.binary(max_size=300), st.text(max_size=20) | st.sampled_from(["punycode", "idna", "zip", "hex", "utf-16", "hz"])
)
def test_text_never_raises(data, charset):
    assert isinstance(decode_text(data, charset), str)


@given(st.text(max_size=300))
def test_values_never_raise(text):
    parse_addresses(text)
    parse_address(text)
    parse_value(text)
    parse_date(text)
    assert not any(char in field_text(text.encode("utf-8", "replace")) for char in "\0\n\r\x1b\x85")


@given(st.text(alphabet='a@<>(),:;"\\ .[]é', max_size=60))
def test_addresses_have_no_brackets(text):
    for address in parse_addresses(text):
        assert address.domain == address.domain.lower()
        assert not set(address.domain) & set("<>(), ")


@given(
    st.from_regex(r'("[a\\ <]{0,3}"|[ab@=?é.\\]{0,6}) ?<?[a@=?.-]{1,4}@[aB.é_-]{1,5}>?[ .;]?', fullmatch=True)
    | st.text(alphabet='aB@<>(),:;"\\ .[]é=?', max_size=30)
)
def test_one_usual_address_is_read_as_any_other(text):
    assert parse_addresses(text) == parse_list(text)
