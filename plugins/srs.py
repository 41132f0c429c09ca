"""SRS: whether a bounce came to a sender address that our own forwarder wrote (Sender Rewriting Scheme).

A verified hash proves that *we forwarded* the message, not that anybody here wrote it. Hashes are those of postsrsd,
libsrs2 and Mail::SRS: the first characters, in any case, of base 64 of HMAC-SHA1 over what they cover in lower case.
"""

from __future__ import annotations

import os

from ndrfilter import limits
from ndrfilter.message.addresses import addresses_of
from ndrfilter.message.tags import SRS_DAYS, Srs, srs_of
from ndrfilter.noun import Noun
from ndrfilter.plugin import Evidence, FactSpec, Setting, SettingError, hookimpl
from ndrfilter.plugin.binding import bound
from ndrfilter.schema import BOOLEAN, enum, record
from ndrfilter.site import within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from ndrfilter.message.model import Address
    from ndrfilter.ports import Ports

NAME = "srs"
RESULTS = ("valid", "undated", "expired", "forged")  # the best first
_DAY = 86_400
_MIN_HASH = 4
_MIN_SECRET = 8


class Settings(Noun):
    """The plugin's section, checked. Without `domains` the site's own count."""

    secrets: tuple[bytes, ...]
    domains: tuple[str, ...]
    days: int
    hash_length: int
    uses: int


class Finding(Noun):
    """A rewritten address of ours, what it is worth, and whether the bounce came to it (else Return-Path has it)."""

    word: str
    address: Address
    srs: Srs
    in_envelope: bool


@hookimpl
def settings() -> Iterable[Setting]:
    """What the section may say."""
    yield Setting("secrets_file", "path", "the forwarder's secrets, one on a line, as postsrsd reads them")
    yield Setting("secrets", "texts", "the secrets themselves, where there is no file", ())
    yield Setting("domains", "domains", "the domains it writes into rewritten addresses; else those of the site", ())
    yield Setting("max_age", "duration", "how long a rewritten address is good", 21.0 * _DAY)
    yield Setting("hash_length", "number", "the shortest hash that is believed", float(_MIN_HASH))
    yield Setting("uses", "number", "how many bounces to one address are believed", 200.0)


@hookimpl
def configure(values: Mapping[str, Any]) -> Settings:
    """The section, checked; reads the secrets."""
    file: Path | None = values["secrets_file"]
    secrets = (*(_read(file) if file else ()), *(secret.encode() for secret in values["secrets"]))
    if not secrets:
        raise SettingError("secrets_file", "no secrets", "postsrsd's are in /etc/postsrsd.secret")
    if any(len(secret) < _MIN_SECRET for secret in secrets):
        raise SettingError("secrets_file", f"a secret of less than {_MIN_SECRET} octets", "a longer one, with postsrsd")
    if not _DAY <= values["max_age"] < SRS_DAYS * _DAY / 2:
        raise SettingError("max_age", "out of range", f"1d to {SRS_DAYS // 2 - 1}d; postsrsd's own is 21d")
    if not _MIN_HASH <= values["hash_length"] <= limits.MAX_SRS_HASH:
        raise SettingError("hash_length", "out of range", f"{_MIN_HASH} to {limits.MAX_SRS_HASH}")
    if values["uses"] < 1:
        raise SettingError("uses", "too small", "leave it out, or make it larger")
    days, length = int(values["max_age"] // _DAY), int(values["hash_length"])
    return Settings(secrets, tuple(values["domains"]), days, length, int(values["uses"]))


def _read(path: Path) -> tuple[bytes, ...]:
    try:
        with path.open("rb") as file:
            open_to_all = os.fstat(file.fileno()).st_mode & 0o006
            text = file.read(limits.MAX_CONFIG_FILE)
    except OSError as error:
        raise SettingError("secrets_file", f"cannot read {path}: {error.strerror}", "let our group read it") from None
    if open_to_all:
        raise SettingError("secrets_file", f"everybody can read {path}", f"chmod o= {path}")
    return tuple(line for line in text.splitlines() if line)


def hash_of(secret: bytes, covered: Iterable[str]) -> str:
    """The whole hash, of which an address has the first characters."""
    import hmac
    from base64 import b64encode

    # Lower case of ASCII letters alone, as C's tolower.
    text = b"".join(part.encode("utf-8", "surrogatepass").lower() for part in covered)
    return b64encode(hmac.digest(secret, text, "sha1")).decode().rstrip("=")


def check(srs: Srs, settings: Settings, now: float) -> str:
    """One of RESULTS for a rewritten address."""
    from hmac import compare_digest

    known, said = False, srs.hash.encode("utf-8", "surrogatepass").lower()
    if not settings.hash_length <= len(srs.hash) <= limits.MAX_SRS_HASH:
        return "forged"
    for secret in settings.secrets:
        known |= compare_digest(hash_of(secret, srs.covered)[: len(srs.hash)].lower().encode(), said)
    if not known:
        return "forged"
    if srs.day is None:
        return "undated"
    # The day of rewriting; a day ahead of ours is the forwarder's clock at midnight.
    age = (int(now // _DAY) + 1 - srs.day) % SRS_DAYS
    return "valid" if age <= settings.days + 1 else "expired"


def _findings(facts: Any) -> tuple[Finding, ...]:
    """What the bounce's recipients are worth, the worst first; or the returned Return-Path that we sent on already.

    The latter is for who is asked after the forwarder: there the bounce goes to the one whom it was forwarded for.
    """
    recipients = facts.envelope.recipients
    came = sorted(_judged(facts, recipients, True), key=lambda one: -RESULTS.index(one.word))
    if came:
        return tuple(came)
    headers = getattr(facts.fact("original"), "headers", None)
    paths = addresses_of(headers, "Return-Path")[:1] if headers else ()
    return tuple(one for one in _judged(facts, paths, False) if recipients == (one.srs.sender,))


def _judged(facts: Any, addresses: Iterable[Address], in_envelope: bool) -> Iterator[Finding]:
    settings: Settings = facts.settings(NAME)
    for address in addresses:
        srs = srs_of(address.local) if _is_ours(address.domain, settings, facts) else None
        if srs is not None:
            yield Finding(check(srs, settings, facts.now), address, srs, in_envelope)


def _is_ours(domain: str, settings: Settings, facts: Any) -> bool:
    if settings.domains:
        return any(within(domain, own) for own in settings.domains)
    owned: bool = facts.site.owns(domain)
    return owned


def result(facts: Any) -> str | None:
    """What the rewritten address is worth that the bounce came to, None if it came to none of ours."""
    return next((one.word for one in facts.once(_findings) if one.in_envelope), None)


def known(facts: Any) -> Finding | None:
    """The address that our forwarder did write, not too long ago; of several recipients all must be such."""
    found = facts.once(_findings)
    good = [one for one in found if one.word in ("valid", "undated")]
    whole = len(good) == len(facts.envelope.recipients)
    return good[0] if good and whole else None


def sender(facts: Any) -> Address | None:
    """Whom we forwarded for."""
    found = facts.once(known)
    return found.srs.sender if found else None


async def _binding(facts: Any, ports: Ports) -> str:
    found, settings = facts.once(known), facts.settings(NAME)
    if found is None:
        return ""
    block = "=".join(found.srs.covered).lower().encode("utf-8", "surrogatepass")
    owners = facts.envelope.recipients if found.in_envelope else (found.srs.sender,)
    return bound(
        facts, ports, block, plugin=NAME, sent=facts.now, max_age=(settings.days + 1) * _DAY, uses=settings.uses,
        owners=tuple(filter(None, owners)),
    )  # fmt: skip


def _is_proof(found: Finding) -> bool:
    return found.in_envelope and found.word == "valid"


async def _proof(facts: Any, ports: Ports) -> bool:
    found = facts.once(known)
    return found is not None and _is_proof(found) and await facts.aonce(_binding, ports) == "bound"


async def _trace(facts: Any, ports: Ports) -> bool:
    """Evidence short of proof: not counted, not dated, or standing in the Return-Path alone."""
    found = facts.once(known)
    if found is None:
        return False
    word = await facts.aonce(_binding, ports)
    return word == "uncounted" or (word == "bound" and not _is_proof(found))


@hookimpl
def declare() -> Iterable[FactSpec]:
    """The facts of SRS."""
    words, address = enum("srs", *RESULTS), record("address")
    proof = "we forwarded it: the bounce came to an address that our forwarder wrote, in time and among the first"
    trace = "we seem to have forwarded it: not counted, not dated, or in the original's Return-Path only"
    yield FactSpec(
        "srs.result", words, Evidence.STRUCTURE, "what the rewritten recipient is worth", result, optional=True
    )
    yield FactSpec("srs.forwarded", BOOLEAN, Evidence.PROOF, proof, afetch=_proof)
    yield FactSpec("srs.probable", BOOLEAN, Evidence.TRACE, trace, afetch=_trace)
    yield FactSpec("srs.sender", address, Evidence.STRUCTURE, "whom we forwarded it for", sender, optional=True)
