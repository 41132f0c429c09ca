"""How a BATV tag is made and checked, and on which addresses one can stand. Arithmetic alone: no facts, no state."""

from __future__ import annotations

from fnmatch import fnmatchcase

from ndrfilter.message.tags import PRVS_DAYS, srs_of, strip_tag
from ndrfilter.noun import Noun
from ndrfilter.site import within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.message.model import Address
    from ndrfilter.message.tags import Prvs
    from ndrfilter.plugin import Key

RESULTS = ("valid", "expired", "forged", "unknown-key", "untagged")  # the best first
_DAY = 86_400
_ROOM = 64 - len("prvs=KDDDSSSSSS=")  # RFC 5321 section 4.5.3.1.1


class Settings(Noun):
    """The plugin's section, checked. `since` is when all our mail began to leave with tags, None where nobody says."""

    keys: tuple[Key, ...]
    days: int
    uses: int
    since: float | None
    subaddress: str
    exempt_senders: tuple[str, ...]
    exempt_recipients: tuple[str, ...]


def signature(secret: bytes, key: str, day: int, address: str) -> str:
    """SSSSSS for that key number, day (modulo 1000) and untagged address."""
    import hmac

    return hmac.digest(secret, f"{key}{day:03}{address}".encode("utf-8", "surrogatepass"), "sha1").hex()[:6]


def check(prvs: Prvs, domain: str, settings: Settings, now: float) -> str:
    """One of RESULTS for a tag. Servers on the way may have put the local part into lower case, as RFC 5321 forbids."""
    from hmac import compare_digest

    secrets = [key.secret for key in settings.keys if key.id == prvs.key]
    if not secrets:
        return "unknown-key"
    known = False
    for local in dict.fromkeys((prvs.local, prvs.local.lower())):
        for secret in secrets:
            known |= compare_digest(signature(secret, prvs.key, prvs.day, f"{local}@{domain}"), prvs.signature)
    if not known:
        return "forged"
    # A day that has not come is one long past; one more than we sign for is the signer's clock at midnight.
    left = (prvs.day - int(now // _DAY)) % PRVS_DAYS
    return "valid" if left <= settings.days + 1 else "expired"


def tagged(address: Address, settings: Settings, now: float) -> str:
    """The address with our tag. It stays as it is written, and the tag holds whatever servers do to its case."""
    key, day = settings.keys[0], (int(now // _DAY) + settings.days) % PRVS_DAYS
    signed = signature(key.secret, key.id, day, f"{address.local.lower()}@{address.domain}")
    tag = f"prvs={key.id}{day:03}{signed}"
    if settings.subaddress:
        return f"{address.local}{settings.subaddress}{tag}@{address.domain}"
    return f"{tag}={address.local}@{address.domain}"


def can_bear(address: Address) -> bool:
    """Whether a tag can be put on: there is none, nothing to quote, and room in the 64 octets of a local part."""
    plain = address.text == f"{address.local}@{address.domain}" and strip_tag(address.local) == address.local
    return plain and srs_of(address.local) is None and len(address.local.encode("utf-8", "replace")) <= _ROOM


def listed(address: Address | None, entries: tuple[str, ...]) -> bool:
    """Whether one of the entries, addresses with stars or domains in lower case, means that address."""
    if address is None:
        return False
    text = f"{address.local}@{address.domain}".lower()
    return any(fnmatchcase(text, entry) if "@" in entry else within(address.domain, entry) for entry in entries)
