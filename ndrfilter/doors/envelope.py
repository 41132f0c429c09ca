"""The envelope of a message that did not come by SMTP: from arguments, the environment, or the header."""

from __future__ import annotations

from ndrfilter.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from typing import Protocol

    from ndrfilter.envelope import Envelope

    class Told(Protocol):
        """What the options say."""

        sender: str | None
        recipient: list[str] | None
        client_ip: str | None
        client_name: str | None
        helo: str | None


ARGUMENTS, ENVIRONMENT, HEADERS, NONE = "arguments", "environment", "headers", "none"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that tell the envelope."""
    group = parser.add_argument_group(
        "envelope",
        "What SMTP knew of the message. Without these: $SENDER and $RECIPIENT (for standard input), then "
        "Return-Path, X-Original-To and Delivered-To of the header.",
    )
    group.add_argument("--sender", metavar="ADDRESS", help="envelope sender; '' or <> is the null sender")
    group.add_argument("--recipient", metavar="ADDRESS", action="append", help="envelope recipient; may be repeated")
    group.add_argument("--client-ip", metavar="IP", help="address of the SMTP client")
    group.add_argument("--client-name", metavar="NAME", help="its verified reverse name")
    group.add_argument("--helo", metavar="NAME", help="what it said in HELO or EHLO")


def envelope_of(args: Told | argparse.Namespace, raw: bytes, environ: Mapping[str, str]) -> tuple[Envelope, str]:
    """The envelope, and the word for the strongest source that anything of it came from.

    Sender and recipients are looked for apart: arguments, then `environ`, then the header of `raw`. A sender of None
    was told by nobody; the null sender is the empty string.
    """
    from ndrfilter.envelope import Envelope
    from ndrfilter.message import parse
    from ndrfilter.message.delivery import delivered, path_of

    sender, recipients = args.sender, tuple(args.recipient or ())
    client = (args.client_ip or None, args.client_name or None, args.helo or None)
    used = [ARGUMENTS] if sender is not None or recipients or any(client) else []
    if sender is None and "SENDER" in environ:
        sender, used = environ["SENDER"], [*used, ENVIRONMENT]
    # What the bounce was addressed to, before an alias or a forward took tags away (Postfix' local(8) tells both).
    recipient = environ.get("ORIGINAL_RECIPIENT") or environ.get("RECIPIENT")
    if not recipients and recipient:
        recipients, used = (recipient,), [*used, ENVIRONMENT]
    if sender is None or not recipients:
        told = delivered(parse(raw).headers)
        if sender is None and told[0] is not None:
            sender, used = told[0], [*used, HEADERS]
        if not recipients and told[1]:
            recipients, used = told[1], [*used, HEADERS]
    made = Envelope(
        sender=None if sender is None else path_of(sender),
        recipients=tuple(path_of(recipient) for recipient in recipients),
        client_ip=_checked_ip(client[0]),
        client_name=client[1],
        helo=client[2],
    )
    return made, next(iter(used), NONE)


def _checked_ip(text: str | None) -> str | None:
    if text is None or text.lower() == "unknown":
        return None
    from ipaddress import ip_address

    try:
        return str(ip_address(text.strip("[]").removeprefix("IPv6:")))
    except ValueError:
        raise UsageError(f"--client-ip: {text!r} is no IP address; write 192.0.2.1 or 2001:db8::1") from None
