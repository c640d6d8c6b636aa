"""Where a backup can lie: Google's backup service, two places in Drive, a folder here."""

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
    """A place at Google's that holds backups, as the account that is logged in.

    Args:
        source: ``backup`` (Google's backup service), ``appdata`` (the hidden application folder
            of Drive) or ``drive`` (a folder of the user's own Drive).
        account: e-mail address of the stored login to use; by default the one there is.
        endpoint: root of another server in Google's place; also ``GDRIVE_WA_ENDPOINT``.
        folder: for ``drive``: the folder's path.
        token: an access token to use as it is; also ``GDRIVE_WA_ACCESS_TOKEN``.

    Returns:
        The source, to be closed after use with its ``close()``.

    Raises:
        UsageError: no such source, a folder for one that has none, an endpoint that would not
            be safe, or an argument of a wrong type.
        CredentialsError: nobody is logged in.
    """
    from gdrive_wa.google.access import open_session  # noqa: PLC0415 - slow to import

    source, folder = as_text(source, "source"), as_optional_text(folder, "folder")
    account, endpoint = as_optional_text(account, "account"), as_optional_text(endpoint, "endpoint")
    token = as_optional_secret(token, "token")
    if source not in ("backup", "appdata", "drive"):
        raise UsageError(
            f"there is no source {source!r}", hint="backup, appdata or drive; or open_folder()"
        )
    if folder is not None and source != "drive":
        raise UsageError(
            f"a folder is for the source drive, and this is {source}",
            hint="leave out the folder, or the source",
        )
    session, endpoints = open_session(account=account, endpoint=endpoint, token=token)
    if source == "backup":
        from gdrive_wa.sources.backup_service import BackupService  # noqa: PLC0415

        return BackupService(session, endpoints)
    from gdrive_wa.sources.drive import AppData, DriveFolder  # noqa: PLC0415

    if source == "appdata":
        return AppData(session, endpoints)
    return DriveFolder(session, endpoints, folder)


def open_folder(path: PathLike, *, passphrase: Secret | None = None) -> BackupSource:
    """A folder on this machine that holds backups: a phone's, a download, or an iPhone's backup.

    Args:
        path: the folder.
        passphrase: of an iPhone's backup that is locked.

    Returns:
        The source, to be closed after use with its ``close()``.

    Raises:
        UsageError: there is no such folder, or an argument is of a wrong type.
        FormatError: it is what an iPhone keeps in iCloud.
        KeyFailure: an iPhone's backup is locked, and the passphrase is not there or not its own.
        DamagedError: an iPhone's backup cannot be read.
    """
    from gdrive_wa.sources.folder import Folder  # noqa: PLC0415 - kept beside its siblings
    from gdrive_wa.sources.iphone import IPhone, is_iphone, refuse_icloud  # noqa: PLC0415

    folder = as_path(path, "path").expanduser()
    passphrase = as_optional_secret(passphrase, "passphrase")
    refuse_icloud(folder)
    return IPhone(folder, passphrase) if is_iphone(folder) else Folder(folder)
