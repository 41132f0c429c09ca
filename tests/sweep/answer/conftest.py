"""The rows and mailboxes written by hand live in `made_rows`, beside this file."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
