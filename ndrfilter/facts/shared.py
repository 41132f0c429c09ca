"""Relays that serve others too: whose account a message was sent from, as the relay itself wrote it."""

from __future__ import annotations

from ndrfilter.facts.hosts import same_side
from ndrfilter.facts.outer import inside
from ndrfilter.noun import Noun
from ndrfilter.site import within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.message.model import Headers, Hop
    from ndrfilter.site import Relay

# Providers, and the field in which each says whose mail it is. A field belongs here only if the provider writes it on
# everything that leaves, and takes away what a customer, or a message from outside, brought under that name.
_FIELDS = (
    # The tenant's id. Exchange Online strips X-MS-Exchange-CrossTenant-* from what comes in from any other system (and
    # notes that in X-MS-Exchange-Transport-CrossTenantHeadersStripped) and stamps its own on the way out.
    ("outlook.com", "X-MS-Exchange-CrossTenant-Id"),
)
LOGIN = "Received"
"""As a relay's `header`: the login in the line that the relay wrote below the handover ("Authenticated sender: …")."""


class Account(Noun):
    """What a shared relay says of the account: `text` for people, empty where it says nothing; `ours` if it is ours."""

    text: str = ""
    ours: bool = False


def account(relay: Relay, headers: Headers, below: tuple[Hop, ...]) -> Account:
    """The account by which a message left a shared relay; `below` are the hops under the handover."""
    field = relay.header or next(
        (name for domain, name in _FIELDS if within(relay.name.removeprefix("*."), domain)), ""
    )
    own = relay.account.lower()
    if field.lower() == LOGIN.lower():
        said = _login(relay, below)
        return Account(said, bool(own) and own in (said, said.rpartition("@")[2]))
    said = _said(headers, field)
    return Account(said, bool(own) and said == own)


def _known_field(host: str) -> str:
    return next((field for domain, field in _FIELDS if within(host, domain)), "")


def _said(headers: Headers, field: str) -> str:
    """The field's text, lower case; empty unless the header says exactly one thing under that name."""
    said = {headers.text_at(place).strip().lower() for place in headers.places[field]} if field else set()
    return said.pop() if len(said) == 1 else ""


def _login(relay: Relay, below: tuple[Hop, ...]) -> str:
    """The login, lower case, at the hop by which the message came to the relay; its filters may stand above that."""
    for hop in below:
        ours = relay.matches(hop.by, None) or same_side(hop.by, relay.name.removeprefix("*."))
        if hop.authenticated and ours:
            return (hop.login or "").lower()
        if not ours or hop.with_ == "local" or hop.submitted or not inside(hop):
            return ""
    return ""
