"""``gdrive-wa decrypt``."""

from __future__ import annotations

from pathlib import Path

import click

from gdrive_wa.cli import interrupt, talk
from gdrive_wa.cli.keys import find_key
from gdrive_wa.cli.options import PATH, PLACE, cluster_option, json_option, key_option
from gdrive_wa.core.errors import DamagedError, KeyFailure
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
@cluster_option
@json_option
def command(
    *,
    src: Path,
    dest: str | None,
    key_file: Path | None,
    jobs: int | None,
    cluster: str | None,
    as_json: bool,
) -> int:
    """Decrypt SRC, a file or a whole folder of blobs, to DEST.

    What each file is is told by its content. DEST is by default beside SRC, without .cryptNN; a
    media file gets its own name from the metadata beside it.
    """
    from gdrive_wa.jobs.decrypt import decrypt, require_source  # noqa: PLC0415 - ciphers are slow

    require_source(src)
    key = find_key(key_file)
    with interrupt.graceful():
        try:
            report = decrypt(
                src, dest or None, key, jobs=jobs, cluster=cluster, progress=talk.progress()
            )
        except (DamagedError, KeyFailure) as error:
            if as_json and not src.is_dir():
                talk.print_json(Report(failed=[Outcome.failed(str(src), error)]).to_json())
            raise
    return talk.print_report(report, "decrypted", as_json=as_json)
