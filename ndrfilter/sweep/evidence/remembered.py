"""What earlier sweeps found out about a person, for who has one message and no mailbox at hand."""

from __future__ import annotations

from contextlib import suppress

from ndrfilter.sweep.evidence.profile import load
from ndrfilter.sweep.mailbox import PlaceError
from ndrfilter.sweep.state import account_folders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from ndrfilter.sweep.evidence.profile import Profile


def remembered(address: str) -> tuple[Profile, Path] | None:
    """The profile with that address that a sweep made and the person agreed to, and its folder; None without one."""
    for folder in account_folders():
        with suppress(PlaceError):
            found = load(folder)
            if found is not None and found.confirmed is not None and address.strip().lower() in found.addresses:
                return found, folder
    return None
