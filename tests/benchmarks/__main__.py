"""Runs every benchmark and prints the performance budget: each figure with its limit.

    python -m tests.benchmarks [NAME …] [--quick] [--huge] [--folder FOLDER]

``--quick`` does a tenth of everything, in which starting a program counts for more than it
should; ``--huge`` adds a container of 4 GB. Files are written to memory (``/dev/shm``) if there
is enough, or to ``--folder``. Nothing fails when a limit is exceeded.
"""

from __future__ import annotations

import sys

from tests.benchmarks.table import print_budget
from tests.each import run_each

if __name__ == "__main__":
    code = run_each("tests.benchmarks", sys.argv[1:])
    print_budget()
    sys.exit(code)
