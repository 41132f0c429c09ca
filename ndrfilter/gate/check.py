"""Whether a message's gate is closed: a look at its raw header by a plan. It needs nothing but built-in functions.

It imports nothing: a launcher may run it before anything else is there. Whatever is not a clean header of plain
fields opens the gate, and so does every text that is not plain ASCII, unless `text_of` reads it.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_HEADER = 60_000
MAX_LINES = 1_900
_NAME = bytes(code for code in range(33, 127) if code != 58)
_SPACED = bytes(32 if code < 32 or code == 127 else code for code in range(256))
_ODD = frozenset('",;:()[]\\<> /')


def closed(raw: bytes, plan: "Any", sender: "str | None" = None, text_of: "Any" = None) -> bool:
    """True if no condition of the plan can hold: then this is no returned mail, and no rule toward fake speaks.

    `raw` is the message, `plan` what `plan.plan_of` made, `sender` the envelope sender: None if nobody told it, "" or
    "<>" for the null one. `text_of(bytes) -> str` decodes a field's value (RFC 2047).
    """
    mail = mail_of(raw, plan, sender, text_of)
    if mail is None:
        return False
    table = plan[3]
    for name in table.keys() & mail[0][0].keys():
        if holds(table[name], mail):
            return False
    return not holds(plan[4], mail)


def mail_of(raw: bytes, plan: "Any", sender: "str | None" = None, text_of: "Any" = None) -> "Any":
    """What is asked about this mail; None if its header is not clean."""
    fields = _fields(raw, plan[1])
    return None if fields is None else (fields, raw, sender, text_of, {}, plan[2], [None] * len(plan[2]))


def _end(raw: bytes) -> int:
    """Where the line end is behind which the header's blank line stands; -1 if that is not near."""
    end = raw.find(b"\n\n", 0, MAX_HEADER)
    windows = raw.find(b"\n\r\n", 0, MAX_HEADER if end < 0 else end)
    return windows if windows >= 0 else end


def _fields(raw: bytes, beginnings: "Any") -> "Any":
    """The first and the last value of each field by lower-case name, unfolded; None if the header is not clean."""
    end = _end(raw)
    if end < 0:
        return None
    head = raw[: end + 1].replace(b"\r\n", b"\n")[:-1]
    if b"\r" in head or b"\n \n" in head or b"\n\t\n" in head or head[-2:] in (b"\n ", b"\n\t"):
        return None
    mailbox = head.startswith(b"From ")
    if mailbox:
        line, _, head = head.partition(b"\n")
        if line[5:].lstrip().startswith(b":"):
            return None
    lines = head.replace(b"\n ", b" ").replace(b"\n\t", b" ").split(b"\n")
    pairs = [line.split(b":", 1) for line in lines]
    if len(lines) > MAX_LINES or min(map(len, pairs)) < 2:
        return None
    names = b"\n".join([pair[0] for pair in pairs]).lower().split(b"\n")
    values = [pair[1] for pair in pairs]
    first, last = dict(zip(names[::-1], values[::-1])), dict(zip(names, values))  # noqa: B905 (as many)
    if b"" in first or max(map(len, first)) > 200 or b"".join(first).translate(None, _NAME):
        return None
    if mailbox and names[0] not in beginnings:
        return None
    return first, last


def holds(number: int, mail: "Any") -> "Any":
    """Whether the sign of that number may hold of this mail."""
    known = mail[6][number]
    if known is None:
        known = mail[6][number] = _asked(mail[5][number], mail)
    return known


def _asked(sign: "Any", mail: "Any") -> "Any":
    if sign is True or sign is False:
        return sign
    word = sign[0]
    if word == "or":
        for part in sign[1]:  # noqa: SIM110 (a generator costs more)
            if holds(part, mail):
                return True
        return False
    if word == "and":
        for part in sign[1]:  # noqa: SIM110
            if not holds(part, mail):
                return False
        return True
    if word in _OTHER:
        return _OTHER[word](sign, mail)
    if word == "has":
        return not mail[0][0].keys().isdisjoint(sign[1:])
    if sign[1] not in mail[0][0]:
        return word == "lacks"
    if word == "lacks":
        return False
    if word == "part":
        parts = _kept(mail, (sign[1],), _address)
        return parts is None or (parts != () and _shows(sign[3], parts[sign[2]]))
    text = _kept(mail, sign[1], _text) if word == "text" else _kept(mail, (sign[1], "last"), _last)
    return text is None or _shows(sign[2], text)


def _kept(mail: "Any", key: "Any", work: "Any") -> "Any":
    """`work(mail, key)`, worked out once."""
    if key not in mail[4]:
        mail[4][key] = work(mail, key)
    return mail[4][key]


def _text(mail: "Any", name: bytes) -> "str | None":
    """The first field's text, case-folded; None if it cannot be read here."""
    return _read(mail[0][0][name], mail)


def _last(mail: "Any", key: "Any") -> "str | None":
    return _read(mail[0][1][key[0]], mail)


def _read(value: bytes, mail: "Any") -> "str | None":
    if value.isascii() and (b"=?" not in value or b"?=" not in value):
        return value.translate(_SPACED).decode("ascii").casefold().strip()
    return mail[3](value).casefold() if mail[3] is not None else None


def sender_parts(sender: str) -> "Any":
    """The envelope sender's local part, domain and whole; None if it is no plain address, as the null sender is not."""
    return _plain(sender.strip().removeprefix("<").removesuffix(">").casefold())


def _envelope(sign: "Any", mail: "Any") -> "Any":
    """What holds of the envelope's sender; one that is no plain address may be anything."""
    word, sender = sign[0], mail[2]
    if sender is None:
        return word == "untold"
    parts = sender_parts(sender)
    if parts is None:
        return word != "untold"
    return word == "sender" and _shows(sign[2], parts[sign[1]])


def _address(mail: "Any", key: "Any") -> "Any":
    first, last = mail[0]
    value = first[key[0]]
    return address_in(value) if value is last[key[0]] else None


def address_in(value: bytes) -> "Any":
    """Local part, domain and whole of a field's address; () if it holds none, None unless it is of a plain shape."""
    text = value.translate(_SPACED).decode("latin-1").casefold().strip()  # what is told apart here is ASCII
    if "@" not in text and "<" not in text and "=?" not in text:
        return ()
    before, angle, rest = text.partition("<")
    if angle:
        address, angle, _ = rest.partition(">")
        before = before.strip()
        quoted = len(before) > 1 and before[0] == before[-1] == '"' and before.count('"') == 2 and "\\" not in before
        if not angle or not (quoted or _ODD.isdisjoint(before.replace(" ", ""))):
            return None
        return _plain(address)
    address, _, rest = text.partition(" ")
    rest = rest.strip()
    if rest and not (rest[0] == "(" and rest[-1] == ")" and _ODD.isdisjoint(rest[1:-1].replace(" ", ""))):
        return None
    return _plain(address)


def _plain(address: str) -> "Any":
    """The address in its parts; None if anything about it is unusual."""
    local, _, domain = address.partition("@")
    domain = domain.rstrip(".")
    if not local or not domain or "@" in domain or not _ODD.isdisjoint(address) or not address.isascii():
        return None
    return (local, domain, local + "@" + domain) if address.isprintable() and len(address) < 900 else None


def _shows(tree: "Any", text: str) -> "Any":
    """Whether the text shows what the tree wants."""
    if tree.__class__ is str:
        return tree in text
    if tree is True or tree is False:
        return tree
    word = tree[0]
    if word == "or":
        if any(map(text.__contains__, tree[1])):
            return True
        for part in tree[2]:  # noqa: SIM110
            if _shows(part, text):
                return True
        return False
    if word == "and":
        if not all(map(text.__contains__, tree[1])):
            return False
        for part in tree[2]:  # noqa: SIM110
            if not _shows(part, text):
                return False
        return True
    if word == "begins":
        return text.startswith(tree[1])
    return not text.encode("utf-8", "replace").translate(None, tree[1])


def _has_type(sign: "Any", mail: "Any") -> bool:
    """Whether a MIME part may be of a type that ends so."""
    shown = _kept(mail, None, _types)
    return shown.startswith(b"=?") or any(map(shown.__contains__, sign[1:]))


def _types(mail: "Any", _key: None) -> bytes:
    return types_in(mail[0][0].get(b"content-type", b"").lower(), mail[1])


def types_in(value: bytes, raw: bytes) -> bytes:
    """Bytes in which the types of all parts show, lower case; they begin with `=?` where a type may be encoded."""
    if b"=?" in value.partition(b";")[0]:
        return b"=?"
    if b"multipart" not in value:
        return value
    shown = b" ".join([piece.partition(b";")[0] for piece in raw.lower().split(b"content-type")[1:]])
    return b"=?" + shown if b"=?" in shown else shown


_OTHER = {"null": _envelope, "untold": _envelope, "sender": _envelope, "type": _has_type}
