"""Work over the network compared with wabdd and curl, from an emulator as slow as Google.

python -m tests.benchmarks transfer [--quick] [--folder FOLDER]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gdrive_wa.emulation.bulk import BulkAccount, make_bulk
from gdrive_wa.emulation.faults import Faults
from gdrive_wa.emulation.server import Emulator
from tests.benchmarks.measure import OURS, PEERS, ROOT, Measured, measure, show
from tests.benchmarks.phone import TOKEN, make_sealed, write_digits
from tests.benchmarks.table import Reach, compare, print_budget
from tests.benchmarks.workspace import Workspace, parse, workspace

DELAY = 0.030
CONNECT_DELAY = 0.060
"""Seconds before each answer, and before the first one of a connection."""
WABDD = ROOT / "tests" / "emulation" / "wabdd_at.py"
SERVE = "--serve"


NOTES = 3_000
LARGE = 2_000_000_000


def main(arguments: Sequence[str]) -> int:
    """Measure and print; or serve an account, when started for that."""
    if arguments[:1] == [SERVE]:
        return serve(Path(arguments[1]), slow=arguments[2:] == ["slow"])
    options = parse(arguments)
    with workspace(options) as work:
        many_small(work, count=options.few(NOTES))
        whole_job(work, count=options.few(NOTES))
        one_large(work, size=options.few(LARGE))
    return 0


def many_small(work: Workspace, *, count: int) -> None:
    """Voice notes: what counts is how long each request waits, and what a blob costs us."""
    account = make_bulk(work.folder / "many", count=count, size=40_000)
    out, few, peer = work.folder / "out", work.folder / "few", work.folder / "wabdd"
    title = f"{count} blobs of 40 KB over the network"
    with served(account.folder, account.token.reveal(), slow=True) as root:
        listed(root)  # the emulator hashes its blobs at the first listing, whoever asks for it
        rows = [
            ("gdrive-wa", download(root, out)),
            ("gdrive-wa --jobs 8", download(root, few, jobs=8)),
        ]
        if (PEERS / "wabdd").exists():
            rows.append(("wabdd download, 8 threads", wabdd(root, account, peer)))
            compare(title, rows[0][1], "wabdd download", rows[2][1], Reach(wall=0.2, cpu=0.4))
    show(f"{title}, 30 ms a request, 60 ms a new connection", rows)
    ideal = count * DELAY / 8
    print(
        f"  with 8 jobs: {rows[1][1].seconds / ideal:.2f} x number x delay / jobs ({ideal:.2f} s)"
    )
    work.drop(account.folder, out, few, peer)


def whole_job(work: Workspace, *, count: int) -> None:
    """The main job over the network: what it takes beyond fetching the same blobs."""
    account, archive, out = work.folder / "sealed", work.folder / "archive", work.folder / "blobs"
    make_sealed(account, count, sidecars=False)
    digits = write_digits(work.folder)
    title = f"restore {count} notes over the network"
    with served(account, TOKEN, slow=True) as root:
        listed(root)
        fetched = download(root, out)
        command = (*OURS, "restore", archive, "--endpoint", root, "--key-file", digits)
        rows = [("gdrive-wa", measure(command)), ("gdrive-wa download", fetched)]
    found = sum(path.suffix == ".opus" for path in (archive / "Voice notes").rglob("*"))
    if found != count:
        raise SystemExit(f"restored {found} of {count} notes")
    compare(title, rows[0][1], "our own download", fetched, Reach(wall=1.1))
    show(title, rows)
    work.drop(account, archive, out)


def one_large(work: Workspace, *, size: int) -> None:
    """A database: what counts is how fast bytes go from the socket to the disk."""
    account = make_bulk(work.folder / "one", count=1, size=size)
    blob = account.folder / "backup" / "Databases" / "msgstore.db.crypt15"
    blob.parent.mkdir(exist_ok=True)
    next((account.folder / "backup").rglob("*.opus")).rename(blob)
    large, out = work.folder / "large", work.folder / "curl.out"
    with served(account.folder, account.token.reveal(), slow=False) as root:
        rows = [("gdrive-wa", download(root, large))]
        work.drop(large)
        if curl := shutil.which("curl"):
            path = blob.relative_to(account.folder / "backup").as_posix()
            url = f"{root}/v1/clients/wa/backups/15550100/files/{path}?alt=media"
            token = f"Authorization: Bearer {account.token.reveal()}"
            rows.append(("curl -o", measure([curl, "-sf", "-H", token, "-o", out, url])))
            assert out.stat().st_size == size
            rows.append(("md5sum of it", measure(["md5sum", out])))
    show(f"one blob of {size / 1e9:.1f} GB over the loopback", rows)
    work.drop(account.folder, out)


def download(root: str, dest: Path, *, jobs: int | None = None) -> Measured:
    """Our own download, with as many jobs as it likes."""
    given = ("--jobs", str(jobs)) if jobs else ()
    return measure((*OURS, "download", dest, "--endpoint", root, *given))


def listed(root: str) -> None:
    measure((*OURS, "ls", "--json", "--endpoint", root))


def wabdd(root: str, account: BulkAccount, out: Path) -> Measured:
    token = account.folder / "token.txt"
    token.write_text(account.token.reveal())
    return measure(
        [PEERS / "python", WABDD, root, "download", "--token-file", token, "--output", out]
    )


@contextmanager
def served(account: Path, token: str, *, slow: bool) -> Iterator[str]:
    """An emulator in a process of its own, as Google would be; its root."""
    os.environ["GDRIVE_WA_ACCESS_TOKEN"] = token
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.transfer", SERVE, str(account)]
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
        del os.environ["GDRIVE_WA_ACCESS_TOKEN"]


def serve(folder: Path, *, slow: bool) -> int:
    """Serve until stdin ends."""
    faults = Faults(delay=DELAY, connect_delay=CONNECT_DELAY) if slow else None
    with Emulator(folder, faults=faults) as emulator:
        print(emulator.root, flush=True)
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    print_budget()
    sys.exit(code)
