"""``gdrive-wa transcribe``."""

from __future__ import annotations

from pathlib import Path

import click

from gdrive_wa.cli import interrupt, output
from gdrive_wa.cli.options import PATH, cluster_option, json_option, timezone_option
from gdrive_wa.core.arguments import as_zone


@click.command("transcribe")
@click.argument("archive", type=PATH)
@click.option(
    "--model",
    metavar="NAME|FOLDER",
    default="small",
    show_default=True,
    help="A Whisper model (tiny, base, small, medium, large-v3, turbo), or a folder with one.",
)
@click.option(
    "--language", metavar="CODE", help="The language spoken, such as de.  [default: detected]"
)
@click.option("--chat", metavar="NAME", help="Only chats with NAME in their name.")
@click.option(
    "--device",
    type=click.Choice(("auto", "cpu", "cuda")),
    default="auto",
    show_default=True,
    help="Where the model runs.",
)
@cluster_option
@timezone_option
@json_option
def command(
    *,
    archive: Path,
    model: str,
    language: str | None,
    chat: str | None,
    device: str,
    cluster: str | None,
    zone: str | None,
    as_json: bool,
) -> int:
    """Write down what is said in the voice notes of ARCHIVE, on this machine.

    The transcripts are added to the page and the lists, marked with the model's name. Run it
    again at any time: it continues. Larger models understand more and take longer. Needs an extra:
    pip install "gdrive-wa[transcribe]"
    """
    timezone = as_zone(zone)
    from gdrive_wa.jobs.transcribe import transcribe  # noqa: PLC0415 - only when run

    with interrupt.graceful():
        report = transcribe(
            archive,
            model=model,
            language=language,
            chat=chat,
            device=device,
            cluster=cluster,
            timezone=timezone,
            progress=output.progress(),
        )
    return output.print_report(report, "transcribed", as_json=as_json, what="voice note")
