"""The lines that Postfix writes about one message, and the clients and deliveries that occur in them."""

from ndrfilter.site import Site

SITE = Site(domains=("example.com",))


def journey(
    queue="4F1A22220A",
    client="client=laptop.example[203.0.113.9], sasl_method=PLAIN, sasl_username=alice",
    message_id="<1@example.com>",
    sender="alice@example.com",
    delivery="to=<bob@receiver.example>, relay=mx.receiver.example[198.51.100.25]:25, delay=1.2, delays=0.1/0/1/0.1, "
    "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 77)",
    agent="smtp",
    tag="postfix",
    head="Nov 22 09:20:45 mail",
    end=True,
):
    """The lines of one message through Postfix."""
    first = f"{tag}/pickup[8]: {queue}: {client}" if client.startswith("uid=") else f"{tag}/smtpd[9]: {queue}: {client}"
    lines = [
        *([first] if client else []),
        *([f"{tag}/cleanup[3]: {queue}: message-id={message_id}"] if message_id is not None else []),
        f"{tag}/qmgr[4]: {queue}: from=<{sender}>, size=300, nrcpt=1 (queue active)",
        f"{tag}/{agent}[5]: {queue}: {delivery}",
        *([f"{tag}/qmgr[4]: {queue}: removed"] if end else []),
    ]
    return "".join(f"{head} {line}\n" for line in lines)


OURS = [["<1@example.com>", "alice@example.com", ["bob@receiver.example"]]]
OUTSIDE = "client=spam.example[203.0.113.66]"
LOOPBACK = "client=localhost[127.0.0.1]"
TO_FILTER = (
    "to=<bob@receiver.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, "
    "status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 5B00000002)"
)
RELAY = "relay=mx.receiver.example[198.51.100.25]:25, "
TIMES = "delay=1.2, delays=0.1/0/1/0.1, dsn=5.1.1, "
