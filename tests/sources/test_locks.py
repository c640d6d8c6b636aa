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
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
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
        ({"isEncryptionKeyEncrypted": 1}, ("key",)),
        ({"isEncryptionKeyEncrypted": "True", "isPasswordEncrypted": "0"}, ("key",)),
        ({"is_password_encrypted": True}, ("password",)),
        (
            [{"isEncryptionKeyEncrypted": True}, {"passkeyEncryptionMetadata": "AA=="}],
            ("key", "passkey"),
        ),
        ({"passkeyEncryptionMetadata": '{"credentialId": "AA"}'}, ("passkey",)),
        ({"passkeyEncryptionMetadata": [PASSKEY]}, ("passkey",)),
        (
            {"passkeyEncryptionMetadata": PASSKEY, "isPasswordEncrypted": True},
            ("password", "passkey"),
        ),
        ({"isEncryptionKeyEncrypted": True, "passkeyEncryptionMetadata": "null"}, ("key",)),
        ({"isEncryptionKeyEncrypted": True, "version": 1, "backupId": "x"}, ("key",)),
        ({"faceEncryptionMetadata": "AA=="}, ("unknown",)),
    ],
)
@pytest.mark.parametrize("enabled", [None, True, False], ids=["unsaid", "enabled", "disabled"])
def test_each_lock_is_read_whatever_the_other_fields(
    secret: object, locks: tuple[str, ...], enabled: bool | None
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


@pytest.mark.parametrize("enabled", [False, 0, "false", "no"])
def test_sealed_data_proves_a_lock_that_a_flag_denies(enabled: object) -> None:
    metadata = {"encryptedBackupEnabled": enabled, "encryptedData": "EA"}
    assert read_encryption(metadata) == Encryption(True)


@pytest.mark.parametrize("enabled", [True, 1, "true", "True", "1"])
def test_a_flag_is_set_however_it_is_written(enabled: object) -> None:
    assert read_encryption({"encryptedBackupEnabled": enabled}) == Encryption(True)


@pytest.mark.parametrize("secret", [None, [], {}, "", "yes", 5])
def test_metadata_of_another_kind_leaves_it_to_the_rest(secret: object) -> None:
    metadata = {"encryptedBackupMetadata": secret, "encryptedBackupEnabled": False}
    assert read_encryption(metadata) == Encryption(False)


def test_sealed_data_proves_a_lock_without_a_flag() -> None:
    metadata = {"encryptedBackupMetadata": {"isPasswordEncrypted": False}, "encryptedData": "EA"}
    assert read_encryption(metadata) == Encryption(True, ("unknown",))


@given(st.dictionaries(st.text(), JSON, max_size=4), JSON, JSON)
def test_any_metadata_is_read(secret: dict[str, Any], enabled: object, sealed: object) -> None:
    read_encryption(
        {
            "encryptedBackupMetadata": secret,
            "encryptedBackupEnabled": enabled,
            "encryptedData": sealed,
        }
    )
