"""What may stand in a plugin's section of the configuration, and the nouns its values become."""

from __future__ import annotations

from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KINDS = ("text", "number", "boolean", "duration", "texts", "domains", "path", "keys")
MIN_SECRET = 16
"""Octets that a secret has at least."""


class Setting(Noun):
    """One key of a plugin's section.

    `kind` says what is written and what the plugin gets: text str; number float; boolean bool; duration ("7d", "12h")
    float, in seconds; texts and domains tuple[str, ...]; path pathlib.Path, from the configuration file's folder; keys
    tuple[Key, ...], written as {id: secret} or as the path of a key file, the one that signs first.
    """

    name: str
    kind: str
    doc: str
    default: Any = None
    required: bool = False


class Key(Noun):
    """A secret with the short name that stands in what it signed."""

    id: str
    secret: bytes


class SettingError(ValueError):
    """A mistake in the setting `name` of a plugin's section; `help` says what would be right."""

    def __init__(self, name: str, message: str, help: str = "") -> None:  # noqa: A002 - as in Diagnostic
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message
        self.help = help
