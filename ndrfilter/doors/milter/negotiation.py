"""What we ask of an MTA, and what it gave: only what both sides can do is used."""

from __future__ import annotations

from ndrfilter.doors.milter import wire
from ndrfilter.noun import Noun

VERSION, OLDEST = 6, 2

# Actions, as far as we may want them.
ADD_FIELDS, CHANGE_FIELDS, QUARANTINE, CHANGE_SENDER, CHOOSE_MACROS = 0x01, 0x10, 0x20, 0x40, 0x100

# Steps. No word about them, no answer to them, blanks of a field's value as they are.
_NO_END_OF_HEADER, _NO_UNKNOWN, _NO_DATA = 0x40, 0x100, 0x200
_CAN_SKIP, _LEADING_BLANKS = 0x400, 0x100000
_SILENT = {
    wire.HEADER: 0x80, wire.CONNECT: 0x1000, wire.HELO: 0x2000, wire.MAIL: 0x4000, wire.RECIPIENT: 0x8000,
    wire.DATA: 0x10000, wire.UNKNOWN: 0x20000, wire.END_OF_HEADER: 0x40000, wire.BODY: 0x80000,
}  # fmt: skip
# Large mail comes in many chunks: to answer each is the only way to say that we have enough.
_ALL_SILENT = sum(_SILENT.values()) & ~_SILENT[wire.BODY]
_WANTED = _NO_END_OF_HEADER | _NO_UNKNOWN | _NO_DATA | _CAN_SKIP | _LEADING_BLANKS | _ALL_SILENT

# By stage: connect, MAIL, end of message. Postfix knows the queue id late, Sendmail early.
_SYMBOLS = {0: "j {client_name} {client_resolve}", 2: "i {auth_authen}", 5: "i"}


class Terms(Noun):
    """What was agreed. Before any negotiation nothing is, and everything must be answered."""

    version: int = 0
    actions: int = 0
    steps: int = 0

    def may(self, action: int) -> bool:
        """Whether the MTA does that for us."""
        return bool(self.actions & action)

    def answers(self, command: int) -> bool:
        """Whether the MTA waits for an answer to that command."""
        return not self.steps & _SILENT.get(command, 0)

    @property
    def skips(self) -> bool:
        """Whether the MTA understands that it need not send the rest of a body."""
        return bool(self.steps & _CAN_SKIP)

    @property
    def blanks_kept(self) -> bool:
        """Whether what follows the colon of a field comes, and goes, with its blanks."""
        return bool(self.steps & _LEADING_BLANKS)


def agree(data: bytes, wanted: int) -> tuple[Terms, bytes]:
    """The terms for an MTA that makes this offer, and our answer. Raises WireError for one that is too old."""
    version, actions, steps = wire.offer(data)
    if version < OLDEST:
        raise wire.WireError(f"version {version} of the protocol")
    ours = _WANTED if steps & _CAN_SKIP else _WANTED | _SILENT[wire.BODY]
    terms = Terms(min(version, VERSION), actions & (wanted | CHOOSE_MACROS), steps & ours)
    symbols = _SYMBOLS if terms.may(CHOOSE_MACROS) else {}
    return terms, wire.options(*terms, symbols)
