"""Who accepts: of all workers the one with the fewest clients first, so that connections which last are spread evenly.

Whoever the kernel wakes first would take them all, and one worker would do the work of two.
"""

from __future__ import annotations

from ndrfilter.service.columns import FIXED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.service.board import Board

_CONNECTIONS, _ACCEPTING = FIXED["connections",], FIXED["accepting",]


class Fellows:
    """The other workers, as the worker of that seat sees them on the board."""

    def __init__(self, board: Board, seat: int) -> None:
        self._mine = board.numbers(seat)
        self._others = tuple(board.numbers(number) for number in range(board.seats) if number != seat)

    def tell(self, connections: int, accepting: bool) -> None:
        """Let them know how many clients we have, and whether we take more."""
        self._mine[_CONNECTIONS] = connections
        self._mine[_ACCEPTING] = accepting

    @property
    def less_busy(self) -> bool:
        """Whether one of them takes clients and has fewer of them than we have."""
        mine = self._mine[_CONNECTIONS]
        return mine > 0 and any(other[_ACCEPTING] and other[_CONNECTIONS] < mine for other in self._others)
