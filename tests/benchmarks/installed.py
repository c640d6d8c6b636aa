"""The size of an installation without extras: this package and its dependencies.

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
        before = _sizes(work.folder)
        subprocess.run([pip, "install", "-qq", ROOT], check=True)
        after = _sizes(work.folder)
    added = {name: size - before.get(name, 0) for name, size in after.items()}
    total = sum(added.values()) / 1e6
    print(f"\ninstalled: {total:.0f} MB, the largest of it")
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


if __name__ == "__main__":
    main(sys.argv[1:])
    print_budget()
