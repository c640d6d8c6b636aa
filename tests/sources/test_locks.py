"""The locks in a backup's metadata: the app's rules, in the app's order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdrive_wa.sources.locks import Encryption, read_encryption

PASSKEY = {"credentialId": "AA", "prfSalt": "CC"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    ("secret", "locks"),
    [
        ({"isEncryptionKeyEncrypted": True}, ("key",)),
        ({"isEncryptionKeyEncrypted": "true"}, ("key",)),
        ({"isPasswordEncrypted": True}, ("password",)),
        ({"isPasswordOrEncryptionKeyEncrypted": True}, ("password_or_key",)),
        (
            {"isPasswordOrEncryptionKeyEncrypted": True, "isPasswordEncrypted": True},
            ("password",),
        ),
        ({"isPasswordEncrypted": True, "isEncryptionKeyEncrypted": True}, ("key", "password")),
        (
            {"isEncryptionKeyEncrypted": True, "passkeyEncryptionMetadata": PASSKEY},
            ("key", "passkey"),
        ),
        (
            {"isPasswordOrEncryptionKeyEncrypted": False, "passkeyEncryptionMetadata": PASSKEY},
            ("passkey",),
        ),
        ({"passwordProtectedBackupKeyEncryptionMetadata": {"salt": "AA"}}, ("password",)),
        (
            {"isEncryptionKeyEncrypted": True, "faceEncryptionMetadata": {"x": 1}},
            ("key", "unknown"),
        ),
        ({"isFaceEncrypted": True}, ("unknown",)),
    ],
)
@pytest.mark.parametrize("enabled", [None, True, False], ids=["unsaid", "enabled", "disabled"])
def test_each_lock_is_read_whatever_the_other_fields(
    secret: dict[str, Any], locks: tuple[str, ...], enabled: bool | None
) -> None:
    metadata: dict[str, Any] = {"encryptedBackupMetadata": secret}
    if enabled is not None:
        metadata["encryptedBackupEnabled"] = enabled
    assert read_encryption(metadata) == Encryption(True, locks)


@pytest.mark.parametrize(
    ("metadata", "end_to_end"),
    [
        ({}, None),
        ({"encryptedBackupEnabled": True}, True),
        ({"encryptedBackupEnabled": "false"}, False),
        ({"encryptedData": "EA"}, True),
        ({"encryptedBackupMetadata": {}, "encryptedBackupEnabled": False}, False),
        ({"encryptedBackupMetadata": {"isPasswordEncrypted": False}}, False),
        (
            {
                "encryptedBackupMetadata": {"isPasswordEncrypted": False},
                "encryptedBackupEnabled": True,
            },
            False,
        ),
        ({"encryptedBackupMetadata": {"version": 3}, "encryptedBackupEnabled": False}, False),
    ],
)
def test_without_a_lock_it_is_end_to_end_only_with_other_evidence(
    metadata: dict[str, Any], end_to_end: bool | None
) -> None:
    found = read_encryption(metadata)
    assert (found.end_to_end, found.locks) == (end_to_end, ())
    assert found.key_type == ("server" if end_to_end is False else None)


def test_sealed_data_proves_a_lock_without_a_flag() -> None:
    metadata = {"encryptedBackupMetadata": {"isPasswordEncrypted": False}, "encryptedData": "EA"}
    assert read_encryption(metadata) == Encryption(True, ("unknown",))


@given(st.dictionaries(st.text(), JSON), JSON, JSON)
def test_any_metadata_is_read(secret: dict[str, Any], enabled: object, sealed: object) -> None:
    read_encryption(
        {
            "encryptedBackupMetadata": secret,
            "encryptedBackupEnabled": enabled,
            "encryptedData": sealed,
        }
    )
