"""Parts that are there to be opened, and what opening them would do, by name, type and first bytes."""

from __future__ import annotations

from ndrfilter.message.mime import decoded
from ndrfilter.message.model import Attachment, Part

_EXECUTABLE = frozenset(
    [
        "exe",
        "scr",
        "pif",
        "com",
        "bat",
        "cmd",
        "vbs",
        "vbe",
        "js",
        "jse",
        "wsf",
        "wsh",
        "hta",
        "lnk",
        "msi",
        "msp",
        "cpl",
        "jar",
        "ps1",
        "reg",
        "chm",
        "dll",
        "sys",
        "scf",
        "inf",
        "iqy",
        "one",
        "xll",
        "apk",
        "app",
        "dmg",
        "pkg",
    ]
)
_ARCHIVE = frozenset(
    [
        "zip",
        "rar",
        "7z",
        "gz",
        "tgz",
        "bz2",
        "xz",
        "tar",
        "cab",
        "ace",
        "arj",
        "lzh",
        "lha",
        "iso",
        "img",
        "z",
        "uue",
        "jar",
        "vhd",
        "vhdx",
    ]
)
_HTML = frozenset(["htm", "html", "shtml", "xhtml", "mht", "mhtml", "svg", "xht"])
_ARCHIVE_TYPES = frozenset({
    "application/zip", "application/x-zip-compressed", "application/x-rar-compressed", "application/x-rar",
    "application/vnd.rar", "application/x-7z-compressed", "application/gzip", "application/x-gzip", "application/x-tar",
    "application/x-compressed", "application/x-compress", "application/x-ace-compressed",
})  # fmt: skip
_ARCHIVE_MAGIC = (b"PK\x03\x04", b"Rar!\x1a\x07", b"7z\xbc\xaf", b"\x1f\x8b\x08", b"MSCF\0\0")
_DOCUMENTS = frozenset(["docx", "xlsx", "pptx", "odt", "ods", "odp", "docm", "xlsm", "pptm", "epub"])
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml"})
_CARRIERS = frozenset({
    "message/delivery-status", "message/global-delivery-status", "message/disposition-notification",
    "message/feedback-report", "text/rfc822-headers", "message/global-headers", "message/rfc822", "message/global",
    "message/partial", "message/global-disposition-notification",
})  # fmt: skip


def attachments_of(parts: tuple[Part, ...]) -> tuple[Attachment, ...]:
    """The attachments among the parts, in order; a returned message and the parts of a report are none."""
    return tuple(_attachment(part) for part in parts if _is_attachment(part))


def _is_attachment(part: Part) -> bool:
    if part.children or part.content_type in _CARRIERS or part.content_type.startswith("multipart/"):
        return False
    if part.filename or part.disposition == "attachment":
        return True
    return not part.content_type.startswith(("text/", "message/"))


def _attachment(part: Part) -> Attachment:
    name = part.filename.strip()
    extension = name.rpartition(".")[2].strip().lower() if "." in name else ""
    start = decoded(part, 64)
    return Attachment(
        name=name,
        type=part.content_type,
        extension=extension,
        executable=extension in _EXECUTABLE or start.startswith(b"MZ"),
        archive=extension in _ARCHIVE
        or part.content_type in _ARCHIVE_TYPES
        or (start.startswith(_ARCHIVE_MAGIC) and extension not in _DOCUMENTS),
        html=extension in _HTML or part.content_type in _HTML_TYPES,
    )
