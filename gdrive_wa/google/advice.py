"""What a person can do about Google's reasons for a refusal, by the service that refuses.

The reasons are those of Google's public lists of errors of Drive and of its error model.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum


class Service(StrEnum):
    """The service that a session asks; the right advice depends on it."""

    BACKUP = "backup"
    """Google's backup service: it lets in WhatsApp, never a client of one's own."""
    DRIVE = "drive"


NOT_LET_IN = (
    "this service accepts WhatsApp, but not an OAuth client of your own",
    "sign in like a phone: gdrive-wa login --provider android --account you@example.com",
    "or use a copy in your Drive (--source drive) or on this machine (--folder PATH)",
)
_LOGIN_AGAIN = (
    "this login has no access: log in again and allow it; for --source drive, login --drive",
)
_TURN_ON = ("turn on the Google Drive API for your OAuth client's project",)
_ADMINISTRATOR = (
    "only the administrator of this Google Workspace can allow it",
    "or use a copy on this machine: --folder PATH",
)
_OWNER = ("its owner does not allow downloads: ask for a copy, or for permission to download",)
_MEMBERS = ("ask its owner to share it with this account",)
_FULL = ("this Drive is full: make room in it, or wait until its owner does",)
_OTHER_ACCOUNT = ("check with gdrive-wa whoami that this account has the backup",)
_UNKNOWN = ("run it again with --verbose for Google's own reason, and report it",)
_EVERYWHERE = {
    "domainPolicy": _ADMINISTRATOR,
    "ORG_RESTRICTION_VIOLATION": _ADMINISTRATOR,
    "ORG_RESTRICTION_HEADER_INVALID": _ADMINISTRATOR,
    "LOCATION_POLICY_VIOLATED": _ADMINISTRATOR,
    "SECURITY_POLICY_VIOLATED": _ADMINISTRATOR,
    "RESOURCE_USAGE_RESTRICTION_VIOLATED": _ADMINISTRATOR,
    "accountDisabled": ("Google has disabled this account: sign in to it in a browser",),
    "ACCOUNT_STATE_INVALID": (
        "sign in to this account in a browser: Google wants something first",
    ),
}
_OF_DRIVE = {
    "downloadQuotaExceeded": ("the file was downloaded too often: try again in 24 hours",),
    "cannotDownloadAbusiveFile": ("Google considers the file harmful and does not hand it out",),
    "cannotDownloadFile": _OWNER,
    "fileNotDownloadable": ("it is a Google document, which has no stored bytes",),
    "storageQuotaExceeded": _FULL,
    "teamDriveFileLimitExceeded": _FULL,
    "insufficientFilePermissions": _MEMBERS,
    "insufficientParentPermissions": _MEMBERS,
    "teamDriveMembershipRequired": ("ask a manager of this shared drive to make you a member",),
    "appNotAuthorizedToFile": _LOGIN_AGAIN,
    "insufficientPermissions": _LOGIN_AGAIN,
    "insufficientScopes": _LOGIN_AGAIN,
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": _LOGIN_AGAIN,
    "accessNotConfigured": _TURN_ON,
    "SERVICE_DISABLED": _TURN_ON,
    "CONSUMER_INVALID": ("the project of your OAuth client no longer exists: make a new one",),
    "CONSUMER_SUSPENDED": ("Google has suspended your OAuth client's project: make a new one",),
    "forbidden": _OTHER_ACCOUNT,
    "PERMISSION_DENIED": _OTHER_ACCOUNT,
    "": _OTHER_ACCOUNT,
}
_TOO_GENERAL = {"forbidden", "PERMISSION_DENIED", ""}


def is_known(reason: str, service: Service) -> bool:
    """True if `reason` says more than that something is forbidden."""
    if reason in _EVERYWHERE:
        return True
    return service is Service.DRIVE and reason in _OF_DRIVE and reason not in _TOO_GENERAL


def advice_on(reason: str, service: Service, *, media: bool) -> tuple[str, ...]:
    """What to do about a refusal for `reason`; one line each.

    Args:
        reason: Google's code.
        service: the service that refuses.
        media: it refuses one file, not a listing.
    """
    if reason in _EVERYWHERE:
        return _EVERYWHERE[reason]
    if service is Service.BACKUP:
        return _UNKNOWN if media else NOT_LET_IN
    if media and reason in _TOO_GENERAL:
        return _MEMBERS
    return _OF_DRIVE.get(reason, _UNKNOWN)


def come_back_tomorrow(
    seconds: float | None = None, *, now: datetime | None = None
) -> tuple[str, ...]:
    """When a limit for a day ends, in this machine's time.

    Google's days end at midnight in California, which is at 08:00 UTC at the latest.

    Args:
        seconds: after which Google says that it ends; None if it does not say.
        now: the time to count from; by default the present.
    """
    moment = now or datetime.now(UTC)
    if seconds is not None:
        until = moment + timedelta(seconds=min(seconds, 7 * 24 * 3600.0))
    else:
        pacific = moment.astimezone(timezone(timedelta(hours=-8)))
        until = pacific.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    when = f"{until.astimezone():%Y-%m-%d %H:%M}"
    return (f"run the same command again after {when} (local time): it continues where it stopped",)
