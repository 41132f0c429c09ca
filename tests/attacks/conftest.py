"""What the attacks share; the bounces are built in `attack_mail`, beside this file."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from attack_mail import judge

__all__ = ["judge"]
