"""Open the sources of backups: Google's backup service, Drive, and local folders."""

from __future__ import annotations

from gdrive_wa.core.arguments import (
    PathLike,
    as_optional_secret,
    as_optional_text,
    as_path,
    as_text,
)
from gdrive_wa.core.errors import UsageError
from gdrive_wa.core.model import Secret
from gdrive_wa.sources.base import BackupSource

__all__ = ["connect", "open_folder"]


def connect(
    source: str = "backup",
    *,
    account: str | None = None,
    endpoint: str | None = None,
    folder: str | None = None,
    token: Secret | None = None,
) -> BackupSource:
    """Open a source of backups at Google, with a stored login or a token.

    Args:
        source: ``backup`` (Google's backup service), ``appdata`` (the hidden application folder
            of Drive) or ``drive`` (a folder of the user's own Drive).
        account: e-mail address of the stored login to use; the default login if None.
        endpoint: root of another server in Google's place; also ``GDRIVE_WA_ENDPOINT``.
        folder: for ``drive``: the folder's path.
        token: an access token to use instead of a login; also ``GDRIVE_WA_ACCESS_TOKEN``.

    Returns:
        The source, to be closed after use with its ``close()``.

    Raises:
        UsageError: the source is unknown or does not take a folder, the endpoint is not safe, or
            an argument has the wrong type.
        CredentialsError: no login is stored.
    """
    from gdrive_wa.google.access import open_session  # noqa: PLC0415 - slow to import

    source, folder = as_text(source, "source"), as_optional_text(folder, "folder")
    account, endpoint = as_optional_text(account, "account"), as_optional_text(endpoint, "endpoint")
    token = as_optional_secret(token, "token")
    if source not in ("backup", "appdata", "drive"):
        raise UsageError(
            f"no source named {source!r}", hint="use backup, appdata or drive; or open_folder()"
        )
    if folder is not None and source != "drive":
        raise UsageError(
            f"the source {source} does not take a folder",
            hint="leave out the folder, or use the source drive",
        )
    session, endpoints = open_session(account=account, endpoint=endpoint, token=token)
    if source == "backup":
        from gdrive_wa.sources.backup_service import BackupService  # noqa: PLC0415

        return BackupService(session, endpoints)
    if source == "appdata":
        from gdrive_wa.sources.drive import AppData  # noqa: PLC0415

        return AppData(session, endpoints)
    from gdrive_wa.sources.drive_folder import DriveFolder  # noqa: PLC0415

    return DriveFolder(session, endpoints, folder)


def open_folder(path: PathLike, *, passphrase: Secret | None = None) -> BackupSource:
    """Open a folder on this machine: a phone's WhatsApp folder, a download, or an iPhone backup;
    or exported chats: a folder, a ZIP, or a folder of several.

    Args:
        path: the folder, or the ZIP.
        passphrase: for an iPhone backup that is locked.

    Returns:
        The source, to be closed after use with its ``close()``.

    Raises:
        UsageError: the folder does not exist, the file is not an exported chat, or an argument has
            the wrong type.
        FormatError: it is an iPhone's iCloud backup, which is not supported.
        KeyFailure: the iPhone backup is locked, and the passphrase is missing or wrong.
        DamagedError: the iPhone backup or the ZIP is damaged, or was not copied completely.
    """
    from gdrive_wa.sources.exported_chat import ExportedChats  # noqa: PLC0415
    from gdrive_wa.sources.exports import find_exports  # noqa: PLC0415 - like the others
    from gdrive_wa.sources.folder import Folder  # noqa: PLC0415 - like the others
    from gdrive_wa.sources.iphone import IPhone, is_iphone  # noqa: PLC0415
    from gdrive_wa.sources.iphone_checks import refuse_icloud, refuse_incomplete  # noqa: PLC0415

    folder = as_path(path, "path").expanduser()
    passphrase = as_optional_secret(passphrase, "passphrase")
    refuse_icloud(folder)
    if is_iphone(folder):
        return IPhone(folder, passphrase)
    exports = find_exports(folder)
    if exports.folders:
        return ExportedChats(folder, exports)
    if folder.suffix.lower() in (".zip", ".txt") and folder.is_file():
        raise UsageError(
            f"'{folder.name}' is not an exported chat",
            hint=(
                "give the ZIP that WhatsApp's Export chat created, or the folder of a backup",
                "if it contains a phone's folder or other ZIPs, unpack it, and give the folder",
            ),
        )
    opened = Folder(folder)
    refuse_incomplete(folder)
    return opened
