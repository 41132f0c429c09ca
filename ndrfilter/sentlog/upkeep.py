"""Looking after the sent log: how much it holds, and forgetting.

Where absence counts, something forgotten must not look like something never sent. Of a message that was forgotten by
name the digest of its id stays until its time, and nothing else; after forgetting by time the coverage begins there.
"""

from __future__ import annotations

from ndrfilter.noun import Noun
from ndrfilter.sentlog.log import FORGOTTEN, SIZE, TABLE, Coverage, coverage, covered_since, key_of, time_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Protocol

    from ndrfilter.ports import Store

    class Keeper(Store, Protocol):
        """A store that can be looked through."""

        def items(self, table: str) -> Iterator[tuple[bytes, bytes, float]]:
            """Everything in that table."""

        def remove(self, table: str, pairs: Iterable[tuple[bytes, bytes]]) -> int:
            """Forget these values of these keys; how many there were."""


class Summary(Noun):
    """What there is. Times in seconds since the epoch, None where there is nothing."""

    messages: int
    copies: int  # a message has one for each recipient
    oldest: float | None
    newest: float | None
    coverage: Coverage | None


def summary(store: Keeper) -> Summary:
    """How much is in the log; raises TemporaryError."""
    messages, copies, before = 0, 0, b""
    oldest, newest = float("inf"), float("-inf")
    for key, value, _expires in store.items(TABLE):
        if len(value) != SIZE:
            continue
        messages, copies, before = messages + (key != before), copies + 1, key
        oldest, newest = min(oldest, time_of(value)), max(newest, time_of(value))
    if not copies:
        return Summary(0, 0, None, None, coverage(store))
    return Summary(messages, copies, oldest, newest, coverage(store))


def forget(store: Keeper, message_id: str) -> bool:
    """Forget the message with that id; whether it was there. Raises TemporaryError."""
    key = key_of(store, message_id)
    values = [value for value in store.values(TABLE, key) if len(value) == SIZE] if key else []
    if key and values:
        until = max(expires for other, _value, expires in store.items(TABLE) if other == key)
        store.add(TABLE, [(key, FORGOTTEN, until)])
        store.remove(TABLE, [(key, value) for value in values])
    return bool(values)


def forget_before(store: Keeper, time: float) -> int:
    """Forget everything that was sent before `time`; how many copies that were. Raises TemporaryError."""
    covered_since(store, time)
    old = ((key, value) for key, value, _ in store.items(TABLE) if len(value) == SIZE and time_of(value) < time)
    return store.remove(TABLE, old)
