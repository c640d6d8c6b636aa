"""The size of an installation without extras: this package, its dependencies, and the byte code
that Python compiles of them.

python -m tests.benchmarks installed
"""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.measure import ROOT
from tests.benchmarks.table import Reach, enter, print_budget
from tests.benchmarks.workspace import parse, workspace


def main(arguments: Sequence[str]) -> None:
    """Install into a folder of its own, and print its content."""
    with workspace(parse(arguments)) as work:
        venv.create(work.folder / "venv", with_pip=True)
        pip = next((work.folder / "venv").glob("*/pip*"))
        before, compiled_before = _sizes(work.folder), _byte_code(work.folder)
        subprocess.run([pip, "install", "-qq", "--compile", ROOT], check=True)
        after, compiled = _sizes(work.folder), _byte_code(work.folder) - compiled_before
    added = {name: size - before.get(name, 0) for name, size in after.items()}
    total = sum(added.values()) / 1e6
    print(f"\ninstalled: {total:.0f} MB, {compiled / 1e6:.0f} of them byte code; the largest of it")
    for name, size in sorted(added.items(), key=lambda item: -item[1])[:8]:
        print(f"  {name:34} {size / 1e6:8.1f} MB")
    enter("installed, without extras (MB)", total, Reach(memory=170))


def _sizes(folder: Path) -> dict[str, int]:
    """Bytes of everything that is installed, by the first part of its name."""
    sizes: dict[str, int] = {}
    for site in folder.rglob("site-packages"):
        for path in site.rglob("*"):
            if path.is_file() and not path.is_symlink():
                name = path.relative_to(site).parts[0]
                sizes[name] = sizes.get(name, 0) + path.stat().st_size
    return sizes


def _byte_code(folder: Path) -> int:
    """Bytes of the byte code in it."""
    return sum(path.stat().st_size for path in folder.rglob("*.pyc"))


if __name__ == "__main__":
    main(sys.argv[1:])
    print_budget()
