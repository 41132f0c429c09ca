"""One side of `bench.speed.versus`: judges mail of a folder with the ndrfilter that PYTHONPATH names, as it is told.

    turns.py CONFIGURATION FOLDER SENDER     the files 0, 1, … of FOLDER

Reads `FROM TO` from standard input, line by line, judges these files, and writes the nanoseconds of processor time.
"""

import gc
import sys
from pathlib import Path
from time import thread_time_ns

from ndrfilter import Envelope, Filter

judge = Filter.from_config(sys.argv[1])
raws = [(Path(sys.argv[2]) / str(number)).read_bytes() for number in range(len(list(Path(sys.argv[2]).iterdir())))]
envelope = Envelope(sender=sys.argv[3])
gc.freeze()
for line in sys.stdin:
    first, last = map(int, line.split())
    began = thread_time_ns()
    for raw in raws[first:last]:
        judge.check(raw, envelope=envelope)
    print(thread_time_ns() - began, flush=True)
