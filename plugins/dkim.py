"""DKIM (RFC 6376) of the original: did one of our keys sign what came back, be it whole or the header alone?

A signature proves that we signed this header once. It is proof about *this* bounce only where the bounce goes to the
message's own author, soon enough, and among the first that carry it: see `ndrfilter.plugin.binding`. The work is done
in the modules `_dkim_…` beside this one, imported when there is something to verify.
"""

from __future__ import annotations

from ndrfilter.plugin import Evidence, FactSpec, FieldSpec, RecordSpec, Setting, SettingError, Unknown, hookimpl
from ndrfilter.schema import BOOLEAN, DOMAIN, STRING, TIME, enum, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from ndrfilter.ports import Ports

    from ._dkim_judge import Settings

_DAY = 86_400.0
_COVERS = enum("dkim_covers", "whole", "header")
_STANDING = enum(
    "dkim_standing", "bound", "shared", "uncounted", "unaddressed", "testing", "other-addressee", "too-old", "overused"
)
_PROVED = frozenset({"bound"})
_ONCE = frozenset({"shared", "uncounted", "unaddressed", "testing"})
_ASTRAY = frozenset({"other-addressee", "too-old", "overused"})
_SIGNATURE = RecordSpec(
    "dkim_signature",
    (
        FieldSpec(
            "covers", _COVERS, "whole: header and body; header: the body did not come back, or came back changed"
        ),
        FieldSpec("domain", DOMAIN, "the domain that signed (d=)"),
        FieldSpec("selector", STRING, "the selector of its key (s=)"),
        FieldSpec("standing", _STANDING, "what the signature is worth for this bounce"),
        FieldSpec("sent", TIME, "when it was signed"),
    ),
    "a DKIM signature of ours that verified",
    default="covers",
)


@hookimpl
def settings() -> Iterable[Setting]:
    """All of them may be left out."""
    yield Setting("archive", "path", "a folder of retired keys: files SELECTOR._domainkey.DOMAIN")
    yield Setting("max_age", "duration", "how old the original may be", 30 * _DAY)
    yield Setting("uses", "number", "how many bounces of one message are believed", 25.0)
    yield Setting("signers", "domains", "domains that sign for all of ours too, such as a provider's", ())
    yield Setting("senders", "texts", "addresses that bounces of all our mail go to", ())


@hookimpl
def configure(values: Mapping[str, Any]) -> Settings:
    """Read the archive, check the rest."""
    from ndrfilter.message.addresses import parse_address

    from ._dkim_judge import Settings
    from ._dkim_keys import archive

    uses, max_age = values["uses"], values["max_age"]
    if uses < 1 or uses != int(uses):
        raise SettingError("uses", f"{uses:g} is no number of bounces", "a whole number from 1 on")
    if max_age <= 0:
        raise SettingError("max_age", "no message is younger than that", 'a duration such as "30d"')
    senders = tuple(address for text in values["senders"] if (address := parse_address(text)) and address.domain)
    if len(senders) < len(values["senders"]):
        raise SettingError("senders", "not all of them are addresses", "for example [bounces@example.com]")
    return Settings(archive(values["archive"]), max_age, int(uses), tuple(values["signers"]), senders)


def _found(standing: frozenset[str]) -> Any:
    async def fetch(facts: Any, ports: Ports) -> Any:
        from ._dkim_judge import judged

        found = await facts.aonce(judged, ports)
        return found if found is None or isinstance(found, Unknown) or found.standing in standing else None

    return fetch


def unsigned(facts: Any) -> Any:
    """Whether a message of ours came back with its whole header and without a signature of ours; None: cannot tell."""
    from ._dkim_unsigned import speaks_of, whole

    original, author = facts.fact("original"), facts.fact("original.author")
    for value in (original, author):
        if value is None or isinstance(value, Unknown):
            return value
    if not facts.site.owns(author.domain) or not whole(original):
        return None
    return not speaks_of(original.headers, (*facts.site.domains, *facts.settings("dkim").signers))


@hookimpl
def declare() -> Iterable[FactSpec | RecordSpec]:
    """One verification, three facts of it; and that there was nothing to verify."""
    yield _SIGNATURE
    for name, evidence, standing, doc in (
        ("proof", Evidence.PROOF, _PROVED, "our signature on the original, and the bounce is one that it can cause"),
        (
            "signed",
            Evidence.TRACE,
            _ONCE,
            "our signature, but nothing tells whether the bounce is one that it can cause",
        ),
        ("replayed", Evidence.TRACE, _ASTRAY, "our signature on a bounce to somebody else, on too many, or too late"),
    ):
        type_ = record(_SIGNATURE.name)
        yield FactSpec(f"dkim.{name}", type_, evidence, doc, afetch=_found(standing), optional=True)
    doc = "the original's whole header came back, and no signature of ours is in it"
    yield FactSpec("dkim.unsigned", BOOLEAN, Evidence.TRACE, doc, unsigned, optional=True, needs_complete="signing")
