"""All errors of this package.

Every error is a :class:`GdriveWaError` with a one-line message, hints on what to do, and the exit
code for the command line. Public functions raise no other exceptions for bad input, such as
``ValueError``, ``zlib.error`` or ``sqlite3.Error``.

    GdriveWaError                     1   all other errors
    ├── UsageError                    2   invalid arguments or options
    ├── CredentialsError              3   not logged in, or Google refused the login
    ├── NetworkError                  4   the network, or Google's service
    │   ├── GoneError                 4   one listed entry no longer exists
    │   ├── RefusedError              4   Google refuses one listed entry permanently
    │   └── QuotaError                4   Google allows no more requests for now, or today
    ├── KeyFailure                    5   the key
    │   ├── MissingKeyError           5   no key was given
    │   ├── KeyFileError              5   what was given is not a key
    │   ├── WrongKeyTypeError         5   a key for the other kind of backup
    │   └── WrongKeyError             5   the right kind of key, but of another backup
    ├── DamagedError                  6   the data is damaged
    │   ├── FormatError               6   not a backup file, or an invalid header
    │   ├── TruncatedError            6   the end is missing
    │   ├── ChecksumError             6   an MD5, SHA-256 or size does not match
    │   ├── AuthenticationError       6   altered after it was encrypted (the key is right)
    │   ├── PayloadError              6   authentic, but the content cannot be unpacked
    │   ├── MetadataError             6   an invalid metadata envelope
    │   └── DatabaseError             6   a database that cannot be read
    ├── UnsafeNameError               6   a name from a backup that leads out of the folder
    ├── StorageError                  1   this machine's disk: full, read-only, in use
    ├── PartialError                  7   some entries failed, all others succeeded
    └── Interrupted                 130   the user asked to stop
"""

from __future__ import annotations

from typing import ClassVar


class GdriveWaError(Exception):
    """Base class of all errors: a message, and hints on what to do.

    Attributes:
        message: what is wrong, in one line; lower case, without a full stop or any secret.
        hints: what the user can do; one line each.
        exit_code: exit code of a command that ends with this error.
        detail: the server's own words about it, for ``--verbose``; empty if there are none.
    """

    detail: str = ""
    exit_code: ClassVar[int] = 1
    default_hints: ClassVar[tuple[str, ...]] = ()

    def __init__(self, message: str, *, hint: str | tuple[str, ...] | None = None) -> None:
        super().__init__(message)
        self.message = message
        if hint is None:
            self.hints = self.default_hints
        else:
            self.hints = (hint,) if isinstance(hint, str) else hint

    @property
    def hint(self) -> str:
        """All hints as one text, one per line; empty without hints."""
        return "\n".join(self.hints)


class UsageError(GdriveWaError):
    """Invalid arguments: contradicting options, a folder that does not exist."""

    exit_code = 2


class CredentialsError(GdriveWaError):
    """Not logged in, the login has expired, or Google refused it."""

    exit_code = 3
    default_hints = ("log in with: gdrive-wa login",)


class NetworkError(GdriveWaError):
    """The network failed, or Google's service kept returning an error."""

    exit_code = 4
    default_hints = ("run the same command again; it continues where it stopped",)


class GoneError(NetworkError):
    """A listed entry is no longer stored; other entries are not affected."""

    default_hints = (
        "the phone may have replaced the file; run the command again for a new listing",
    )


class RefusedError(NetworkError):
    """Google refuses one entry permanently; retrying does not help."""


class QuotaError(NetworkError):
    """Google allows no more requests for now, or none until tomorrow.

    Attributes:
        until_tomorrow: no request of this run will be answered.
    """

    until_tomorrow: bool = False


class KeyFailure(GdriveWaError):  # noqa: N818 - "KeyError" has another meaning in Python
    """A problem with the key."""

    exit_code = 5


class MissingKeyError(KeyFailure):
    """A key is required, but none was given."""

    default_hints = (
        "pass it with --key-file FILE, or set GDRIVE_WA_KEY_FILE or GDRIVE_WA_KEY",
        "the key is the 64 digits that WhatsApp showed when you turned on end-to-end backup",
    )


class KeyFileError(KeyFailure):
    """The given key or key file is not valid."""

    default_hints = (
        "a key is 64 hexadecimal digits, encrypted_backup.key (59 bytes) or key (158 bytes)",
    )


class WrongKeyTypeError(KeyFailure):
    """A key for the other kind of backup (crypt12/crypt14 instead of crypt15, or vice versa)."""

    default_hints = ("crypt15 needs the 64 digits; crypt12 and crypt14 need the file named 'key'",)


class WrongKeyError(KeyFailure):
    """The right kind of key, but from another backup."""

    default_hints = (
        "check that the key belongs to this account and was in use when the backup was made",
        "to find a single mistyped digit, run: gdrive-wa key check FILE",
    )


class DamagedError(GdriveWaError):
    """The data is damaged."""

    exit_code = 6


class FormatError(DamagedError):
    """Not a file of the expected format, or an invalid header."""

    default_hints = ("to see what a file is, run: gdrive-wa inspect FILE",)


class TruncatedError(DamagedError):
    """The file ends before its content does."""

    default_hints = ("the file was not copied completely; fetch it again",)


class ChecksumError(DamagedError):
    """An MD5, a SHA-256 or a size does not match."""

    default_hints = ("the file was damaged in transit; fetch it again",)


class AuthenticationError(DamagedError):
    """The content was altered after encryption; nothing was written."""

    default_hints = ("fetch the file again; nothing was written",)


class PayloadError(DamagedError):
    """The content is authentic, but cannot be decompressed."""

    default_hints = (
        "the backup itself contains it this way; try another backup, or the copy on the phone",
    )


class MetadataError(DamagedError):
    """An invalid metadata envelope."""

    default_hints = ("the file can still be decrypted without it, but is named by its hash",)


class DatabaseError(DamagedError):
    """A database that cannot be read."""

    default_hints = ("decrypt it again from the backup, or from an older one",)


class UnsafeNameError(GdriveWaError):
    """A name in a backup that leads out of the target folder."""

    exit_code = 6
    default_hints = ("nothing was written for it; a genuine backup contains no such name",)


class StorageError(GdriveWaError):
    """A problem on this machine's disk: full, read-only, in use, or a file instead of a folder."""


class PartialError(GdriveWaError):
    """Some entries failed, which the report lists; all others succeeded."""

    exit_code = 7
    default_hints = ("run the same command again to try only what failed",)


class Interrupted(GdriveWaError):  # noqa: N818 - not an error
    """The user asked to stop; finished work is kept."""

    exit_code = 130
    default_hints = ("run the same command again; it continues where it stopped",)
