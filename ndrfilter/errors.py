"""The exception tree, and the diagnostic: how we tell people what is wrong in what they wrote."""

from __future__ import annotations

from ndrfilter.noun import Noun


class Diagnostic(Noun):
    """One mistake in a rule, ruleset, list or configuration file.

    `code` is stable (for example "E101"; "W…" are warnings), `line` and `column` count from 1
    (0: no such place), `length` is the width of the span in characters, `source` the line it stands on.
    """

    code: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    length: int = 1
    source: str = ""
    help: str = ""

    @property
    def is_error(self) -> bool:
        """False for a warning."""
        return not self.code.startswith("W")


class NdrError(Exception):
    """Anything that ndrfilter raises on purpose."""


class UsageError(NdrError):
    """A command was called in a way it does not understand (exit code 2)."""


class ConfigError(NdrError):
    """A configuration, ruleset, list or rule file is wrong (exit code 2); carries every mistake found."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...] | list[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        super().__init__("; ".join(f"{d.file}:{d.line}: {d.message}" for d in self.diagnostics))


class RuleError(ConfigError):
    """Rule text that does not parse or does not check."""


class TemporaryError(NdrError):
    """Something that may work when tried again (exit code 75, EX_TEMPFAIL of sysexits)."""
