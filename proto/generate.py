"""Generate the package's protobuf modules: ``python proto/generate.py [FOLDER]``.

The generated modules are committed, so that users need no compiler; a test generates them again
and compares. The compiler is an old one on purpose: code of later compilers refuses every runtime
older than the compiler, and this package must work with programs that pin an older runtime.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from protoc import PROTOC_EXE

SOURCE = Path(__file__).resolve().parent
TARGET = SOURCE.parent
NAMED = "gdrive_wa/pb"
"""Where the sources are, as the modules name it. All of a process's protobuf files share one
table of names, and other programs have a ``backup_prefix.proto`` as well."""


def generate(target: Path) -> list[Path]:
    """Generate every ``.proto`` of this folder into ``gdrive_wa/pb`` of `target`; the files."""
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
