"""Downloads beside wabdd's and curl's, from an emulator that answers as slowly as Google does.

``python -m tests.benchmarks.transfer [--quick]``
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gdrive_wa.emulation.bulk import BulkAccount, make_bulk
from gdrive_wa.emulation.faults import Faults
from gdrive_wa.emulation.server import Emulator
from gdrive_wa.transfer.fetch import JOBS
from tests.benchmarks.measure import PEERS, ROOT, Measured, measure, show

DELAY = 0.030
CONNECT_DELAY = 0.060
"""Seconds before each answer, and before the first one of a connection."""
WABDD = ROOT / "tests" / "emulation" / "wabdd_at.py"
SERVE = "--serve"


def main(arguments: list[str]) -> int:
    """Measure and print; with ``--quick`` a tenth of it."""
    if arguments[:1] == [SERVE]:
        return serve(Path(arguments[1]), slow=arguments[2:] == ["slow"])
    quick = "--quick" in arguments
    with tempfile.TemporaryDirectory(prefix="gdrive-wa-bench-") as scratch:
        many_small(Path(scratch), count=300 if quick else 3000)
        one_large(Path(scratch), size=(200 if quick else 2000) * 1_000_000)
    return 0


def many_small(scratch: Path, *, count: int) -> None:
    """Voice notes: what counts is how long each request waits, and how often one is begun.

    Nothing is deleted in between: for some seconds ext4 makes new files more slowly after that.
    """
    account = make_bulk(scratch / "many", count=count, size=40_000)
    rows: list[tuple[str, Measured]] = []
    with served(account, slow=True) as root:
        listed(root)  # the emulator hashes its blobs at the first listing, whoever asks for it
        rows.append(("gdrive-wa", download(root, scratch / "out", jobs=JOBS)))
        few = download(root, scratch / "few", jobs=8)
        rows.append(("gdrive-wa --jobs 8", few))
        if WABDD.exists() and (PEERS / "wabdd").exists():
            rows.append(("wabdd download, 8 threads", wabdd(root, account, scratch)))
    title = f"{count} blobs of 40 KB, 30 ms a request, 60 ms a new connection, {JOBS} jobs"
    show(title, rows)
    ideal = count * DELAY / 8
    print(f"  with 8 jobs: {few.seconds / ideal:.2f} x number x delay / jobs ({ideal:.2f} s)")


def one_large(scratch: Path, *, size: int) -> None:
    """A database or a film: what counts is how fast bytes go from the socket to the disk."""
    account = make_bulk(scratch / "one", count=1, size=size)
    rows: list[tuple[str, Measured]] = []
    with served(account, slow=False) as root:
        rows.append(("gdrive-wa", download(root, scratch / "large", jobs=JOBS)))
        if curl := shutil.which("curl"):
            blob = next(path for path in (account.folder / "backup").rglob("*") if path.is_file())
            path = blob.relative_to(account.folder / "backup").as_posix().replace(" ", "%20")
            url = f"{root}/v1/clients/wa/backups/15550100/files/{path}?alt=media"
            token = f"Authorization: Bearer {account.token.reveal()}"
            out = scratch / "curl.out"
            rows.append(("curl -o", measure([curl, "-sf", "-H", token, "-o", str(out), url])))
            assert out.stat().st_size == size
            rows.append(("md5sum of it", measure(["md5sum", str(out)])))
            out.unlink()
    show(f"one blob of {size / 1e9:.1f} GB over the loopback", rows)


def download(root: str, dest: Path, *, jobs: int) -> Measured:
    command = ["-m", "gdrive_wa", "download", str(dest), "--endpoint", root, "--jobs", str(jobs)]
    return measure([sys.executable, *command])


def listed(root: str) -> None:
    measure([sys.executable, "-m", "gdrive_wa", "ls", "--json", "--endpoint", root])


def wabdd(root: str, account: BulkAccount, scratch: Path) -> Measured:
    token, out = scratch / "token.txt", scratch / "wabdd"
    token.write_text(account.token.reveal())
    return measure(
        [PEERS / "python", WABDD, root, "download", "--token-file", token, "--output", out]
    )


@contextmanager
def served(account: BulkAccount, *, slow: bool) -> Iterator[str]:
    """An emulator in a process of its own, as Google would be; its root."""
    os.environ["GDRIVE_WA_ACCESS_TOKEN"] = account.token.reveal()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.transfer", SERVE, str(account.folder)]
        + (["slow"] if slow else []),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.communicate("")


def serve(folder: Path, *, slow: bool) -> int:
    """Serve until stdin ends."""
    faults = Faults(delay=DELAY, connect_delay=CONNECT_DELAY) if slow else None
    with Emulator(folder, faults=faults) as emulator:
        print(emulator.root, flush=True)
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
