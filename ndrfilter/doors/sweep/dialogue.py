"""What the person is asked: the password, the address, and whether what was found out about him is right."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ndrfilter.errors import UsageError
from ndrfilter.sweep.places import Access
from ndrfilter.terminal import escape, say

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence


def somebody() -> bool:
    """Whether there is anybody to ask."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def access(args: argparse.Namespace) -> Access:
    """How to log in, as the options say."""
    return Access(
        password_file=args.password_file,
        password_command=args.password_command,
        keyring=args.keyring,
        token_command=args.token_command,
        ca_file=args.ca_file,
        ask=_secret if sys.stdin is not None and sys.stdin.isatty() else None,
    )


def _secret(prompt: str) -> str:
    from getpass import getpass

    return _answer(prompt, getpass)


def addresses(guess: str) -> list[str]:
    """The person's addresses; raises UsageError where nobody can be asked."""
    if not somebody():
        if guess:
            return [guess]
        raise UsageError("sweep: whose mailbox is it? Add --me you@example.com")
    said = _answer(f"Your address? [{escape(guess)}] " if guess else "Your address? ").strip()
    return said.replace(",", " ").split() or ([guess] if guess else [])


def agreed(lines: Sequence[str], yes: bool) -> bool:
    """Show what was found out, and whether the person says that it is right; with `yes` he has said so already."""
    if yes:
        return True
    if not somebody():
        return False
    say(*map(escape, lines))
    sys.stdout.flush()
    return _yes("Is this right?", True)


def all_is_sent_there() -> bool:
    """Whether everything that the person sends is kept in the Sent folder, by his own word."""
    return somebody() and _yes("Does every program and phone of yours keep what it sends in that Sent folder?", False)


def _answer(prompt: str, ask: Callable[[str], str] = input) -> str:
    try:
        return ask(prompt)
    except EOFError:
        raise UsageError("sweep: that question wants an answer; or answer it by an option, see --help") from None


def _yes(question: str, usual: bool) -> bool:
    said = _answer(f"{question} [{'Y/n' if usual else 'y/N'}] ").strip().lower()
    return said.startswith(("y", "j", "o", "s")) if said else usual
