"""What a sweep costs, and what it finds: `ndrfilter sweep` as a process, over mailboxes made for it.

    python -m bench.sweep maildir [--messages 100000]   messages a second, memory
    python -m bench.sweep imap [--messages 20000]       the same over IMAP with TLS, and bytes fetched; needs Dovecot
    python -m bench.sweep verdicts                      an archive's bounces, half of their originals in Sent
    python -m bench.sweep all

Prints tables, with --markdown as for a page. --quick is a small form of everything, to see that it works. The mail is
that of an archive, where $NDRFILTER_SHARED names one, else the project's own.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench.speed import figures
from bench.sweep import measured

NAMES = {"maildir": (measured.maildir, 100_000), "imap": (measured.imap, 20_000), "verdicts": (measured.verdicts, 0)}
_QUICK = 100


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="+", choices=(*NAMES, "all"))
    parser.add_argument("--messages", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a small form, which only shows that it works")
    parser.add_argument("--markdown", action="store_true", help="print tables for a page")
    args = parser.parse_args()
    show = figures.markdown if args.markdown else figures.table
    print(figures.machine(), end="\n\n", flush=True)
    for name in NAMES if "all" in args.what else args.what:
        bench, usual = NAMES[name]
        number = args.messages or usual // (_QUICK if args.quick else 1)
        with tempfile.TemporaryDirectory(prefix="ndrfilter-sweep-") as home:
            print(show(bench(Path(home), number)), end="\n\n", flush=True)


main()
