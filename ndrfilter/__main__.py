"""`python -m ndrfilter`, and the entry point of the installed command."""

from __future__ import annotations

import sys

from ndrfilter.cli import main as _main


def main() -> int:
    """Run the command line; returns the exit code."""
    return _main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
