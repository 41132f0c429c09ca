"""Token: an HMAC over From, Date and Message-ID that we put on what we send and know again in whatever comes back.

It stands in a header field of its own, is woven into the Message-ID, or both; `_token_form` says how it looks. Where a
Message-ID is all that came back, the token in it holds the Date, and From is whom the bounce went to.
"""

from __future__ import annotations

import re

from ndrfilter.message.addresses import addresses_of, parse_address
from ndrfilter.message.dates import parse_date
from ndrfilter.message.tags import srs_of
from ndrfilter.noun import Noun
from ndrfilter.plugin import Evidence, FactSpec, Setting, SettingError, Stamp, hookimpl
from ndrfilter.plugin.binding import bound
from ndrfilter.schema import BOOLEAN, enum

from ._token_back import NAME, STATES, finding, missing
from ._token_form import DAY, Token, message_id_of, unwoven, woven

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from ndrfilter.message.model import Address
    from ndrfilter.plugin import Outgoing
    from ndrfilter.ports import Ports

_PLACES = ("header", "message-id")


class Settings(Noun):
    """The plugin's section, checked. `secrets` by the key's name in lower case; `key` is the one that signs."""

    key: str
    secrets: Mapping[str, bytes]
    header: str
    places: tuple[str, ...]
    expires: float
    uses: int


@hookimpl
def settings() -> Iterable[Setting]:
    """What the section may say."""
    yield Setting("keys", "keys", "the secrets, {NAME: SECRET} or a key file; the first signs", required=True)
    yield Setting("in", "texts", "where the token is put: header, message-id", ("header",))
    yield Setting("header", "text", "the header field that carries it", "X-NDR-Token")
    yield Setting("expires", "duration", "how long after its day of issue a token is good", 45.0 * DAY)
    yield Setting("uses", "number", "how many bounces about one message are believed", 20.0)


@hookimpl
def configure(values: Mapping[str, Any]) -> Settings:
    """The section, checked."""
    places, header, keys = values["in"], values["header"], values["keys"]
    secrets = {key.id.lower(): key.secret for key in keys}
    if len(secrets) < len(keys):
        raise SettingError("keys", "two names differ only in upper and lower case", "letters count in either case here")
    if not places or set(places) - set(_PLACES):
        raise SettingError("in", f"no such place: {', '.join(places)}", f"choose from {', '.join(_PLACES)}")
    if not re.fullmatch(r"x-[a-z0-9-]{1,60}", header, re.I) or header.lower() in ("x-ndr-status", "x-ndr-reason"):
        raise SettingError("header", f'"{header}" cannot be the field', "a name of your own that begins with X-")
    for name, least in (("expires", DAY), ("uses", 1)):
        if values[name] < least:
            raise SettingError(name, "too small", "at least 1d" if name == "expires" else "at least 1")
    return Settings(keys[0].id.lower(), secrets, header, places, values["expires"], int(values["uses"]))


@hookimpl
def stamp(outgoing: Outgoing, settings: Settings) -> Stamp | None:
    """The token for a message of ours; None for bounces, for mail that is only forwarded, and for mail without From.

    What lacks Date or Message-ID gets them, as a submission server may add them (RFC 6409 section 8): they are what a
    token holds on to. Mail that lacks them and is DKIM-signed already is left alone.
    """
    headers = outgoing.message.headers
    author = next(iter(addresses_of(headers, "From")), None)
    domain = _our_domain(outgoing, author)
    if author is None or outgoing.sender == "" or not domain:
        return None
    dated, named = bool(headers.text("Date").strip()), message_id_of(headers)
    if not (dated and named) and "DKIM-Signature" in headers:
        return None
    core = unwoven(named)[0] if named else _new_id(outgoing, domain)
    date = (parse_date(headers.text("Date")) or 0.0) if dated else outgoing.now
    plain = Token(settings.key, int(outgoing.now // DAY), max(0, int(date)))
    token = plain.covering(settings.secrets[settings.key], author, core)
    inside = woven(core, token) if "message-id" in settings.places else ""
    return Stamp(
        fields=(() if dated else (("Date", _in_words(outgoing.now)),))
        + (((settings.header, str(token)),) if "header" in settings.places or not inside else ()),
        message_id=inside or ("" if named else core),
        remove=(settings.header,) if dated else (settings.header, "Date"),
    )


def _our_domain(outgoing: Outgoing, author: Address | None) -> str:
    """The domain by which the message is ours; empty for mail of others, also where we rewrote its sender (SRS)."""
    sender = parse_address(outgoing.sender or "")
    asked = (author, sender if sender is not None and srs_of(sender.local) is None else None)
    return next((one.domain for one in asked if one is not None and outgoing.site.owns(one.domain)), "")


def _new_id(outgoing: Outgoing, domain: str) -> str:
    from hashlib import sha256

    digest = sha256(outgoing.message.raw + b"%f" % outgoing.now).hexdigest()
    return f"<{int(outgoing.now)}.{digest[:24]}@{domain}>"


def _in_words(now: float) -> str:
    from email.utils import formatdate

    return formatdate(now)


async def _binding(facts: Any, ports: Ports) -> str:
    """The binding's word on a token that is valid in itself, else "expired" or nothing."""
    found, settings = finding(facts), facts.settings(NAME)
    if found is None or found.author is None or found.state != "valid":
        return "expired" if found is not None and found.state == "expired" else ""
    return bound(
        facts, ports, found.token.mac.encode(),
        plugin=NAME, sent=(found.token.day + 1) * DAY - 1.0, max_age=settings.expires, uses=settings.uses,
        owners=(found.author,),
    )  # fmt: skip


async def _proof(facts: Any, ports: Ports) -> Any:
    word, found = await facts.aonce(_binding, ports), finding(facts)
    return found.place if found and word == "bound" and found.place != "text" else None


async def _valid(facts: Any, ports: Ports) -> Any:
    word, found = await facts.aonce(_binding, ports), finding(facts)
    if found and word == "bound":
        return "text" if found.place == "text" else None
    return word if word in ("shared", "uncounted", "unaddressed") else None


async def _spent(facts: Any, ports: Ports) -> Any:
    word = await facts.aonce(_binding, ports)
    return word if word in ("expired", "too-old", "overused", "other-addressee") else None


def _state(facts: Any) -> Any:
    found = finding(facts)
    return found.state if found else None


@hookimpl
def declare() -> Iterable[FactSpec]:
    """What rules may ask about tokens."""
    states, places = enum("token state", *STATES), enum("token place", "header", "message-id", "reference")
    yield FactSpec("token.state", states, Evidence.STRUCTURE,
                   "what the token that came back is in itself, whoever brings it", _state, optional=True)  # fmt: skip
    yield FactSpec("token.proof", places, Evidence.PROOF,
                   "a token of ours came back to whom it was made for, in time and not too often; where it stood",
                   afetch=_proof, optional=True)  # fmt: skip
    yield FactSpec("token.valid", enum("token doubt", "shared", "uncounted", "unaddressed", "text"), Evidence.TRACE,
                   "a token of ours, and why it is less than proof: a bounce to others too, uses that cannot be "
                   "counted, a bounce to nobody knows whom, a place in the text",
                   afetch=_valid, optional=True)  # fmt: skip
    yield FactSpec("token.spent", enum("token end", "expired", "too-old", "overused", "other-addressee"),
                   Evidence.STRUCTURE, "a token of ours that proves nothing any more, and why",
                   afetch=_spent, optional=True)  # fmt: skip
    yield FactSpec("token.missing", BOOLEAN, Evidence.TRACE,
                   "the whole header of mail in our name came back, without a token that verifies",
                   missing, needs_complete="signing")  # fmt: skip
