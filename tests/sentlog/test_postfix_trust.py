"""Whose mail it is by Postfix' log: who may send, which senders are ours, and mail that passes Postfix twice."""

from ipaddress import ip_network

import pytest
from postfix_journey import LOOPBACK, OURS, OUTSIDE, RELAY, SITE, TIMES, TO_FILTER, journey

from ndrfilter.sentlog.trust import Trust
from ndrfilter.site import Relay


@pytest.mark.parametrize(
    "client",
    [
        "client=laptop.example[203.0.113.9]:40000, sasl_method=LOGIN, sasl_username=alice@example.com",
        "client=laptop.example[203.0.113.9], sasl_username=alice",
        "client=unknown[2001:db8::9], sasl_method=PLAIN, sasl_username=alice, sasl_sender=alice@example.com",
        "client=localhost[127.0.0.1]",
        "client=localhost[::1]",
        "client=app.example.com[192.0.2.10]",
        "client=box[198.51.100.7]",
        "uid=1000 from=<alice>",
        "uid=33 from=<alice@example.com>",
    ],
)
def test_who_may_send(sent, client):
    site = SITE._replace(relays=(Relay.parse("192.0.2.8/29"), Relay.parse("203.0.113.0/24", shared=True)))
    assert sent(journey(client=client), trust=Trust((site,), networks=(ip_network("198.51.100.7"),))) == OURS


@pytest.mark.parametrize(
    "client",
    [
        OUTSIDE,
        "client=shared.example[203.0.113.70]",
        "client=mx.example.com[192.0.2.11]",
        "client=localhost[203.0.113.66]",
        "client=unknown[unknown]",
        "client=localhost[127.0.0.1",
        "client=spam.example[203.0.113.66], orig_client=other.example[203.0.113.67]",
        "client=localhost[127.0.0.1], orig_client=spam.example[203.0.113.66]",
        "client=localhost[127.0.0.1], orig_queue_id=77AAAAA, orig_client=spam.example[203.0.113.66]:1025",
        "client=spam.example[203.0.113.66], sasl_method=PLAIN",
        "client=spam.example[203.0.113.66], helo=x, sasl_username=alice",
        "uid=5103 from=<alice@example.com> orig_id=77AAAAA",
        "",
    ],
)
def test_who_may_not(sent, client):
    site = SITE._replace(
        relays=(Relay.parse("192.0.2.8/29"), Relay.parse("203.0.113.0/24", shared=True)),
        receivers=(Relay.parse("192.0.2.11"),),
    )
    assert sent(journey(client=client), trust=Trust((site,))) == []


def test_settings_for_local_users_and_programs(sent):
    only_root = Trust((SITE,), local=frozenset({"0", "root"}))
    assert sent(journey(client="uid=33 from=<www-data>"), trust=only_root) == []
    assert sent(journey(client="uid=0 from=<root>"), trust=only_root) == OURS
    assert sent(journey(client="uid=0 from=<root>"), trust=Trust((SITE,), local=frozenset())) == []
    assert sent(journey(client=LOOPBACK), trust=Trust((SITE,), loopback=False)) == []


@pytest.mark.parametrize(
    "sender", ["", "bob@stranger.example", "alice@example.com.stranger.example", "alice@notexample.com", "alice", "@"]
)
def test_other_senders_are_not_ours(sent, sender):
    assert sent(journey(sender=sender)) == []


@pytest.mark.parametrize("sender", ["Alice@EXAMPLE.com", "alice@sub.example.com", "prvs=1234abcdef=alice@example.com"])
def test_senders_of_ours(sent, sender):
    assert sent(journey(sender=sender)) == [["<1@example.com>", sender, ["bob@receiver.example"]]]


def test_the_way_to_a_filter_is_not_the_way_out(sent):
    """As for mail that fetchmail brings: it enters on this machine, in our name, and stays."""
    delivery = TO_FILTER.replace("bob@receiver.example", "bob@example.com")
    assert sent(journey(client=LOOPBACK, delivery=delivery)) == []
    assert sent(journey(client=LOOPBACK, delivery=TO_FILTER)) == OURS


def test_a_second_queue_id_of_inbound_mail_is_inbound_mail(sent):
    log = journey("5B00000001", OUTSIDE, delivery=TO_FILTER, end=False) + journey("5B00000002", LOOPBACK)
    assert sent(log) == []
    assert sent(journey("5B00000001", delivery=TO_FILTER) + journey("5B00000002", LOOPBACK)) == OURS


def test_inbound_mail_that_a_list_or_a_forwarding_sends_on(sent):
    inbound = journey(
        "5B00000001", OUTSIDE, agent="local", delivery=f"to=<a@example.com>, relay=local, {TIMES}status=sent"
    )
    for client in (LOOPBACK, "uid=38 from=<list>", ""):
        assert sent(inbound + journey("5B00000002", client)) == []


def test_our_own_mail_that_an_alias_sends_on(sent):
    own = journey("5B00000001", agent="local", delivery=f"to=<a@example.com>, relay=local, {TIMES}status=sent")
    assert sent(own + journey("5B00000002", "")) == OURS


def test_once_an_id_came_from_outside_only_a_login_makes_it_ours(sent):
    log = journey("5B00000001") + journey("5B00000002", OUTSIDE, delivery=TO_FILTER)
    again = journey("5B00000003", LOOPBACK, delivery=f"to=<more@x.example>, {RELAY}{TIMES}status=sent (ok)")
    assert sent(log + again) == OURS


def test_mail_without_an_id_through_a_filter(sent):
    """The filter's Postfix gives it an id, by which nobody can tell whose it is: the filter's answer can."""
    made = "<20261122092045.5B00000002@mail.example.com>"
    outside = journey("5B00000001", OUTSIDE, None, delivery=TO_FILTER).splitlines(keepends=True)
    arrival, queued, handed, gone = journey("5B00000002", LOOPBACK, made).splitlines(keepends=True)[:4]
    assert sent("".join([*outside[:2], arrival, queued, handed, outside[2], gone])) == []
    assert sent("".join([*outside[:2], arrival, queued, handed, gone, outside[2]])) == []
    assert len(sent("".join([arrival, queued, handed, gone]))) == 1


def test_where_a_filter_is_seen_an_id_made_here_does_not_make_mail_ours(sent):
    filtered = journey("5B00000001", delivery=TO_FILTER) + journey("5B00000002", LOOPBACK)
    made = journey("5B00000003", LOOPBACK, "<20261122092045.5B00000003@mail.example.com>")
    assert sent(filtered + made) == OURS
    assert len(sent(made)) == 1


def test_xforward_tells_the_first_client(sent):
    log = journey("5B00000001", delivery=TO_FILTER, end=False)
    client = "client=localhost[127.0.0.1], orig_queue_id={}, orig_client=laptop.example[203.0.113.9]"
    other = f"to=<carol@receiver.example>, {RELAY}{TIMES}status=sent (ok)"
    follow = journey("5B00000002", client.format("5B00000001"), "<2@example.com>", delivery=other)
    assert len(sent(log + follow)) == 2
    assert len(sent(log + follow.replace("orig_queue_id=5B00000001", "orig_queue_id=5B00000009"))) == 1
