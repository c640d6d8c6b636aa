"""The group of all commands; each is imported only when it is run."""

from __future__ import annotations

import importlib

import click

from gdrive_wa.cli import output
from gdrive_wa.core.version import VERSION

_COMMANDS = {
    "login": "Sign in to Google",
    "logout": "Revoke a login, and remove it from this machine",
    "whoami": "Show who is signed in",
    "backups": "List the backups of an account or folder",
    "ls": "List what a backup contains",
    "download": "Copy the stored blobs as they are, verified",
    "decrypt": "Decrypt a file, or a whole folder",
    "restore": "Restore every voice note into a folder, with a page to listen to",
    "notes": "Show the voice notes of a restored archive",
    "verify": "Check every file of an archive",
    "export": "Write voice notes as m4a or mp3, or one file for each chat",
    "transcribe": "Write down what is said in the voice notes, on this machine",
    "share": "Copy chosen voice notes into a folder or ZIP to give away",
    "page": "Write the page of an archive again",
    "inspect": "Show what a backup file reveals without a key",
    "key": "Check a key, or make a key file from the 64 digits",
    "demo": "Restore a sample backup: no account, no key, no network",
    "emulator": "Imitate Google with a sample account, for experiments",
    "doctor": "Show what is set up, what is missing, and what to do",
}


def _set(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: ARG001 - click's signature
    if value:
        setattr(output.messages(), str(param.name), True)


def _add_volume_options(command: click.Command) -> None:
    """Add ``--quiet`` and ``--verbose`` to `command` and its subcommands: people write options
    last, and an error's hint may suggest ``--verbose``.
    """
    if any(param.name == "quiet" for param in command.params):
        return
    command.params += [
        click.Option(
            [f"--{name}", f"-{name[0]}"],
            is_flag=True,
            hidden=True,
            expose_value=False,
            is_eager=True,
            callback=_set,
        )
        for name in ("quiet", "verbose")
    ]
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _add_volume_options(inner)


class Lazy(click.Group):
    """A group of commands in modules of their own, each imported when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of all commands, in the order of the help."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command's module, and return the command."""
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"gdrive_wa.cli.{cmd_name}").command
        _add_volume_options(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command(
    cls=Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with: gdrive-wa demo",
)
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
@click.option("--verbose", "-v", is_flag=True, help="Show where an error happened.")
@click.version_option(VERSION, prog_name="gdrive-wa")
def app(*, quiet: bool, verbose: bool) -> None:
    """Fetch your own WhatsApp backup from Google, decrypt it with your own key, and keep every
    voice note: named by who said it and when, in a page to listen to.
    """
    messages = output.messages()
    messages.quiet = quiet
    messages.verbose = verbose
