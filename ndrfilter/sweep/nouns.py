"""The nouns of a sweep: folders, messages, what was found out about one, and what was done with it."""

from __future__ import annotations

from ndrfilter.noun import Noun

INBOX, SENT, JUNK, TRASH, DRAFTS, ALL, ARCHIVE = "inbox", "sent", "junk", "trash", "drafts", "all", "archive"
"""What a folder is for (RFC 6154); "" for one of the person's own."""


class Folder(Noun):
    """A folder as the mailbox has it now. `generation` is its UIDVALIDITY (RFC 3501), 0 where keys never change."""

    name: str
    role: str = ""
    messages: int = 0
    generation: int = 0
    writable: bool = True


class Key(Noun):
    """One message in one folder, for as long as the folder's generation lasts.

    `uid` is IMAP's UID, a Maildir file's name without its flags, or a digest of a message in an mbox.
    """

    folder: str
    generation: int
    uid: str


class Item(Noun):
    """A message before anything of it is read: bytes, and when it came, in seconds since the epoch."""

    uid: str
    size: int
    received: float


class Head(Noun):
    """A message's header with the blank line behind it, and of the parts what is known.

    `whole` is the message, where that costs nothing more; else `types` are the media types of all parts, lower case.
    """

    uid: str
    header: bytes
    types: tuple[bytes, ...] = ()
    whole: bytes | None = None


class Moved(Noun):
    """Where a message is now, "" for a `uid` that the server did not tell."""

    old: str
    uid: str
    generation: int


class Failed(Noun):
    """An address that a message came back from, and why; `reason` is a reason class ("address_unknown")."""

    address: str
    reason: str
    reason_text: str
    status: str
    diagnostic: str


class Row(Noun):
    """What was found out about one message that was returned, or pretends to be. Texts are as in the mail: escape them.

    Times are seconds since the epoch. `recorded` is whether the Sent folder has the original, `through_us` whether one
    of our relays handed it over, by a hop that is believed. `author`, `to`, `subject`, `written` and `message_id` are
    the original's. `digest` stands for the message's header (`state.digest_of`): by it the message is known again.
    """

    key: Key
    verdict: str
    kind: str
    received: float
    sender: str
    title: str  # the Subject of the message itself
    writer: str  # the software, in people's words, or ""
    reporting_mta: str
    evidence: str
    recorded: bool
    through_us: bool
    failed: tuple[Failed, ...]
    author: str
    to: tuple[str, ...]
    subject: str
    written: float | None
    message_id: str
    why: str  # what led to the verdict, in a sentence of ours
    digest: bytes = b""


class Done(Noun):
    """Something that was done with a message: `what` is "moved" or "tagged"; `into` is then the folder or the keyword.

    `state` is "meant", "done", "returning" (while it is taken back) or "undone", or "doubled": what was cut off left
    the message in both folders, and the mailbox cannot take one of them away alone.
    """

    key: Key
    what: str
    state: str
    digest: bytes
    into: str
    into_generation: int
    into_uid: str
    verdict: str
    time: float
