"""The whole command line, for a launcher that cannot do it alone: `python -I whole.py filter …`."""

import sys
from runpy import run_module

if __name__ == "__main__":
    # By its place, so that it is this installation whatever the environment says.
    root = __file__.removesuffix("/ndrfilter/launch/whole.py")
    if root not in sys.path:
        sys.path.insert(0, root)
    run_module("ndrfilter", run_name="__main__")
