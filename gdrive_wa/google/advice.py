"""What a user can do about a refusal, by Google's reason and by the service that refuses.

The reasons come from Google's public lists of Drive errors and of its general error model.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

from gdrive_wa.google.ways import CABLE, DRIVE_API_PAGE
from gdrive_wa.google.words import fold, folded


class Service(StrEnum):
    """The service that a session sends requests to; the right advice depends on it."""

    BACKUP = "backup"
    """Google's backup service, which accepts WhatsApp but never a user's own OAuth client."""
    DRIVE = "drive"
    """Google Drive."""


NOT_LET_IN = (
    "this service accepts WhatsApp, but not an OAuth client of your own",
    "sign in like a phone: gdrive-wa login --provider android --account you@example.com",
    "or use a copy in your Drive (--source drive) or on this machine (--folder PATH)",
)
_NOT_THIS_PHONE = (
    CABLE,
    "or check with gdrive-wa whoami that this is the phone's Google account",
    "or run the command again with --verbose for Google's own reason, and report it",
)
"""For a login made like a phone's, which this service normally accepts."""
_LOGIN_AGAIN = (
    "this login has no access to your Drive: log in again and allow it: gdrive-wa login --drive",
)
_TURN_ON = (f"turn on the Google Drive API in your OAuth client's project: {DRIVE_API_PAGE}",)
_ADMINISTRATOR = (
    "only the administrator of this Google Workspace can allow it",
    "or use a copy on this machine: --folder PATH",
)
_OWNER = ("its owner does not allow downloads: ask for a copy, or for permission to download",)
_MEMBERS = ("ask its owner to share it with this account",)
_FULL = ("this Drive is full: free up space in it, or ask its owner to",)
_OTHER_ACCOUNT = ("check with gdrive-wa whoami that this is the account with the backup",)
_ASKED_FIRST = (
    "sign in at https://myaccount.google.com in a browser, and do what Google asks there",
)
_UNKNOWN = ("run the command again with --verbose for Google's own reason, and report it",)


def _by_word(advice: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {fold(word): steps for word, steps in advice.items()}


_EVERYWHERE = _by_word(
    {
        "domainPolicy": _ADMINISTRATOR,
        "ORG_RESTRICTION_VIOLATION": _ADMINISTRATOR,
        "ORG_RESTRICTION_HEADER_INVALID": _ADMINISTRATOR,
        "LOCATION_POLICY_VIOLATED": _ADMINISTRATOR,
        "SECURITY_POLICY_VIOLATED": _ADMINISTRATOR,
        "RESOURCE_USAGE_RESTRICTION_VIOLATED": _ADMINISTRATOR,
        "accountDisabled": (
            "Google has disabled this account: sign in at https://accounts.google.com in a browser",
        ),
        "accountDeleted": (
            ("this Google account was deleted: try to recover it at https://accounts.google.com"),
        ),
        "accountUnverified": _ASKED_FIRST,
        "ACCOUNT_STATE_INVALID": _ASKED_FIRST,
    }
)
_OF_DRIVE = _by_word(
    {
        "downloadQuotaExceeded": ("the file was downloaded too often: try again in 24 hours",),
        "cannotDownloadAbusiveFile": (
            (
                "Google considers this file harmful and blocks its download: use another copy, such"
                " as the one on the phone"
            ),
        ),
        "cannotDownloadFile": _OWNER,
        "fileNotDownloadable": (
            "this is a Google document, which has no stored bytes: leave it out with --exclude",
        ),
        "storageQuotaExceeded": _FULL,
        "teamDriveFileLimitExceeded": _FULL,
        "insufficientFilePermissions": _MEMBERS,
        "insufficientParentPermissions": _MEMBERS,
        "teamDriveMembershipRequired": ("ask a manager of this shared drive to make you a member",),
        "appNotAuthorizedToFile": _LOGIN_AGAIN,
        "insufficientPermissions": _LOGIN_AGAIN,
        "insufficientScopes": _LOGIN_AGAIN,
        "insufficient_scope": _LOGIN_AGAIN,
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT": _LOGIN_AGAIN,
        "accessNotConfigured": _TURN_ON,
        "SERVICE_DISABLED": _TURN_ON,
        "CONSUMER_INVALID": (
            "your OAuth client's project no longer exists: make a new project and client",
        ),
        "CONSUMER_SUSPENDED": (
            "Google has suspended your OAuth client's project: make a new project and client",
        ),
        "forbidden": _OTHER_ACCOUNT,
        "PERMISSION_DENIED": _OTHER_ACCOUNT,
        "": _OTHER_ACCOUNT,
    }
)
_TOO_GENERAL = folded(("forbidden", "PERMISSION_DENIED", ""))
_OF_A_CLIENT = folded(
    (
        "accessNotConfigured",
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "appNotAuthorizedToFile",
        "CONSUMER_INVALID",
        "CONSUMER_SUSPENDED",
        "insufficientPermissions",
        "insufficient_scope",
        "insufficientScopes",
        "SERVICE_DISABLED",
    )
)
"""Reasons that concern a user's own OAuth client rather than a single file."""


def is_known(reason: str, service: Service) -> bool:
    """True if `reason` is more specific than "forbidden" and has advice of its own."""
    word = fold(reason)
    if word in _EVERYWHERE or (service is Service.BACKUP and word in _OF_A_CLIENT):
        return True
    return service is Service.DRIVE and word in _OF_DRIVE and word not in _TOO_GENERAL


def advice_on(
    reason: str, service: Service, *, media: bool, as_phone: bool = False
) -> tuple[str, ...]:
    """Hints about a refusal for `reason`.

    Args:
        reason: Google's code.
        service: the service that refuses.
        media: it refuses one file, not a listing.
        as_phone: the login was made like a phone's.
    """
    word = fold(reason)
    if word in _EVERYWHERE:
        return _EVERYWHERE[word]
    if service is Service.BACKUP:
        if media and word not in _OF_A_CLIENT:
            return _UNKNOWN
        return _NOT_THIS_PHONE if as_phone else NOT_LET_IN
    if media and word in _TOO_GENERAL:
        return _MEMBERS
    return _OF_DRIVE.get(word, _UNKNOWN)


def advice_on_unknown(service: Service) -> tuple[str, ...]:
    """Hints about an unexpected answer to a request for a listing."""
    return (CABLE, *_UNKNOWN) if service is Service.BACKUP else _UNKNOWN


def come_back_tomorrow(
    seconds: float | None = None, *, now: datetime | None = None
) -> tuple[str, ...]:
    """A hint that says when a daily limit ends, in this machine's time zone.

    Google's days end at midnight in California, which is 08:00 UTC at the latest.

    Args:
        seconds: until the limit ends, as stated by Google; None if Google does not say.
        now: the current time; by default this machine's.
    """
    moment = now or datetime.now(UTC)
    if seconds is not None:
        until = moment + timedelta(seconds=min(seconds, 7 * 24 * 3600.0))
    else:
        pacific = moment.astimezone(timezone(timedelta(hours=-8)))
        until = pacific.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    when = f"{until.astimezone():%Y-%m-%d %H:%M}"
    return (f"run the same command again after {when} (local time): it continues where it stopped",)
