"""Why a listener cannot be had, before it is known where in the configuration it stands."""

from __future__ import annotations

from ndrfilter.errors import Diagnostic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.config import Config


class ListenError(Exception):
    """One mistake of one listener; `key` is the option that is wrong, empty for the address."""

    def __init__(self, code: str, message: str, advice: str = "", key: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.advice = advice
        self.key = key

    def diagnostic(self, config: Config, number: int) -> Diagnostic:
        """The mistake with its place, of the listener of that number."""
        address = f"listen[{number}].{config.listen[number].door}"
        place = config.origin(f"listen[{number}].{self.key}") if self.key else config.origin(address)
        return Diagnostic(self.code, self.message, *place, help=self.advice)
