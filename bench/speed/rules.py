"""Cost against the number of rules: the same bounces by 40 made rules, by 1,000, and by the shipped ones."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from time import process_time

from bench.speed import inprocess
from bench.speed.figures import Figure, Report
from bench.speed.installed import SITE, Options
from bench.speed.mails import mails
from ndrfilter import Filter

COUNTS = (40, 200, 1_000)
_HEADERS = ("X-Mailer", "X-Originating-IP", "List-Id", "X-Campaign", "Organization", "User-Agent", "X-Report-Abuse")
_NAMES = (
    "north", "south", "east", "west", "alpha", "bravo", "delta", "metro", "nova", "orbit", "pixel", "quartz", "river",
    "summit", "terra", "umbra",
)  # fmt: skip
_PHRASES = (
    "account suspended", "mailbox over quota", "message held", "greylisted, try again", "blocked using", "rate limited",
    "policy violation", "relay access denied", "unknown user", "content rejected", "temporarily deferred", "spam score",
)  # fmt: skip
_SHAPES = (
    'headers["{header}"].first matches /{name}-?{number}/i',
    'subject contains~ "{phrase} {number}"',
    'body.text contains~ "{phrase} by {name}{number}"',
    "body.text matches /{name}[0-9]+ {phrase}|{phrase} {number}/i",
    'any l in body.links: l.domain within "{name}{number}.example"',
    'returned and original.stranger.rdns within "{name}{number}.example"',
    "returned and original.stranger.ip in 100.{high}.{low}.0/24",
    'returned and original.sender.domain within "{name}{number}.example"',
    'returned and original.headers["{header}"].first contains~ "{name}{number}"',
    "returned and original.subject matches /^(re|fwd): .*{name} ?{number}/i",
    "returned and any r in bounce.recipients: r.diagnostic matches /{phrase} \\({name}{number}\\)/i",
    'returned and any h in original.trace: h.by within "{name}{number}.example"',
    'bounce.mta within "{name}{number}.example" and bounce.recipients.count > 3',
    'bounce.client_ip in 100.{high}.{low}.0/24 or bounce.client_name within "{name}{number}.example"',
    'author.domain == "{name}{number}.example" and envelope.null and not returned',
)
"""What a postmaster writes: of each kind one, over and over, with names and numbers of its own."""


def made(count: int) -> str:
    """So many rules that differ from each other, and that hardly any mail hits."""
    chance = random.Random(count)
    lines = ["language 1", ""]
    for number in range(count):
        condition = _SHAPES[number % len(_SHAPES)].format(
            header=chance.choice(_HEADERS), name=chance.choice(_NAMES), number=number, phrase=chance.choice(_PHRASES),
            high=64 + number // 250, low=number % 250,
        )  # fmt: skip
        lines += [
            f"rule MADE_{number} {{",
            f'  describe "made rule {number}"',
            f"  when     {condition}",
            f"  toward   {('backscatter', 'genuine')[number % 2]} 0.1",
            '  because  "It is a rule among many."',
            "}",
        ]
    return "\n".join(lines) + "\n"


def run(options: Options) -> Report:
    """Processor time of a bounce, in process; the rules are compiled and indexed before."""
    mail = mails(20 if options.quick else 300)
    notes = [mail.note, "Made rules are of fifteen kinds: header, body, links, origin, diagnostics, client."]
    figures, alone, chosen = [], {}, COUNTS[:2] if options.quick else COUNTS
    with tempfile.TemporaryDirectory(prefix="ndrfilter-bench-") as name:
        for shipped, counts in ((False, chosen), (True, (0, chosen[-1]))):
            for count in counts:
                began = process_time()
                judge = _filter(Path(name, f"{count}-{shipped}"), count, shipped=shipped)
                judge.prepare()
                loading = process_time() - began
                taken = inprocess.seconds(judge, mail.bounces, inprocess.NULL, 1 if options.quick else 3)
                words = " and ".join(["the shipped rules"] * shipped + [f"{count:,} made rules"] * bool(count))
                figures.append(Figure(f"a bounce by {words}", taken * 1e6, "µs"))
                figures.append(Figure(f"compiling and indexing {words}", loading, "s"))
                if not shipped:
                    alone[count] = taken
    few, most = chosen[0], chosen[-1]
    ratio = alone[most] / alone[few]
    figures.sort(key=lambda one: one.unit, reverse=True)
    figures.append(Figure(f"a bounce by {most:,} rules to one by {few}", ratio, "×", most=2.0, aim=1.3))
    return Report("Cost against the number of rules", figures, notes)


def _filter(folder: Path, count: int, *, shipped: bool) -> Filter:
    (folder / "rules").mkdir(parents=True)
    (folder / "rulesets").mkdir()
    (folder / "rules" / "made.ndr").write_text(made(count) if count else "language 1\n")
    chosen = '["*"]' if shipped else '["MADE_*"]'
    (folder / "rulesets" / "made.yml").write_text(f"required: {{origin: 5.0, fake: 5.0}}\nrules: {chosen}\n")
    config = folder / "ndrfilter.yml"
    config.write_text(SITE.replace("ruleset: default", "ruleset: made"))
    return Filter.from_config(config)
