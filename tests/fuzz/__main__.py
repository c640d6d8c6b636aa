"""Runs the fuzz targets: ``make fuzz``, or ``python -m tests.fuzz header --seconds 30``.

The seconds are for all that run together. With atheris, which the tests' environment has where it
can be installed, what an input reaches in the code decides what is tried next; without it, or with
``--random``, inputs are altered at random. It ends with 1 when anything was found; the input that
did it is kept under ``.fuzz/``.
"""

from __future__ import annotations

import argparse
import sys

from tests.each import run_each, scripts
from tests.fuzz.guided import can_guide, fuzz_guided

PACKAGE = "tests.fuzz"
SECONDS = 240.0


def main() -> int:
    """Share the time among the targets, and run them."""
    targets = scripts(PACKAGE)
    parser = argparse.ArgumentParser(prog=f"python -m {PACKAGE}")
    parser.add_argument("target", nargs="*", help=f"of {', '.join(targets)}; all by default")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help=f"in all (default: {SECONDS:.0f})"
    )
    parser.add_argument("--random", action="store_true", help="not guided by coverage")
    options, rest = parser.parse_known_args()
    share = options.seconds / len(options.target or targets)
    if rest or options.random or not can_guide():
        return run_each(PACKAGE, [*options.target, "--seconds", str(share), *rest])
    if unknown := set(options.target) - set(targets):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    worst = 0
    for name in options.target or targets:
        print(f"\n== {name} ==", flush=True)
        worst = max(worst, fuzz_guided(name, share))
    return worst


if __name__ == "__main__":
    sys.exit(main())
