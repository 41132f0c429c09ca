"""Message-IDs that a bounce's text names in words, as some servers do where nothing else of the original comes back."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_LABELLED = re.compile(r"^[ \t>|]{0,20}(?:original-)?message-id[ \t]*:\s{0,9}(<[^<>\s]{1,998}>)", re.I | re.M)


def labelled_ids(text: str) -> Iterator[str]:
    """The ids in lines such as "Message-ID: <1@example.com>", with their angle brackets."""
    return (found[1] for found in _LABELLED.finditer(text))
