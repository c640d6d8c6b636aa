"""Generate the package's protobuf modules: ``python proto/generate.py [FOLDER]``.

The generated modules are committed, so that users need no compiler; a test generates them again
and compares.
"""

from __future__ import annotations

import sys
from pathlib import Path

from grpc_tools import protoc

SOURCE = Path(__file__).resolve().parent
TARGET = SOURCE.parent / "gdrive_wa" / "pb"


def generate(target: Path) -> list[Path]:
    """Generate every ``.proto`` of this folder into `target`; what was written."""
    sources = sorted(SOURCE.glob("*.proto"))
    arguments = ["protoc", f"-I{SOURCE}", f"--python_out={target}", f"--pyi_out={target}"]
    status = protoc.main([*arguments, *(source.name for source in sources)])
    if status != 0:
        raise SystemExit(status)
    return sorted(target.glob("*_pb2.py*"))


if __name__ == "__main__":
    for path in generate(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET):
        print(path)
