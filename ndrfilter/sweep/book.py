"""With whom the person writes: addresses and how often, as the Sent folder and ordinary mail tell."""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.message.addresses import domain_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ndrfilter.sweep.ledgerfile import LedgerFile

_SENT, _RECEIVED = "sent", "received"
_MAX_ADDRESS = 320  # characters (RFC 3696, erratum 1690)
_COUNT = "UPDATE address SET number = number + 1 WHERE kind = ? AND address = ?"
_ADD = "INSERT INTO address VALUES (?, ?, 1)"
_ALL = """SELECT address, sum(number * (kind = 'sent')), sum(number * (kind = 'received')) FROM address
    WHERE address > ? GROUP BY address ORDER BY address LIMIT ?"""


class Book:
    """A ledger's addresses, case folded. What comes when it is full is not kept. All methods raise TemporaryError."""

    def __init__(self, file: LedgerFile) -> None:
        self._file = file

    def sent(self, addresses: Iterable[str]) -> None:
        """The person wrote to each of these, once more."""
        self._note(_SENT, addresses)

    def received(self, addresses: Iterable[str]) -> None:
        """Each of these wrote to the person, once more."""
        self._note(_RECEIVED, addresses)

    def wrote_to(self, address: str) -> int:
        """How many messages the person sent there."""
        asked = "SELECT number FROM address WHERE kind = ? AND address = ?"
        found = self._file.read(asked, _SENT, folded(address))
        return int(found[0][0]) if found else 0

    def all(self) -> Iterator[tuple[str, int, int]]:
        """Every address with how many messages went there, and how many came from it; by the alphabet."""
        last = ""
        while page := self._file.read(_ALL, last, limits.SWEEP_PAGE):
            yield from page
            last = page[-1][0]

    def forget(self, *, sent: bool) -> None:
        """Forget whom the person wrote to, or else who wrote to the person: it is read anew."""
        with self._file.writing() as connection:
            connection.execute("DELETE FROM address WHERE kind = ?", (_SENT if sent else _RECEIVED,))

    def _note(self, kind: str, addresses: Iterable[str]) -> None:
        with self._file.writing() as connection:
            asked = "SELECT count(*) FROM address WHERE kind = ?"
            room = limits.MAX_SWEEP_ADDRESSES - connection.execute(asked, (kind,)).fetchone()[0]
            for address in filter(None, map(folded, addresses)):
                if not connection.execute(_COUNT, (kind, address)).rowcount and room > 0:
                    connection.execute(_ADD, (kind, address))
                    room -= 1


def folded(address: str) -> str:
    """The address as the book has it; empty for what is none."""
    local, _, domain = address.strip().rpartition("@")
    found = f"{local.casefold()}@{domain_of(domain)}"
    usable = local and not found.endswith("@") and len(found) <= _MAX_ADDRESS and found.isprintable()
    return found if usable else ""
