"""What is allowed in a configuration, and probably not meant: the log says it when the service takes it into use."""

from __future__ import annotations

import os

from ndrfilter.adapters.database import NAME
from ndrfilter.adapters.state import Folder, default_folder
from ndrfilter.errors import TemporaryError
from ndrfilter.service.changes import certificates

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndrfilter.config import Config

REMEMBERING = frozenset(("batv", "dkim", "sent_log", "srs", "token"))
"""The bundled plugins that use the state folder: they count how often a proof is used, or keep what was sent."""

_NO_SITE = (
    "no site is configured: bounces are recognised and explained, but none is called backscatter or genuine; "
    "`ndrfilter config init` writes a configuration"
)
_MAKE_ONE = "make /var/lib/ndrfilter for the user who serves, or name another folder with `state:`"


def remarks(config: Config) -> Iterator[str]:
    """One sentence for each; to be asked as the user who serves, whose state folder is made if it is missing."""
    if not config.sites:
        yield _NO_SITE
    on = sorted(REMEMBERING & config.plugins)
    if on:
        try:
            Folder(config.state or default_folder()).file(NAME)
        except TemporaryError as error:
            yield f"nothing can be remembered for {', '.join(on)}: {error}; {_MAKE_ONE}"
    for path in dict.fromkeys(certificates(config)):
        if not os.access(path, os.R_OK):
            yield f"this user cannot read {path}: a new one is not taken before a restart"
