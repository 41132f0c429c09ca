"""The record types of the built-in facts, as rule authors see them."""

from __future__ import annotations

from ndrfilter.schema import BOOLEAN, DOMAIN, IP, NUMBER, STRING, TIME, FieldSpec, RecordSpec, list_of, record

HEADER = RecordSpec(
    "header",
    (
        FieldSpec("text", STRING, "the value, unfolded and decoded (RFC 2047)"),
        FieldSpec("raw", STRING, "the value as it came, folding included, read as Latin-1"),
        FieldSpec("name", STRING, "the field's name as written"),
    ),
    "one header field",
    default="text",
)
ADDRESS = RecordSpec(
    "address",
    (
        FieldSpec("text", STRING, "the whole address"),
        FieldSpec("local", STRING, "what stands before the @"),
        FieldSpec("domain", DOMAIN, "what stands behind it, lower case, A-labels", optional=True),
    ),
    "a mailbox address (RFC 5321)",
    default="text",
)
LINK = RecordSpec(
    "link",
    (
        FieldSpec("url", STRING, "the target"),
        FieldSpec("text", STRING, "the words that carry it", optional=True),
        FieldSpec("domain", DOMAIN, "the host of the target", optional=True),
    ),
    "a link in the text or the HTML",
    default="url",
)
ATTACHMENT = RecordSpec(
    "attachment",
    (
        FieldSpec("name", STRING, "the file name", optional=True),
        FieldSpec("type", STRING, "the content type"),
        FieldSpec("extension", STRING, "behind the last dot of the name, lower case", optional=True),
        FieldSpec("executable", BOOLEAN, "runs when opened"),
        FieldSpec("archive", BOOLEAN, "holds other files"),
        FieldSpec("html", BOOLEAN, "an HTML page"),
    ),
    "an attached file",
    default="name",
)
PART = RecordSpec(
    "part",
    (
        FieldSpec("type", STRING, "the content type, lower case"),
        FieldSpec("name", STRING, "the file name", optional=True),
        FieldSpec("path", STRING, "the place in the tree: 1, 1.2"),
        FieldSpec("depth", NUMBER, "0 for the whole message"),
    ),
    "a MIME part (RFC 2045)",
    default="type",
)
HOP = RecordSpec(
    "hop",
    (
        FieldSpec("helo", STRING, "the client's own word; anybody can say anything", optional=True),
        FieldSpec("rdns", DOMAIN, "the client's name, only where the recorder looked it up", optional=True),
        FieldSpec("ip", IP, "the client's address as the recorder saw it", optional=True),
        FieldSpec("by", DOMAIN, "the recorder", optional=True),
        FieldSpec("with", STRING, "the protocol: esmtp, esmtpsa, local …", optional=True),
        FieldSpec("id", STRING, "the recorder's queue id", optional=True),
        FieldSpec("time", TIME, "when", optional=True),
        FieldSpec("for", STRING, "the recipient", optional=True),
        FieldSpec("sender", STRING, "the envelope sender that the recorder noted", optional=True),
        FieldSpec("authenticated", BOOLEAN, "the recorder says that the client had logged in"),
        FieldSpec("local", BOOLEAN, "submitted by a process of the recorder's own host"),
        FieldSpec("forged", BOOLEAN, "the recorder says that the client's name may be forged"),
        FieldSpec("dialect", STRING, "the software that wrote the line, empty where nothing tells"),
        FieldSpec("text", STRING, "the whole field, unfolded"),
    ),
    "one Received field (RFC 5321 section 4.4)",
    default="text",
)
RECIPIENT = RecordSpec(
    "recipient",
    (
        FieldSpec("address", STRING, "the address that failed, or was delayed or reached"),
        FieldSpec("action", STRING, "failed, delayed, delivered, relayed or expanded"),
        FieldSpec("status", STRING, "the enhanced status code (RFC 3463)", optional=True),
        FieldSpec("diagnostic", STRING, "what the server said", optional=True),
        FieldSpec("reason", STRING, "the reason class"),
        FieldSpec("reason_text", STRING, "the reason in words"),
    ),
    "an address that the bounce is about",
    default="address",
)
REPORT_RECIPIENT = RecordSpec(
    "report_recipient",
    (
        FieldSpec("final", STRING, "Final-Recipient"),
        FieldSpec("original", STRING, "Original-Recipient, empty if missing"),
        FieldSpec("action", STRING, "Action"),
        FieldSpec("status", STRING, "Status"),
        FieldSpec("diagnostic", STRING, "Diagnostic-Code"),
        FieldSpec("remote_mta", STRING, "Remote-MTA"),
    ),
    "the fields of one recipient in a delivery status (RFC 3464 section 2.3)",
    default="final",
)
REPORT = RecordSpec(
    "report",
    (
        FieldSpec("reporting_mta", DOMAIN, "Reporting-MTA"),
        FieldSpec("received_from_mta", STRING, "Received-From-MTA"),
        FieldSpec("arrival_date", TIME, "Arrival-Date", optional=True),
        FieldSpec("envelope_id", STRING, "Original-Envelope-Id"),
        FieldSpec("recipients", list_of(record("report_recipient")), "the recipients' groups"),
    ),
    "a delivery status (RFC 3464)",
    default="reporting_mta",
)
ORIGINAL = RecordSpec(
    "original_message",
    (
        FieldSpec("source", STRING, "where it stood: rfc822, headers, inline, quoted, attachment"),
        FieldSpec("full", BOOLEAN, "a body came back as well"),
    ),
    "the message that came back",
    default="source",
)
AUTHRES = RecordSpec(
    "authres",
    (
        FieldSpec("method", STRING, "spf, dkim, dmarc, arc …"),
        FieldSpec("result", STRING, "pass, fail, softfail, none …"),
        FieldSpec("domain", DOMAIN, "the domain it speaks of", optional=True),
        FieldSpec("by", STRING, "the host that says so (authserv-id)"),
        FieldSpec("believed", BOOLEAN, "written above the stranger or the handover by the reporting side"),
    ),
    "one result of RFC 8601",
    default="result",
)

RECORDS = (
    HEADER, ADDRESS, LINK, ATTACHMENT, PART, HOP, RECIPIENT, REPORT_RECIPIENT, REPORT, ORIGINAL, AUTHRES,
)  # fmt: skip
