"""The resolver port over DNS: cached by TTL, asked once by all who ask together, with a budget for each message."""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from pathlib import Path

from ndrfilter import limits
from ndrfilter.errors import TemporaryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable
    from typing import Any

    from dns.name import Name

    from ndrfilter.adapters.dnsnet import Server
    from ndrfilter.adapters.dnswire import Answer
    from ndrfilter.ports import Resolver

    Key = tuple[str, str]
    Records = tuple[str, ...]
    # Its records, or why there are none: a value, since nobody may be left to hear an exception.
    Outcome = Records | TemporaryError

_MAX_SERVERS = 3  # as resolv.conf(5) has it
_SERVER = re.compile(
    r"\[(?P<inside>[^]]+)\](:(?P<port6>\d+))?|(?P<plain>[\d.]+)(:(?P<port>\d+))?|[0-9a-fA-F:.]+(%\w+)?"
)
_RESOLV_CONF = Path("/etc/resolv.conf")


class _Tally:
    """What this process asked name servers since it began: questions that no cache answered, and those in vain."""

    __slots__ = ("failures", "questions")

    def __init__(self) -> None:
        self.questions = self.failures = 0


TALLY = _Tally()


class DnsResolver:
    """Asks the given recursive servers ("192.0.2.53", "127.0.0.1:5353", "[::1]:53"), or those of the system.

    `timeout` is what one question may take, in seconds, all servers and attempts together. May be shared by threads
    and event loops. Raises ValueError for what is no server.
    """

    def __init__(
        self, nameservers: tuple[str, ...] = (), port: int = 53, timeout: float = limits.DNS_QUERY_TIMEOUT
    ) -> None:
        self._servers = tuple(server(text, port) for text in nameservers)
        self._timeout = timeout
        self._port = port
        self._cache = _Cache()
        self._together = _Together()

    async def query(self, name: str, rdtype: str) -> Records:
        """See `ports.Resolver`; an answer is kept as long as its TTL says, an hour at most."""
        key = _key(name, rdtype)
        kept = self._cache.get(key)
        return kept if kept is not None else await self._together.outcome(key, lambda: self._resolve(key))

    async def _resolve(self, key: Key) -> Outcome:
        from ndrfilter.adapters import dnswire

        try:
            name = dnswire.domain(key[0])
        except ValueError:
            return ()  # such a name cannot exist
        TALLY.questions += 1
        try:
            answer = await self._ask(name, key[1])
        except dnswire.WireError as error:
            TALLY.failures += 1
            return TemporaryError(f"DNS {key[1]} {key[0]}: {error}")
        self._cache.put(key, answer.records, answer.ttl)
        return answer.records

    async def _ask(self, name: Name, rdtype: str) -> Answer:
        """The answer of the first server that has one.

        Who is silent, or objects, is asked once more without EDNS, which some servers and firewalls do not bear
        (RFC 6891). Each attempt gets an equal share of the time that is left.
        """
        import asyncio

        from dns.message import make_query

        from ndrfilter.adapters import dnsnet, dnswire

        loop = asyncio.get_running_loop()
        end = loop.time() + self._timeout
        failure: Exception = dnswire.WireError("no server to ask")
        self._servers = self._servers or system_servers(self._port)
        attempts = [(one, edns) for edns in (True, False) for one in self._servers]
        while attempts:
            share = (end - loop.time()) / len(attempts)
            where, edns = attempts.pop(0)
            asked = make_query(name, rdtype, use_edns=edns)
            try:
                async with asyncio.timeout(share):
                    return dnswire.read(await dnsnet.exchange(where, asked))
            except TimeoutError:
                failure = dnswire.WireError("timeout")
            except OSError as error:
                failure = dnswire.WireError(error.strerror or str(error))
            except dnswire.WireError as error:
                failure = error
                if not str(error).startswith(("FORMERR", "NOTIMP")):
                    attempts = [attempt for attempt in attempts if attempt[0] != where]
        raise failure


class Budgeted:
    """One message's share of a resolver, within one event loop.

    It asks each question once, at most `questions` of them, and raises TemporaryError for any beyond.
    """

    def __init__(self, resolver: Resolver, questions: int = limits.MAX_DNS_QUERIES) -> None:
        self._resolver = resolver
        self._left = questions
        self._together = _Together(remember=True)

    async def query(self, name: str, rdtype: str) -> Records:
        """See `ports.Resolver`."""
        key = _key(name, rdtype)
        return await self._together.outcome(key, lambda: self._resolve(key))

    async def _resolve(self, key: Key) -> Outcome:
        if self._left <= 0:
            return TemporaryError("this message's budget of DNS questions is spent")
        self._left -= 1
        try:
            return await self._resolver.query(*key)
        except TemporaryError as error:
            return error


class _Together:
    """Asks once for all who want the same at the same time; who goes away breaks nothing for the others.

    Tasks belong to an event loop, so each loop asks for itself. `remember`: outcomes are kept, too.
    """

    def __init__(self, *, remember: bool = False) -> None:
        self._remember = remember
        self._tasks: dict[tuple[Any, Key], asyncio.Task[Outcome]] = {}

    async def outcome(self, key: Key, ask: Callable[[], Awaitable[Outcome]]) -> Records:
        """The records, or TemporaryError."""
        import asyncio

        place = (asyncio.get_running_loop(), key)
        task = self._tasks.get(place)
        if task is None:
            task = self._tasks[place] = asyncio.ensure_future(ask())
            if not self._remember:
                task.add_done_callback(lambda _: self._tasks.pop(place, None))
        found = await asyncio.shield(task)
        if isinstance(found, TemporaryError):
            raise TemporaryError(*found.args)
        return found


class _Cache:
    """Answers until their time is over, bounded in number and size; the longest unused go first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, tuple[float, Records]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, key: Key) -> Records | None:
        """The answer, or None."""
        with self._lock:
            expires, records = self._kept.get(key, (0.0, ()))
            if expires <= time.monotonic():
                return None
            self._kept.move_to_end(key)
            return records

    def put(self, key: Key, records: Records, ttl: float) -> None:
        """Keep an answer for `ttl` seconds, and not longer than our bounds say."""
        longest = limits.MAX_DNS_TTL if records else limits.MAX_DNS_NEGATIVE_TTL
        with self._lock:
            self._drop(key)
            if ttl > 0:
                self._kept[key] = (time.monotonic() + min(ttl, longest), records)
                self._size += _size(key, records)
            while len(self._kept) > limits.MAX_DNS_CACHE or self._size > limits.MAX_DNS_CACHE_CHARS:
                self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._size -= _size(key, gone[1])


def _size(key: Key, records: Records) -> int:
    return len(key[0]) + sum(map(len, records))


def _key(name: str, rdtype: str) -> Key:
    return name.rstrip(".").lower(), rdtype.upper()


def server(text: str, port: int = 53) -> Server:
    """Address and port of a server written as "192.0.2.53", "192.0.2.53:5353", "2001:db8::53" or "[2001:db8::53]:53".

    Raises ValueError for anything else.
    """
    from ipaddress import ip_address

    found = _SERVER.fullmatch(text)
    if not found:
        raise ValueError(f"no address of a server: {text}")
    address = found["inside"] or found["plain"] or text
    ip_address(address)
    number = int(found["port"] or found["port6"] or port)
    if not 0 < number < 65_536:
        raise ValueError(f"no port: {number}")
    return address, number


def system_servers(port: int = 53, path: Path = _RESOLV_CONF) -> tuple[Server, ...]:
    """The servers of resolv.conf(5), or one on this machine where none are named."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    named = [fields[1] for fields in map(str.split, lines) if len(fields) > 1 and fields[0] == "nameserver"]
    found = []
    for text in named[:_MAX_SERVERS]:
        try:
            found.append(server(text, port))
        except ValueError:
            continue
    return tuple(found) or (("127.0.0.1", port),)
