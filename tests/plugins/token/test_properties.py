"""Whatever stands in the fields: garbage proves nothing, and whatever we send is known again."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SLOW = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
TOKENISH = st.text(alphabet="k1-0279abcxyzA.@<>= \t(),;", max_size=80).map(str.encode) | st.binary(max_size=60)


@SLOW
@given(st.lists(TOKENISH, min_size=1, max_size=4), TOKENISH)
def test_garbage_is_no_token(kit, ours, fields, name):
    clean = [value.translate(None, b"\r\n\0") for value in (*fields, name)]
    lines = b"".join(b"X-NDR-Token: " + value + b"\n" for value in clean[:-1])
    spam = (kit.SPAM % lines).replace(b"<666@spam.example>", b"<6.ndr-" + clean[-1] + b"@spam.example>")
    assert kit.judged(ours, kit.full(spam))[0] != "genuine"


@SLOW
@given(st.integers(1, 20_000))
def test_huge_values_are_looked_at_in_part(kit, ours, size):
    lines = (
        b"X-NDR-Token: "
        + kit.token_of(kit.letter()) * size
        + b"\n"
        + b"X-NDR-Token: %s\n" % kit.token_of(kit.letter()) * (size // 20)
    )
    assert kit.judged(ours, kit.full(kit.SPAM % lines))[0] != "genuine"


@SLOW
@given(
    st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.@\[\]:-]{1,60}", fullmatch=True),
    st.integers(0, 2**31),
    st.sampled_from([["header"], ["message-id"], ["header", "message-id"]]),
)
def test_whatever_we_send_is_known_again(kit, ours, local, name, date, places):
    from email.utils import formatdate

    author = f"{local}@example.com"
    raw = f"From: {author}\nDate: {formatdate(date)}\nMessage-ID: <{name}>\nSubject: x\n\nbody\n".encode()
    back = kit.full(kit.sent(raw, sender=None, **{"in": places}), to=author)
    assert kit.judged(ours, back, to=author) == kit.GENUINE
