"""What can go wrong, as a tree.

Every error of this package is a :class:`GdriveWaError`: one line that says what is wrong, hints
that say what to do, and the exit code the command line ends with. Nothing else ever leaves a
public function for bad input: no bare ``ValueError``, ``zlib.error`` or ``sqlite3.Error``.

    GdriveWaError                     1   anything that has no place below
    ├── UsageError                    2   the call itself makes no sense
    ├── CredentialsError              3   not logged in, or Google refused the login
    ├── NetworkError                  4   the network, or Google's service
    │   ├── GoneError                 4   one listed entry is no longer there
    │   └── RefusedError              4   one listed entry is not handed out, however often asked
    ├── KeyFailure                    5   the key
    │   ├── MissingKeyError           5   no key was given
    │   ├── KeyFileError              5   what was given is not a key
    │   ├── WrongKeyTypeError         5   a key, but for the other kind of backup
    │   └── WrongKeyError             5   the right kind of key, but not this backup's
    ├── DamagedError                  6   the bytes are not what they should be
    │   ├── FormatError               6   not a backup file, or a header that makes no sense
    │   ├── TruncatedError            6   the end is missing
    │   ├── ChecksumError             6   an MD5, SHA-256 or size does not hold
    │   ├── AuthenticationError       6   altered after it was encrypted (the key is right)
    │   ├── PayloadError              6   authentic, but the content cannot be unpacked
    │   ├── MetadataError             6   a metadata envelope that makes no sense
    │   └── DatabaseError             6   a database that cannot be read
    ├── UnsafeNameError               6   a name from a backup that leads out of the folder
    ├── StorageError                  1   this machine's disk: full, read-only, in use
    ├── PartialError                  7   some entries failed, the rest is there
    └── Interrupted                 130   the user asked to stop
"""

from __future__ import annotations

from typing import ClassVar


class GdriveWaError(Exception):
    """One line of what is wrong, and what to do about it.

    Attributes:
        message: what is wrong; lower case, no full stop, no secret in it.
        hints: what the user can do, each one a line.
        exit_code: what a command that ends with this error returns.
    """

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
        """The hints as one text, each on a line of its own; empty when there is none."""
        return "\n".join(self.hints)


class UsageError(GdriveWaError):
    """The call itself makes no sense: contradicting options, a folder that is not there."""

    exit_code = 2


class CredentialsError(GdriveWaError):
    """Nobody is logged in, the login has expired, or Google refused it."""

    exit_code = 3
    default_hints = ("log in with: gdrive-wa login",)


class NetworkError(GdriveWaError):
    """The network failed, or Google's service answered with an error that stayed."""

    exit_code = 4
    default_hints = ("run the same command again: it goes on where it stopped",)


class GoneError(NetworkError):
    """An entry was listed but is no longer stored; only that entry is lost."""

    default_hints = ("the phone may have replaced it: run the command again for a new listing",)


class RefusedError(NetworkError):
    """Google does not hand out one entry, and will not however often it is asked."""


class KeyFailure(GdriveWaError):  # noqa: N818 - "KeyError" is Python's own word for another thing
    """Something about the key."""

    exit_code = 5


class MissingKeyError(KeyFailure):
    """A key is needed and none was given."""

    default_hints = (
        "give it with --key-file FILE, or in GDRIVE_WA_KEY_FILE or GDRIVE_WA_KEY",
        "the key is the 64 digits WhatsApp showed when end-to-end backup was turned on",
    )


class KeyFileError(KeyFailure):
    """What was given as a key is not one."""

    default_hints = (
        "a key is 64 hexadecimal digits, encrypted_backup.key (59 bytes) or key (158 bytes)",
    )


class WrongKeyTypeError(KeyFailure):
    """A key, but for the other kind of backup (crypt12/crypt14 as against crypt15)."""

    default_hints = ("crypt15 needs the 64 digits; crypt12 and crypt14 the file named key",)


class WrongKeyError(KeyFailure):
    """The right kind of key, but not the one this backup was made with."""

    default_hints = (
        "check that the key belongs to this account and to this backup's time",
        "one digit mistyped? this names it: gdrive-wa key check",
    )


class DamagedError(GdriveWaError):
    """The bytes are not what they should be."""

    exit_code = 6


class FormatError(DamagedError):
    """Not a file of the expected format, or a header that makes no sense."""

    default_hints = ("gdrive-wa inspect FILE tells what a file says of itself",)


class TruncatedError(DamagedError):
    """The file ends before its content does."""

    default_hints = ("the file was not copied whole: fetch it again",)


class ChecksumError(DamagedError):
    """An MD5, a SHA-256 or a size is not what was promised."""

    default_hints = ("the file was changed on its way: fetch it again",)


class AuthenticationError(DamagedError):
    """The content was altered after it was encrypted; nothing of it was kept."""

    default_hints = ("fetch the file again; nothing of it was written",)


class PayloadError(DamagedError):
    """Authentic, but what is inside cannot be unpacked."""

    default_hints = ("it was stored like this: try another backup, or the copy on the phone",)


class MetadataError(DamagedError):
    """A metadata envelope that makes no sense."""

    default_hints = ("without it the file opens all the same, under a name after its hash",)


class DatabaseError(DamagedError):
    """A database that cannot be read."""

    default_hints = ("decrypt it again from the backup, or from an older one",)


class UnsafeNameError(GdriveWaError):
    """A name from a backup that would lead out of the target folder."""

    exit_code = 6
    default_hints = ("nothing was written for it; no honest backup holds such a name",)


class StorageError(GdriveWaError):
    """This machine's disk: full, read-only, a file where a folder should be, or in use."""


class PartialError(GdriveWaError):
    """Some entries failed; all the others are there, and the report names each."""

    exit_code = 7
    default_hints = ("run the same command again to try only what failed",)


class Interrupted(GdriveWaError):  # noqa: N818 - not an error of anybody's
    """The user asked to stop; what was finished is kept."""

    exit_code = 130
    default_hints = ("run the same command again: it goes on where it stopped",)
