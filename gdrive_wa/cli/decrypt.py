"""``gdrive-wa decrypt``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gdrive_wa.cli import interrupt, talk
from gdrive_wa.cli.keys import find_key
from gdrive_wa.cli.options import json_option, key_option
from gdrive_wa.errors import UsageError
from gdrive_wa.model import Outcome, Report
from gdrive_wa.progress import Stage

if TYPE_CHECKING:
    from gdrive_wa.crypt.keys import Key


@click.command("decrypt")
@click.argument("src", type=click.Path(path_type=Path))
@click.argument("dest", type=click.Path(path_type=Path), required=False)
@key_option
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="How many files of a folder at the same time.",
)
@json_option
def command(
    *, src: Path, dest: Path | None, key_file: Path | None, jobs: int, as_json: bool
) -> int:
    """Decrypt SRC, a file or a whole folder of blobs, to DEST.

    What each file is is told by its content. DEST is by default beside SRC, without .cryptNN.
    """
    from gdrive_wa.crypt.tree import decrypt_tree  # noqa: PLC0415 - ciphers are slow to import

    if not src.exists():
        raise UsageError(f"{src} is not there", hint="name a file or folder that is there")
    key = find_key(key_file)
    with interrupt.graceful():
        if src.is_dir():
            target = dest or src.with_name(f"{src.resolve().name}-decrypted")
            report = decrypt_tree(src, target, key, jobs=jobs, progress=talk.progress())
        else:
            report = _one(src, dest, key)
    return talk.print_report(report, "decrypted", as_json=as_json)


def _one(src: Path, dest: Path | None, key: Key | None) -> Report:
    from gdrive_wa.crypt.decrypt import decrypt_file  # noqa: PLC0415 - ciphers are slow to import
    from gdrive_wa.crypt.recognise import plain_name  # noqa: PLC0415

    if dest is None:
        dest = src.with_name(Path(plain_name(src.name, "unknown")).name)
    elif dest.is_dir():
        dest /= Path(plain_name(src.name, "unknown")).name
    if dest.resolve() == src.resolve():
        raise UsageError(
            f"{src.name} would be written over itself", hint="name a target: decrypt SRC DEST"
        )
    started = time.monotonic()
    progress = talk.progress()
    progress.begin(Stage.DECRYPT, items=1, total_bytes=src.stat().st_size)
    try:
        done = decrypt_file(src, dest, key, progress=progress)
    finally:
        progress.end(Stage.DECRYPT)
    for note in done.notes:
        talk.voice().say(f"{src.name}: {note}")
    outcome = Outcome(path=str(src), file=str(dest), bytes=done.size)
    return Report(done=[outcome], bytes=done.size, seconds=time.monotonic() - started)
