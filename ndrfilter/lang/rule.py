"""What comes out of the language: compiled rules, their tests, the program. Cheap to import."""

from __future__ import annotations

from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

    from ndrfilter.errors import Diagnostic
    from ndrfilter.lang.lists import NamedList
    from ndrfilter.schema import Evidence, Reason, Recogniser


class Source(Noun):
    """One rule text. `name` is what diagnostics say; `folder` is where its imports, lists and test mails lie."""

    name: str
    text: str
    folder: Path | None = None


class Rule(Noun):
    """A compiled rule.

    `condition(scope)` gives True, False or an Unknown and never raises; the scope answers `fact(name)`, `rule(name)`
    and `list(name)`, and may have a `memo`, a dict in which lets keep what they came to for this message.
    `describe(scope)` gives the filled-in description, without control characters. `facts` are all facts it may ask,
    through lets and other rules too; `references` the rules it asks itself. `needs_complete` are the completeness
    marks without which a hit is no evidence. `trace(scope)` gives the source text of each part, those of its lets
    behind the let's name, with what it came to: True, False, None, an Unknown, or words for any other value.
    `expires` is in seconds since the epoch.
    """

    name: str
    place: str
    condition: Callable[[Any], Any]
    describe: Callable[[Any], str]
    toward: str
    score: float
    exempt: str
    group: str
    tags: tuple[str, ...]
    evidence: Evidence
    facts: frozenset[str]
    references: frozenset[str]
    needs_complete: frozenset[str]
    mode: str
    replaces: tuple[str, ...]
    expires: float | None
    because: str
    describe_source: str
    when_text: str
    trace: Callable[[Any], list[tuple[str, Any]]]


class World(Noun):
    """The world of a test: what each part of that name said; None where it said nothing.

    `sent` has lines `MESSAGE-ID RECIPIENT…`: what the sent log holds, by the bounce's recipient.
    """

    site: Mapping[str, Any] | None = None
    envelope: Mapping[str, Any] | None = None
    zone: str | None = None
    sent: str | None = None
    plugins: Mapping[str, Any] | None = None
    time: float | None = None

    def over(self, base: World) -> World:
        """This world, and what `base` says where this one says nothing."""
        said = {part: value for part, value in self._asdict().items() if value is not None}
        return base._replace(**said)


class RuleTest(Noun):
    """A test that stands beside a rule or recogniser (`subject`).

    `message` is the mail itself, or the path of a file. `own` is what the test says of its world, and `base` names the
    World that fills what it leaves out, "" for the default one. `expectations` are pairs such as ("hit", ""),
    ("verdict", "genuine"), ("recipient", "a@example.com").
    """

    subject: str
    title: str
    message: bytes | Path
    own: World
    base: str
    expectations: tuple[tuple[str, str], ...]
    place: str


class Program(Noun):
    """Everything that the sources say. Recognisers are sorted, the first to ask in front; `groups` are caps by name.

    `lists` has the lists by the names under which conditions ask the scope for them.
    """

    rules: tuple[Rule, ...]
    recognisers: tuple[Recogniser, ...]
    reasons: tuple[Reason, ...]
    groups: dict[str, float]
    worlds: dict[str, World]
    tests: tuple[RuleTest, ...]
    lists: dict[str, NamedList]
    warnings: tuple[Diagnostic, ...]
