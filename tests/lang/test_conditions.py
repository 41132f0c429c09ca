import ipaddress

import pytest

from ndrfilter.schema import Unknown

TRUE = """
subject == "Mail Delivery Failed"
subject ==~ "mail delivery failed"
subject contains "Delivery"
subject contains~ "delivery"
subject startswith "Mail"
subject endswith~ "FAILED"
subject like "Mail*F?iled"
subject like~ "mail*"
subject matches /^mail\\s/i
subject not matches /^mail/
subject in ["x", "Mail Delivery Failed"]
subject in~ ["x", "MAIL DELIVERY FAILED"]
subject not in ["x"]
kind == failure
failure == kind
kind in [failure, delay]
kind != delay
kind == "failure"
size >= 2048 and size < 3000 and size + 1 == 2049
now > 2026-01-01
now - original.date > 2d and now - original.date <= 72h
author == "Jane@example.com"
author != "jane@example.com"
author.local == "Jane"
author.domain == "EXAMPLE.com."
author within "example.com"
author within site.domains
author not within "*.example.com"
any r in envelope.recipients: r.local matches /-bounces\\+/
all r in envelope.recipients: r.domain exists
none r in envelope.recipients: r within site.domains
(count r in envelope.recipients: r within "lists.example") == 1
envelope.recipients.count == 2
envelope.recipients.last == "b@EXAMPLE.org"
envelope.client_ip in 192.0.2.0/24
envelope.client_ip in [198.51.100.1, 192.0.2.0/28]
envelope.client_ip in site.networks
envelope.client_ip not in 2001:db8::/32
envelope.client_ip == 192.0.2.7
headers["x-mailer"].first startswith "Acme"
headers["X-MAILER"] exists and headers["X-Nothing"] missing
headers["X-Nothing"].first missing
original.stranger exists and original.stranger.rdns within "spam.example"
original.stranger.by missing
original.stranger.with missing
(original.stranger.by otherwise "nobody.example") == "nobody.example"
any h in original.trace: h.ip in site.networks
not (all h in original.trace: h.ip in site.networks)
any l in body.links: l.domain not within site.domains
any l in body.links: l within "example.com"
any a in original.trace: any b in original.trace: a.ip == 192.0.2.9 and b.ip == 203.0.113.1
2 of {returned, size > 5, subject == "x"}
1 of rules {YES, NO}
hit YES and not hit NO
surely returned
returned known
site.domains contains "example.com"
site.vars["tenant"] missing
message_id missing
""".strip().splitlines()
FALSE = """
message_id == "x"
message_id != "x"
message_id not contains "x"
message_id like "*"
message_id matches /x?/
message_id in ["x"]
message_id not in ["x"]
original.stranger.by == "x"
original.handover.rdns == "x"
original.handover exists
original.sender within site.domains
original.signed
3 of {returned, size > 5, subject == "x"}
2 of rules {YES, NO}
any h in original.auth: h.believed
headers["X-Nothing"].first contains ""
envelope.client_ip in [198.51.100.1]
""".strip().splitlines()
UNKNOWN = """
body.text == "x"
body.text != "x"
body.text exists
not (body.text exists)
body.text matches /x/
any h in trace: h.ip in site.networks
(count h in trace: returned) > 0
mime.type in ["a"]
trace.first.rdns within "example.com"
size > 3 and body.text == "x"
2 of {returned, body.text == "x", subject == "x"}
""".strip().splitlines()


@pytest.fixture
def check(evaluate, facts):
    facts = facts | {"body.text": Unknown("cut off"), "trace": Unknown("cut off"), "mime.type": 5}
    helpers = "rule YES { when returned }\nrule NO { when returned }"
    return lambda condition: evaluate(condition, facts, items=helpers, rules={"YES": True, "NO": False})


@pytest.mark.parametrize("condition", TRUE)
def test_holds(condition, check):
    assert check(condition) is True


@pytest.mark.parametrize("condition", FALSE)
def test_does_not_hold(condition, check):
    assert check(condition) is False


@pytest.mark.parametrize("condition", UNKNOWN)
def test_cannot_be_known(condition, check):
    assert isinstance(check(condition), Unknown)


def test_what_is_pending_is_gathered_from_all_operands(evaluate):
    facts = {"original.spf": Unknown("dns", ("original.spf",)), "returned": Unknown("dns", ("returned",))}
    result = evaluate("returned and original.spf == fail", facts)
    assert set(result.pending) == {"original.spf", "returned"}
    assert evaluate("returned and original.spf == fail", facts | {"returned": False}) is False


@pytest.mark.parametrize(
    "condition", ["surely original.spf == fail", "original.spf known", "(original.spf otherwise none) == none"]
)
def test_what_may_still_come_is_not_decided(condition, evaluate):
    assert evaluate(condition, {"original.spf": Unknown("dns", ("original.spf",))}).pending == ("original.spf",)
    assert evaluate(condition, {"original.spf": Unknown("dns")}) in (True, False)


def test_a_fact_that_raises_or_lies_gives_unknown(evaluate):
    for value in (object(), 5, b"x", [None], {"a": 1}, Unknown("why")):
        result = evaluate('subject contains "x"', {"subject": value})
        assert isinstance(result, Unknown)


def test_a_list_that_is_too_long_is_unknown_where_it_was_not_looked_at(evaluate, address):
    many = tuple(address(f"a{number}@example.com") for number in range(5_000))
    facts = {"envelope.recipients": many}
    assert evaluate('any r in envelope.recipients: r.local == "a3"', facts) is True
    assert isinstance(evaluate('any r in envelope.recipients: r.local == "nobody"', facts), Unknown)


def test_lets_take_what_fits(evaluate, facts):
    items = "let is(x, y) = x == y\nlet failed = is(kind, failure)\nlet far(hop) = not ours(hop)\nlet ours(h) = h.ip in site.networks"
    assert evaluate("failed and is(size, 2048) and any h in original.trace: far(h)", facts, items=items) is True


def test_named_lists(evaluate, address):
    items = 'list partners = ["partner.example", "*.supplier.example", "192.0.2.0/24"]'
    facts = {
        "author": address("a@x.supplier.example"),
        "subject": "Partner.example",
        "envelope.client_ip": ipaddress.ip_address("192.0.2.7"),
    }
    assert evaluate("author within partners and envelope.client_ip in partners", facts, items=items) is True
    assert evaluate("subject in partners", facts, items=items) is False
    assert evaluate("subject in~ partners", facts, items=items) is True
    assert evaluate("subject in configured", {"subject": "x"}, lists={"configured": ["# none", "x  # one"]}) is True


@pytest.mark.parametrize(
    "domain",
    ["example.com", "a.example.com", "EXAMPLE.com.", "xexample.com", "org", "b.example.org", "example.org", ""],
)
def test_within_a_list_is_within_one_of_it(evaluate, address, domain):
    names = ("example.com", "*.example.org", "net")
    facts = {"author": address("a@example.net")._replace(domain=domain)}
    one_by_one = " or ".join(f'author.domain within "{name}"' for name in names)
    listed = f"author.domain within [{', '.join(repr(name) for name in names)}]".replace("'", '"')
    assert evaluate(listed, facts) is evaluate(one_by_one, facts)
    assert evaluate(listed, facts) is (domain in ("example.com", "a.example.com", "EXAMPLE.com.", "b.example.org"))
