"""Authentication-Results (RFC 8601) and Received-SPF (RFC 7208 section 9.1) in returned headers; which to believe."""

from __future__ import annotations

import re

from ndrfilter.facts.hosts import same_side
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndrfilter.message.model import Headers, Hop

_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"^\s*([a-z][a-z0-9-]*)\s*(?:/\s*\d+\s*)?=\s*([a-z]+)", re.I)
_PROPERTY = re.compile(r"(?:smtp\.mailfrom|smtp\.helo|header\.from|header\.d|header\.i)\s*=\s*\"?([^\s;\"]+)", re.I)
_SPF_FROM = re.compile(r"envelope-from\s*=\s*\"?<?([^\s;\">]+)", re.I)
_FIELDS = frozenset({"authentication-results", "arc-authentication-results", "received-spf"})


class AuthResult(Noun):
    """One result as rules see it."""

    method: str
    result: str
    domain: str | None
    by: str
    believed: bool


def results(headers: Headers, trace: tuple[Hop, ...], depth: int, reporting: str) -> tuple[AuthResult, ...]:
    """Every result in the header; believed if it stands above hop `depth` and its writer is that hop's side."""
    if not any(name in headers for name in _FIELDS):
        return ()
    recorders = {hop.by for hop in trace[: depth + 1] if hop.by} | ({reporting} if reporting else set())
    found: list[AuthResult] = []
    received = 0
    for field in headers:
        name = field.name.lower()
        if name == "received":
            received += 1
        elif name in _FIELDS:
            above = depth >= 0 and received <= depth
            for method, result, domain, by in _parse(name, field.text):
                known = name == "received-spf" or any(by == host or same_side(by, host) for host in recorders)
                found.append(AuthResult(method, result, domain, by, above and known))
    return tuple(found)


def _parse(name: str, text: str) -> Iterator[tuple[str, str, str | None, str]]:
    if name == "received-spf":
        words = text.split(None, 1)
        if words:
            match = _SPF_FROM.search(text)
            yield "spf", words[0].lower(), _domain(match.group(1)) if match else None, ""
        return
    clauses = _COMMENT.sub(" ", text).split(";")
    if name.startswith("arc-"):
        clauses = clauses[1:]
    by = clauses[0].split()[0].lower() if clauses and clauses[0].split() else ""
    for clause in clauses[1:]:
        if match := _RESULT.match(clause):
            prop = _PROPERTY.search(clause)
            yield match.group(1).lower(), match.group(2).lower(), _domain(prop.group(1)) if prop else None, by


def _domain(value: str) -> str | None:
    return value.rpartition("@")[2].strip("<>.").lower() or None
