"""The token as text: how it is written, woven into a Message-ID, read again, and what the HMAC in it covers.

A token is `KEY-DAY-DATE-MAC`: the key's name; the day of issue, in days since the epoch; the message's Date, in seconds
since the epoch, base 36 (0: none that can be read); 120 bits of HMAC-SHA-256 in base 32, over these three, the address
in From, and the Message-ID without what is woven into it. Case does not matter: some servers change it.
"""

from __future__ import annotations

import re

from ndrfilter import limits
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.message.fields import Headers
    from ndrfilter.message.model import Address

DAY = 86_400
_MAC_BYTES = 15
_TOKEN = re.compile(r"(?<![\w-])([a-z0-9]{1,16})-([0-9]{1,6})-([0-9a-z]{1,8})-([a-z2-7]{24})(?![\w-])", re.I | re.A)
_WEAVE = ".ndr-"
_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_WEAVABLE = re.compile(rf"<({_ATOM}(?:\.{_ATOM})*)(@[^@<>\"]+>)\Z", re.A)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_DOMAIN = "ndrfilter token 1"


class Token(Noun):
    """A token as it was written, in lower case."""

    key: str
    day: int
    date: int
    mac: str = ""

    def __str__(self) -> str:
        return f"{self.key}-{self.day}-{_base36(self.date)}-{self.mac}"

    def covering(self, secret: bytes, author: Address, core: str) -> Token:
        """This token with the MAC that `secret` gives it for the address in From and the Message-ID."""
        import hmac
        from base64 import b32encode

        mailbox = f"{author.local.lower()}@{author.domain}"
        text = "\n".join((_DOMAIN, self.key, str(self.day), _base36(self.date), mailbox, core))
        digest = hmac.digest(secret, text.encode("utf-8", "surrogatepass"), "sha256")
        return self._replace(mac=b32encode(digest[:_MAC_BYTES]).decode().lower())

    def verifies(self, secret: bytes, author: Address, core: str) -> bool:
        """Whether that secret made it for that author and Message-ID; takes as long for the one answer as the other."""
        from hmac import compare_digest

        return compare_digest(self.mac, self.covering(secret, author, core).mac)


def tokens_in(text: str) -> tuple[Token, ...]:
    """The tokens in the text of a header field, at most `limits.MAX_TOKENS`."""
    found = _TOKEN.finditer(text[: limits.MAX_LINE].lower())
    return tuple(_token(match) for match, _ in zip(found, range(limits.MAX_TOKENS), strict=False))


def _token(match: re.Match[str]) -> Token:
    key, day, date, mac = match.groups()
    return Token(key, int(day), int(date, 36), mac)


def message_id_of(headers: Headers) -> str:
    """The Message-ID as it is signed: what stands in angle brackets, without blanks; else the field's whole text."""
    return canonical(headers.text("Message-ID"))


def canonical(text: str) -> str:
    """A Message-ID without blanks and without what stands around its angle brackets."""
    text = text[: 2 * limits.MAX_LINE]
    start, end = text.find("<"), text.rfind(">")
    return "".join((text[start : end + 1] if 0 <= start < end else text).split())


def unwoven(message_id: str) -> tuple[str, Token | None]:
    """The Message-ID without the token that is woven into it, and that token."""
    start = message_id.lower().rfind(_WEAVE)
    end = message_id.rfind("@")
    match = _TOKEN.fullmatch(message_id[start + len(_WEAVE) : end].lower()) if 0 <= start < end else None
    return (message_id[:start] + message_id[end:], _token(match)) if match else (message_id, None)


def woven(core: str, token: Token) -> str:
    """The Message-ID with the token in it, as unique and as well formed (RFC 5322) as before; empty where it cannot be.

    Only an id whose left part is made of plain atoms takes one, and only up to `limits.MAX_WOVEN_ID` characters.
    """
    match = _WEAVABLE.match(core)
    made = f"<{match[1]}{_WEAVE}{token}{match[2]}" if match and core.isascii() and core.isprintable() else ""
    return made if len(made) <= limits.MAX_WOVEN_ID else ""


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"
