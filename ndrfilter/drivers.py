"""The two drivers: they fetch what the engine needs, at once and under one deadline, and step it to its verdict."""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.engine.step import Need, Verdict, step
from ndrfilter.errors import TemporaryError
from ndrfilter.schema import Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping
    from typing import Any

    from ndrfilter.engine.ruleset import RuleSet
    from ndrfilter.facts.world import Facts
    from ndrfilter.ports import Ports

    PortsFactory = Callable[[], Ports]
# asyncio is imported where something is fetched: most messages need nothing, and a pipe should not pay for it.


def drive(ruleset: RuleSet, facts: Facts, lists: Mapping[str, Any], ports: PortsFactory) -> Verdict:
    """The verdict, for callers without an event loop; one is made only if something must be fetched."""
    return at_once(ruleset, facts, lists) or _run(adrive(ruleset, facts, lists, ports))


def at_once(ruleset: RuleSet, facts: Facts, lists: Mapping[str, Any]) -> Verdict | None:
    """The verdict, or None if something has to be fetched first."""
    outcome = step(ruleset, facts, lists, facts.site.complete)
    return outcome if isinstance(outcome, Verdict) else None


async def adrive(ruleset: RuleSet, facts: Facts, lists: Mapping[str, Any], ports: PortsFactory) -> Verdict:
    """The verdict, fetching what is needed until nothing is, or the message's deadline passes."""
    import asyncio

    loop = asyncio.get_running_loop()
    deadline = loop.time() + limits.MESSAGE_DEADLINE
    opened: Ports | None = None
    while isinstance(outcome := step(ruleset, facts, lists, facts.site.complete), Need):
        opened = opened or ports()
        await _fetch(outcome.names, facts, opened, deadline - loop.time())
    return outcome


async def afetch(names: Iterable[str], facts: Facts, ports: PortsFactory) -> None:
    """Fetch those of these facts that are pending, under a message's deadline; `facts` has them then."""
    pending = tuple(name for name in names if getattr(facts.fact(name), "pending", ()))
    if pending:
        await _fetch(pending, facts, ports(), limits.MESSAGE_DEADLINE)


async def _fetch(names: tuple[str, ...], facts: Facts, ports: Ports, seconds: float) -> None:
    """Fetch these facts at once; what is not there in time is unknown."""
    import asyncio

    tasks = {name: asyncio.ensure_future(_ask(name, facts, ports)) for name in names}
    try:
        await asyncio.wait(tasks.values(), timeout=max(0.0, seconds))
    finally:  # also if nobody waits for the verdict any more
        late = [name for name, task in tasks.items() if not task.done()]
        for name in late:
            tasks[name].cancel()
    for name in late:
        facts.settle(name, Unknown("no answer within the deadline"))
    await asyncio.gather(*tasks.values(), return_exceptions=True)


async def _ask(name: str, facts: Facts, ports: Ports) -> None:
    spec = facts.schema.facts[name]
    try:
        value = await spec.afetch(facts, ports) if spec.afetch else None
    except TemporaryError as error:
        value = Unknown(str(error))
    except (Exception, SystemExit) as error:
        value = facts.failed(spec, error)
    facts.settle(name, value)


def _run(coroutine: Coroutine[Any, Any, Verdict]) -> Verdict:
    """Run to the end; inside a running event loop in a thread of its own, because loops do not nest."""
    import asyncio

    verdicts = []

    async def keep() -> None:  # asyncio.run prints its task into a string, and a verdict is long
        verdicts.append(await coroutine)

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(keep())
    else:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, keep()).result()
    return verdicts[0]
