"""Runs every module of a package of scripts, such as the benchmarks, or those that are named."""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module

USAGE = """usage: python -m {package} [NAME …] [OPTION …]

Runs {names}; all of them, or those that are named. Options go to each as they are."""


def run_each(package: str, arguments: list[str]) -> int:
    """The worst exit code of the modules' ``main(argv)``; those that have none are no scripts."""
    names = scripts(package)
    if {"-h", "--help"} & set(arguments):
        print(USAGE.format(package=package, names=", ".join(names)))
        return 0
    first = next((at for at, word in enumerate(arguments) if word.startswith("-")), len(arguments))
    chosen, options = arguments[:first], arguments[first:]
    unknown = sorted(set(chosen) - set(names))
    if unknown:
        print(
            f"no such script: {', '.join(unknown)}; there is: {', '.join(names)}", file=sys.stderr
        )
        return 2
    worst = 0
    for name in chosen or names:
        print(f"\n== {name} ==", flush=True)
        worst = max(worst, int(import_module(f"{package}.{name}").main(options) or 0))
    return worst


def scripts(package: str) -> list[str]:
    """The modules of `package` that have a ``main``."""
    found = pkgutil.iter_modules(import_module(package).__path__)
    names = sorted(module.name for module in found if module.name != "__main__")
    return [name for name in names if hasattr(import_module(f"{package}.{name}"), "main")]
