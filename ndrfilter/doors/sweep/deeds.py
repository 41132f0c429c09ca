"""Filing away, marking, and taking all of it back; each told in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndrfilter.doors.words import counted
from ndrfilter.sweep.settling import CHANGED, GONE, IN_BOTH, STOPPED
from ndrfilter.terminal import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ndrfilter.sweep.filing import Filed, Tagged, Undone

_WHY = {
    GONE: "not there any more, or under another number; the next sweep looks for them",
    CHANGED: "changed meanwhile, so the next sweep looks at them again",
    IN_BOTH: "in both folders now, since a move was cut off; delete either copy yourself",
    STOPPED: "not tried any more",
}


def filed(done: Filed, *, brief: bool = False) -> Iterator[str]:
    """What was moved; `brief` says nothing of nothing."""
    if done.moved or not brief:
        yield f"{counted(done.moved, 'message', 'messages')} moved to {escape(done.into)}; --undo puts them back."
    yield from _left(done.left, done.trouble)


def tagged(done: Tagged) -> Iterator[str]:
    """What was marked."""
    yield f"{counted(done.tagged, 'message', 'messages')} marked; --undo takes the marks away."
    yield from _left(done.left, done.trouble)


def undone(done: Undone) -> Iterator[str]:
    """What was taken back."""
    if not any((done.back, done.gone, done.left, done.untagged)):
        yield "There is nothing to put back."
        return
    if done.back or done.gone or done.left:
        yield f"{counted(done.back, 'message is back where it was', 'messages are back where they were')}."
    if done.untagged:
        yield f"{counted(done.untagged, 'mark', 'marks')} taken away."
    if done.gone:
        yield f"{counted(done.gone, 'message', 'messages')} somebody else has moved or deleted meanwhile."
    if done.left:
        yield f"{counted(done.left, 'message', 'messages')} could not be put back; the same command tries again."
    if done.folders:
        yield f"{', '.join(map(escape, done.folders))} stays, even if it is empty now."
    if done.trouble:
        yield escape(done.trouble)


def _left(left: Mapping[str, int], trouble: str) -> Iterator[str]:
    for why, number in left.items():
        yield f"  {counted(number, 'message', 'messages')} left: {escape(_WHY.get(why, why))}"
    if trouble:
        yield escape(trouble)
