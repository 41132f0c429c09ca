"""What the mailbox itself proves: the Sent folder as record, whose mailbox it is, which servers are the person's."""

from ndrfilter.sweep.evidence.profile import NAME, Observed, Profile, config_of, fingerprint, load, save
from ndrfilter.sweep.evidence.propose import Proposal, cover, propose, refresh
from ndrfilter.sweep.evidence.remarks import words
from ndrfilter.sweep.evidence.remembered import remembered
from ndrfilter.sweep.evidence.sent import told as recorded
from ndrfilter.sweep.evidence.witnesses import Witness, Witnesses

__all__ = [
    "NAME", "Observed", "Profile", "Proposal", "Witness", "Witnesses", "config_of", "cover", "fingerprint", "load",
    "propose", "recorded", "refresh", "remembered", "save", "words",
]  # fmt: skip
