"""The decision list: from sums and standing facts to a verdict. First match wins; the order is our promise."""

from __future__ import annotations

from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.engine.ruleset import Thresholds
    from ndrfilter.engine.score import Tally


class Standing(Noun):
    """What the decision needs to know beside the sums. A fact that is unknown counts against a hard verdict."""

    returned: bool
    configured: bool
    handover: bool
    claimed: bool


class Decision(Noun):
    """A verdict, the sum that carries it, and one of our words for why."""

    verdict: str
    score: float
    required: float
    why: str


def decide(tally: Tally, standing: Standing, required: Thresholds) -> Decision:
    """The verdict.

    Architecture invariant: no hit of a weaker class outvotes proof or a record toward genuine; nothing undecided toward
    genuine that could prevent it is ever passed over on the way to backscatter; without a site neither is said.
    """
    fake = tally.fake >= required.fake
    if not standing.returned and not fake:
        return Decision("not-a-bounce", tally.fake, required.fake, "not-returned")
    origin = Decision("undetermined", tally.origin, required.origin, "between")
    if tally.exempt is not None:
        return origin._replace(why="exempt")
    if tally.strong_genuine and standing.configured:
        return origin._replace(verdict="genuine", why="proof")
    if fake:
        return Decision("fake", tally.fake, required.fake, "fake")
    if not standing.configured:
        return origin._replace(why="no-site")
    if tally.origin >= required.origin:
        why = _held_back(tally, standing, required)
        return origin._replace(why=why) if why else origin._replace(verdict="backscatter", why="backscatter")
    if tally.origin <= -required.origin and tally.weighty_genuine:
        if tally.weighty_backscatter:  # a trace that says so, and something all our mail has that says no
            return origin._replace(why="contradicted")
        return origin._replace(verdict="genuine", why="trace")
    if standing.claimed:
        return origin._replace(why="claimed")
    return origin._replace(why="undecided" if tally.strong_open else "between")


def _held_back(tally: Tally, standing: Standing, required: Thresholds) -> str:
    """Why a sum that suffices is still no backscatter; empty if nothing stands in the way."""
    if standing.handover:
        return "handover"
    if standing.claimed:
        return "claimed"
    if not tally.weighty_backscatter:
        return "weak"
    if tally.strong_open or tally.exempt_open or tally.origin - tally.room < required.origin:
        return "undecided"
    return ""
