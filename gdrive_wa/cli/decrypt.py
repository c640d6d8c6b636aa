"""``gdrive-wa decrypt``."""

from __future__ import annotations

from pathlib import Path

import click

from gdrive_wa.cli import interrupt, output
from gdrive_wa.cli.keys import find_key
from gdrive_wa.cli.options import PATH, TEXT_PATH, cluster_option, json_option, key_option
from gdrive_wa.core.errors import DamagedError, KeyFailure
from gdrive_wa.core.model import Outcome, Report


@click.command("decrypt")
@click.argument("src", type=PATH)
@click.argument("dest", type=TEXT_PATH, required=False)
@key_option
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(1, 64),
    default=None,
    help="How many files to decrypt at the same time.  [default: one for each core]",
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
    """Decrypt SRC, a file or a folder of blobs, to DEST.

    The format of each file is recognised by its content. By default, DEST is next to SRC, without
    .cryptNN; a media file gets its original name from the metadata file next to it.
    """
    from gdrive_wa.jobs.decrypt import decrypt, require_source  # noqa: PLC0415 - ciphers are slow

    require_source(src)
    key = find_key(key_file)
    with interrupt.graceful():
        try:
            report = decrypt(
                src, dest or None, key, jobs=jobs, cluster=cluster, progress=output.progress()
            )
        except (DamagedError, KeyFailure) as error:
            if as_json and not src.is_dir():
                output.print_json(Report(failed=[Outcome.failed(str(src), error)]).to_json())
            raise
    return output.print_report(report, "decrypted", as_json=as_json)
