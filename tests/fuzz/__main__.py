"""Runs the fuzz targets: ``make fuzz``, or ``python -m tests.fuzz header --seconds 30``.

The seconds are for all that run together. It ends with 1 when anything was found; the input that
did it is kept under ``.fuzz/``.
"""

from __future__ import annotations

import argparse
import sys

from tests.each import run_each, scripts

PACKAGE = "tests.fuzz"
SECONDS = 60.0


def main() -> int:
    """Share the time among the targets, and run them."""
    targets = scripts(PACKAGE)
    parser = argparse.ArgumentParser(prog=f"python -m {PACKAGE}")
    parser.add_argument("target", nargs="*", help=f"of {', '.join(targets)}; all by default")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="in all (default: 60)")
    options, rest = parser.parse_known_args()
    share = options.seconds / len(options.target or targets)
    return run_each(PACKAGE, [*options.target, "--seconds", str(share), *rest])


if __name__ == "__main__":
    sys.exit(main())
