"""Generate the package's protobuf modules: ``python proto/generate.py [FOLDER]``.

The generated modules are committed, so that users need no compiler; a test regenerates and compares
them. The compiler is old on purpose: code from later compilers refuses every runtime older than the
compiler, and this package must work with programs that pin an older runtime.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from protoc import PROTOC_EXE

SOURCE = Path(__file__).resolve().parent
TARGET = SOURCE.parent
NAMED = "gdrive_wa/pb"
"""The path by which the modules call their sources. All protobuf files of a process share one table
of names, and other programs have a ``backup_prefix.proto`` as well."""


def generate(target: Path) -> list[Path]:
    """Compile every ``.proto`` in this folder to ``gdrive_wa/pb`` in `target`; return the files."""
    names = sorted(f"{NAMED}/{source.name}" for source in SOURCE.glob("*.proto"))
    (target / NAMED).mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [
            PROTOC_EXE,
            f"--proto_path={NAMED}={SOURCE}",
            f"--python_out={target}",
            f"--pyi_out={target}",
            *names,
        ],
        check=True,
    )
    return sorted((target / NAMED).glob("*_pb2.py*"))


if __name__ == "__main__":
    for path in generate(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET):
        print(path)
