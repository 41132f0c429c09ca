"""RFC 5322 dates, the obsolete and the broken ones too, as seconds since the epoch."""

from __future__ import annotations

import re

_MONTHS = {
    name: number + 1
    for number, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
}
_ZONES = {
    "ut": 0, "utc": 0, "gmt": 0, "z": 0, "wet": 0, "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420,
    "mdt": -360, "pst": -480, "pdt": -420, "bst": 60, "cet": 60, "met": 60, "mez": 60, "cest": 120, "mest": 120,
    "mesz": 120, "eet": 120, "eest": 180, "msk": 180, "msd": 240, "jst": 540, "kst": 540, "hkt": 480, "ist": 330,
    "aest": 600, "nzst": 720,
}  # fmt: skip
_MONTH = r"([A-Za-z]{3})[a-z]{0,6}"
_TIME = r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:[.,]\d{1,9})?(?:\s{0,3}([AaPp][Mm])\b)?"
_ZONE = r"(?:\s{0,3}(?:GMT|UTC)?([+-]\d{2}:?\d{2})|\s{0,3}\(?([A-Za-z]{1,4})\b)?"
_USUAL = re.compile(rf"\b(\d{{1,2}})[\s,-]{{1,3}}{_MONTH}[\s,.-]{{1,3}}(\d{{2,4}})[\s,]{{1,3}}{_TIME}{_ZONE}")
_ASCTIME = re.compile(
    rf"\b{_MONTH}\s{{1,3}}(\d{{1,2}})\s{{1,3}}{_TIME}\s{{1,3}}(?:([A-Za-z]{{2,4}})\s{{1,3}})?(\d{{4}})(?:\s{{1,3}}([+-]\d{{4}}))?",
)
_ISO = re.compile(rf"\b(\d{{4}})-(\d{{2}})-(\d{{2}})[T ]{_TIME}{_ZONE}")
_MAX_CHARS = 200


def parse_date(text: str) -> float | None:
    """Seconds since the epoch, UTC; None where no date can be read. A missing zone is taken as UTC."""
    text = text[:_MAX_CHARS]
    if found := _USUAL.search(text):
        day, month, year, *clock = found.groups()
        return _epoch(int(year), _MONTHS.get(month.lower(), 0), int(day), *clock)
    if found := _ASCTIME.search(text):
        month, day, hour, minute, second, noon, name, year, offset = found.groups()
        return _epoch(int(year), _MONTHS.get(month.lower(), 0), int(day), hour, minute, second, noon, offset, name)
    if found := _ISO.search(text):
        year, month, day, *clock = found.groups()
        return _epoch(int(year), int(month), int(day), *clock)
    return None


def _epoch(
    year: int, month: int, day: int, hour: str, minute: str, second: str | None, noon: str | None,
    offset: str | None, zone: str | None,
) -> float | None:  # fmt: skip
    if year < 100:
        year += 2000 if year < 50 else 1900
    elif year < 1000:
        year += 1900
    hours = int(hour) % 12 + (12 if noon.lower() == "pm" else 0) if noon else int(hour)
    if not (1900 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= 31 and hours < 25 and int(minute) < 60):
        return None
    seconds = _days(year, month, day) * 86400 + hours * 3600 + int(minute) * 60 + min(int(second or 0), 60)
    return float(seconds - 60 * _offset(offset, zone))


def _offset(offset: str | None, zone: str | None) -> int:
    if offset:
        minutes = int(offset[1:3]) * 60 + int(offset[-2:])
        return -minutes if offset[0] == "-" else minutes
    return _ZONES.get(zone.lower(), 0) if zone else 0


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the proleptic Gregorian calendar; a day past the month's end runs into the next."""
    if month < 3:
        year, month = year - 1, month + 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719469
