"""``gdrive-wa decrypt``."""

from __future__ import annotations

from pathlib import Path

import click

from gdrive_wa.cli import interrupt, talk
from gdrive_wa.cli.keys import find_key
from gdrive_wa.cli.options import PATH, PLACE, json_option, key_option
from gdrive_wa.core.errors import DamagedError, KeyFailure, UsageError
from gdrive_wa.core.model import Outcome, Report


@click.command("decrypt")
@click.argument("src", type=PATH)
@click.argument("dest", type=PLACE, required=False)
@key_option
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(1, 64),
    default=None,
    help="How many files of a folder at the same time.  [default: one for each core]",
)
@json_option
def command(
    *, src: Path, dest: str | None, key_file: Path | None, jobs: int | None, as_json: bool
) -> int:
    """Decrypt SRC, a file or a whole folder of blobs, to DEST.

    What each file is is told by its content. DEST is by default beside SRC, without .cryptNN; a
    media file gets its own name from the metadata beside it.
    """
    from gdrive_wa.jobs.decrypt_folder import decrypt_tree  # noqa: PLC0415
    from gdrive_wa.jobs.decrypt_single import decrypt_single  # noqa: PLC0415 - ciphers are slow to import

    if not src.exists():
        raise UsageError(f"{src} is not there", hint="name a file or folder that is there")
    key = find_key(key_file)
    with interrupt.graceful():
        if src.is_dir():
            target = Path(dest) if dest else _beside(src)
            report = decrypt_tree(src, target, key, jobs=jobs, progress=talk.progress())
        else:
            try:
                report = decrypt_single(src, dest, key, progress=talk.progress())
            except (DamagedError, KeyFailure) as error:
                if as_json:
                    talk.print_json(Report(failed=[Outcome.failed(str(src), error)]).to_json())
                raise
    return talk.print_report(report, "decrypted", as_json=as_json)


def _beside(src: Path) -> Path:
    """The folder that is filled when none is named, also where SRC is ``.`` or ``..``."""
    whole = src.resolve()
    if not whole.name:
        raise UsageError("a whole disk is no backup", hint="name the folder that holds one")
    named = whole if src.name in ("", "..") else src
    return named.with_name(f"{whole.name}-decrypted")
