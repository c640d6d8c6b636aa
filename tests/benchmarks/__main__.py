"""Runs every benchmark: make bench, or python -m tests.benchmarks decrypt."""

from __future__ import annotations

import sys

from tests.each import run_each

if __name__ == "__main__":
    sys.exit(run_each("tests.benchmarks", sys.argv[1:]))
