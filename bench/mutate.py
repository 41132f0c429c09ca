"""Breaks messages of an archive in seeded, repeatable ways, touches all that the scanner offers, and judges them.

    python -m bench.mutate --corpus DIR [--count 100000] [--seed 1]

Prints exceptions, and parts of us that failed without one, with the number that repeats them, and the slowest
messages; exits 1 if there was any.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from pathlib import Path

from ndrfilter import Envelope, Filter
from ndrfilter.message import Message, parse

ATTRIBUTES = (
    "headers", "trace", "root", "parts", "defects", "report", "originals", "original", "text", "links",
    "attachments", "feedback", "disposition",
)  # fmt: skip
SITE = {
    "domains": ["example.com", "example.org"],
    "relays": ["mail.example.com", "192.0.2.0/24"],
    "complete": ["relays"],
}
MAX_BYTES = 200_000
SPLICES = (
    b"\0", b"\r", b"\n", b"\r\n", b"\n\n", b"--", b"\nReceived: ",
    b"\nContent-Type: multipart/mixed; boundary=x\n\n--x\n",
    b"=?utf-8?B?", b"?=", b"(", b")", b'"', b"<", b">", b";", b":", b"=", b"\xff\xfe", b"\x1b$B", b"\xe3\x81", b"[",
    b"Content-Transfer-Encoding: base64\n", b"\nContent-Type: message/rfc822\n\n", b"From ", b"> ", b"\t", b"\\", b"%",
    b"\nFinal-Recipient: rfc822; a@b\n", b"charset=utf-16", b"charset=punycode", b"begin 644 x\n",
    b"99999999999999999999",
)  # fmt: skip


def touch(message: Message) -> int:
    """Works out everything lazy; the number of things found."""
    found = sum(1 for name in ATTRIBUTES if getattr(message, name))
    for part in message.parts:
        found += len(part.encoding) + len(part.disposition) + len(part.filename)
    for original in message.originals:
        found += len(original.trace) + len(original.body) + original.full
        found += sum(len(field.text) for field in original.headers)
    return found + sum(len(field.text) for field in message.headers)


def judge(checker: Filter, data: bytes) -> None:
    """Judges the message; raises RuntimeError if a part of us failed and only said so."""
    result = checker.check(data, envelope=Envelope(sender="", recipients=["someone@example.com"]))
    failed = [*result.errors, *(one for one in result.undecided if "could not be evaluated" in one.cause)]
    if failed:
        raise RuntimeError(f"{failed}")


def mutate(data: bytes, chance: random.Random) -> bytes:
    """A few random injuries: splices, cuts, swaps, repeats, flipped bytes, other line ends."""
    for _ in range(chance.randint(1, 6)):
        at, length = chance.randrange(len(data) + 1), chance.choice((1, 4, 20, 200, 2000))
        match chance.randrange(8):
            case 0 | 1:
                data = data[:at] + chance.choice(SPLICES) * chance.choice((1, 1, 1, 3, 200)) + data[at:]
            case 2:
                data = data[:at] + data[at + length :]
            case 3:
                data = data[:at] + data[at : at + length] * chance.choice((2, 3, 30)) + data[at + length :]
            case 4:
                data = data[:at]
            case 5:
                data = data[:at] + chance.randbytes(min(length, 50)) + data[at + length :]
            case 6:
                data = data.replace(b"\r\n", b"\n").replace(b"\n", chance.choice((b"\r", b"\r\n", b"\n", b"\r\r\n")))
            case _:
                lines = data.split(b"\n")
                one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
                lines[one], lines[two] = lines[two], lines[one]
                data = b"\n".join(lines)
        data = data[:MAX_BYTES]
    return data


def main() -> int:
    """The command."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--corpus", type=Path, required=True, help="directory of messages")
    options.add_argument("--count", type=int, default=100_000, help="how many mutated messages")
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    seeds = [
        path for path in sorted(chosen.corpus.rglob("*")) if path.is_file() and 0 < path.stat().st_size < MAX_BYTES
    ]
    checker = Filter.from_config({"site": SITE})
    raised = 0
    slowest: list[tuple[float, str, int, int]] = []
    began = time.process_time()
    for number in range(chosen.count):
        chance = random.Random(chosen.seed * 1_000_003 + number)
        path = chance.choice(seeds)
        data = mutate(path.read_bytes(), chance)
        start = time.process_time()
        try:
            touch(parse(data))
            judge(checker, data)
        except Exception:
            raised += 1
            print(f"RAISED number {number} {path}\n{traceback.format_exc()}", file=sys.stderr)
        slowest.append((time.process_time() - start, str(path), number, len(data)))
        slowest = sorted(slowest, reverse=True)[:5] if len(slowest) > 500 else slowest
    print(f"{chosen.count} messages, {raised} exceptions, {time.process_time() - began:.1f} s CPU")
    for seconds, name, number, size in sorted(slowest, reverse=True)[:5]:
        print(f"  {seconds * 1000:8.2f} ms  {size:7d} bytes  number {number}  {name}")
    return 1 if raised else 0


if __name__ == "__main__":
    sys.exit(main())
