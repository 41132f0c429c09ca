"""What is allowed in a configuration, and probably not meant: the log says it when the service takes it into use."""

from __future__ import annotations

from ndrfilter.adapters.database import NAME
from ndrfilter.adapters.state import Folder, default_folder
from ndrfilter.errors import TemporaryError

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


def remarks(config: Config) -> Iterator[str]:
    """One sentence for each; to be asked as the user who serves, whose state folder is made if it is missing."""
    if not config.sites:
        yield _NO_SITE
    on = sorted(REMEMBERING & config.plugins)
    if on:
        try:
            Folder(config.state or default_folder()).file(NAME)
        except TemporaryError as error:
            yield f"nothing can be remembered for {', '.join(on)}: {error}"
