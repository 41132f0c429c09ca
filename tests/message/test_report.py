"""Delivery status, disposition and feedback: the machine-readable halves of what comes back."""

import pytest

from ndrfilter import limits
from ndrfilter.message import parse

FIELDS = b"""Reporting-MTA: dns; MX.Example.NET
Received-From-MTA: dns; client.example
Original-Envelope-Id: 4711
Arrival-Date: Sun, 22 Nov 2026 10:00:00 +0000

Final-Recipient: rfc822; one@example.org
Original-Recipient: rfc822;alias@example.org
Action: failed (bad mailbox)
Status: 5.1.1 (no such user)
Remote-MTA: dns; mail.example.org
Diagnostic-Code: smtp; 550 5.1.1 <one@example.org>
 no such user

Final-Recipient: rfc822; <two@example.org>
Action: Delayed
Status: 4.2.2
"""


def wrapped(fields=FIELDS, kind=b"message/delivery-status", extra=b""):
    return (
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n\nIt failed.\n--x\nContent-Type: "
        + kind + b"\n" + extra + b"\n" + fields + b"\n--x--\n"
    )  # fmt: skip


def test_a_report():
    report = parse(wrapped()).report
    assert (report.reporting_mta, report.received_from_mta, report.envelope_id) == (
        "mx.example.net",
        "client.example",
        "4711",
    )
    assert report.arrival_date is not None
    one, two = report.recipients
    assert (one.final, one.original, one.action, one.status) == (
        "one@example.org",
        "alias@example.org",
        "failed",
        "5.1.1",
    )
    assert (one.remote_mta, one.diagnostic) == ("mail.example.org", "550 5.1.1 <one@example.org> no such user")
    assert (two.final, two.action, two.status) == ("two@example.org", "delayed", "4.2.2")
    assert one.group.get("diagnostic-code").startswith("smtp;")


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_other_line_ends(end):
    assert parse(wrapped().replace(b"\n", end)).report == parse(wrapped()).report


def test_the_text_is_the_human_part():
    assert parse(wrapped()).text.strip() == "It failed."


def test_base64():
    from base64 import encodebytes

    raw = wrapped(encodebytes(FIELDS), extra=b"Content-Transfer-Encoding: base64\n")
    assert parse(raw).report == parse(wrapped()).report


def test_missing_blank_lines():
    recipients = parse(wrapped(FIELDS.replace(b"\n\n", b"\n"))).report.recipients
    assert [recipient.final for recipient in recipients] == ["one@example.org", "two@example.org"]


def test_too_many_blank_lines_and_several_message_groups():
    report = parse(wrapped(FIELDS.replace(b"Received-From", b"\n\nReceived-From").replace(b"\n\n", b"\n\n \n"))).report
    assert report.received_from_mta == "client.example"
    assert len(report.recipients) == 2


def test_no_blank_line_after_the_part_header():
    raw = wrapped().replace(b"delivery-status\n\nReporting", b"delivery-status\nReporting")
    assert parse(raw).report.reporting_mta == "mx.example.net"


def test_utf_8_addresses():
    fields = (
        b"Reporting-MTA: dns; mx\n\nFinal-Recipient: utf-8; j\\x{FC}rgen@example.org\nAction: failed\nStatus: 5.1.1\n"
    )
    assert parse(wrapped(fields, b"message/global-delivery-status")).report.recipients[0].final == "jürgen@example.org"
    fields = (
        "Reporting-MTA: dns; mx\n\nFinal-Recipient: utf-8; jürgen@example.org\nAction: failed\nStatus: 5.1.1\n".encode()
    )
    assert parse(wrapped(fields, b"message/global-delivery-status")).report.recipients[0].final == "jürgen@example.org"


def test_a_status_that_is_none():
    fields = b"Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 10.0.0.1.2\n"
    assert parse(wrapped(fields)).report.recipients[0].status == ""


@pytest.mark.parametrize("kind", [b"text/plain", b"application/octet-stream"])
def test_under_another_type(kind):
    assert len(parse(wrapped(kind=kind)).report.recipients) == 2


@pytest.mark.parametrize("prefix", [b"", b"    ", b"> "])
def test_inside_the_text(prefix):
    status = b"".join(prefix + line + b"\n" for line in FIELDS.splitlines())
    report = parse(b"Subject: failed\n\nIt did not work.\n\n" + status).report
    assert report.reporting_mta == "mx.example.net"
    assert [recipient.status for recipient in report.recipients] == ["5.1.1", "4.2.2"]


def test_words_about_a_status_are_none():
    assert parse(b"Subject: x\n\nWhat does Final-Recipient: mean? And Action:?\n").report is None
    assert parse(wrapped(b"\n")).report is None


def test_japanese_diagnostic():
    fields = (
        b"Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; a@b.example\nDiagnostic-Code: smtp; "
        + "宛先不明".encode("iso-2022-jp")
    )
    assert parse(wrapped(fields)).report.recipients[0].diagnostic == "宛先不明"


def of_many(number, more=b""):
    recipients = [
        b"Final-Recipient: rfc822; user%d@example.org\nAction: failed\n%s\n" % (n, more) for n in range(number)
    ]
    return parse(wrapped(b"Reporting-MTA: dns; mx\n\n" + b"".join(recipients)))


def left_out(message):
    return [defect.code for defect in message.defects]


def test_many_recipients_are_bounded():
    message = of_many(limits.MAX_RECIPIENTS)
    assert (len(message.report.recipients), left_out(message)) == (limits.MAX_RECIPIENTS, [])
    more = of_many(limits.MAX_RECIPIENTS + 1)
    assert more.report.recipients == message.report.recipients
    assert left_out(more) == ["too-many-recipients"]


@pytest.mark.parametrize("blank", [b"", b"Status: 5.1.1\n"])
def test_fifty_thousand_recipients(blank):
    message = of_many(50_000, blank)
    assert [one.final for one in message.report.recipients] == [f"user{n}@example.org" for n in range(1000)]
    assert left_out(message) == ["status-too-long", "too-many-recipients"]


@pytest.mark.parametrize("size", [*range(2000, 2100), 90_000])
def test_no_address_is_cut_in_half(size):
    message = of_many(2 * limits.MAX_STATUS_BYTES // size, b"X: " + b"x" * size + b"\n")
    addresses = [one.final for one in message.report.recipients]
    assert addresses
    assert addresses == [f"user{n}@example.org" for n in range(len(addresses))]
    assert all(one.action == "failed" for one in message.report.recipients)
    assert left_out(message) == ["status-too-long"]


def test_no_address_is_cut_in_half_where_blank_lines_are_missing():
    fields = b"".join(b"Final-Recipient: rfc822; user%d@example.org\nX: %s\n" % (n, b"x" * 5000) for n in range(500))
    message = parse(wrapped(b"Reporting-MTA: dns; mx\n" + fields))
    addresses = [one.final for one in message.report.recipients]
    assert addresses == [f"user{n}@example.org" for n in range(len(addresses))]
    assert left_out(message) == ["status-too-long"]


def test_disposition_and_feedback():
    raw = wrapped(b"Reporting-UA: x\nFinal-Recipient: rfc822; a@b.example\nDisposition: automatic-action; deleted\n",
                  b"message/disposition-notification")  # fmt: skip
    assert parse(raw).disposition.get("disposition") == "automatic-action; deleted"
    assert parse(raw).feedback is None
    raw = wrapped(b"Feedback-Type: abuse\nUser-Agent: x\nVersion: 1\n", b"message/feedback-report")
    assert parse(raw).feedback.get("feedback-type") == "abuse"
