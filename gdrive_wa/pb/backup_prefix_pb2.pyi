from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class KeyType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WHATSAPP_SERVERS: _ClassVar[KeyType]
    END_TO_END: _ClassVar[KeyType]

class KeyTypeNew(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NEW_WHATSAPP_SERVERS: _ClassVar[KeyTypeNew]
    NEW_END_TO_END_OLD: _ClassVar[KeyTypeNew]
    NEW_END_TO_END_PASSWORD: _ClassVar[KeyTypeNew]
    NEW_END_TO_END_DIGITS: _ClassVar[KeyTypeNew]
    NEW_END_TO_END_PASSKEY: _ClassVar[KeyTypeNew]
WHATSAPP_SERVERS: KeyType
END_TO_END: KeyType
NEW_WHATSAPP_SERVERS: KeyTypeNew
NEW_END_TO_END_OLD: KeyTypeNew
NEW_END_TO_END_PASSWORD: KeyTypeNew
NEW_END_TO_END_DIGITS: KeyTypeNew
NEW_END_TO_END_PASSKEY: KeyTypeNew

class BackupPrefix(_message.Message):
    __slots__ = ("key_type", "crypt14", "crypt15", "info", "passkey_metadata", "key_type_new")
    KEY_TYPE_FIELD_NUMBER: _ClassVar[int]
    CRYPT14_FIELD_NUMBER: _ClassVar[int]
    CRYPT15_FIELD_NUMBER: _ClassVar[int]
    INFO_FIELD_NUMBER: _ClassVar[int]
    PASSKEY_METADATA_FIELD_NUMBER: _ClassVar[int]
    KEY_TYPE_NEW_FIELD_NUMBER: _ClassVar[int]
    key_type: KeyType
    crypt14: Crypt14Cipher
    crypt15: Crypt15Cipher
    info: BackupInfo
    passkey_metadata: bytes
    key_type_new: KeyTypeNew
    def __init__(self, key_type: _Optional[_Union[KeyType, str]] = ..., crypt14: _Optional[_Union[Crypt14Cipher, _Mapping]] = ..., crypt15: _Optional[_Union[Crypt15Cipher, _Mapping]] = ..., info: _Optional[_Union[BackupInfo, _Mapping]] = ..., passkey_metadata: _Optional[bytes] = ..., key_type_new: _Optional[_Union[KeyTypeNew, str]] = ...) -> None: ...

class Crypt14Cipher(_message.Message):
    __slots__ = ("cipher_version", "key_version", "server_salt", "google_id", "iv")
    CIPHER_VERSION_FIELD_NUMBER: _ClassVar[int]
    KEY_VERSION_FIELD_NUMBER: _ClassVar[int]
    SERVER_SALT_FIELD_NUMBER: _ClassVar[int]
    GOOGLE_ID_FIELD_NUMBER: _ClassVar[int]
    IV_FIELD_NUMBER: _ClassVar[int]
    cipher_version: bytes
    key_version: bytes
    server_salt: bytes
    google_id: bytes
    iv: bytes
    def __init__(self, cipher_version: _Optional[bytes] = ..., key_version: _Optional[bytes] = ..., server_salt: _Optional[bytes] = ..., google_id: _Optional[bytes] = ..., iv: _Optional[bytes] = ...) -> None: ...

class Crypt15Cipher(_message.Message):
    __slots__ = ("iv",)
    IV_FIELD_NUMBER: _ClassVar[int]
    iv: bytes
    def __init__(self, iv: _Optional[bytes] = ...) -> None: ...

class BackupInfo(_message.Message):
    __slots__ = ("app_version", "device_model", "jid_suffix", "backup_version", "export_size", "hash_salt", "hash", "identifier_type", "suffix_1", "suffix_2")
    APP_VERSION_FIELD_NUMBER: _ClassVar[int]
    DEVICE_MODEL_FIELD_NUMBER: _ClassVar[int]
    JID_SUFFIX_FIELD_NUMBER: _ClassVar[int]
    BACKUP_VERSION_FIELD_NUMBER: _ClassVar[int]
    EXPORT_SIZE_FIELD_NUMBER: _ClassVar[int]
    HASH_SALT_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    IDENTIFIER_TYPE_FIELD_NUMBER: _ClassVar[int]
    SUFFIX_1_FIELD_NUMBER: _ClassVar[int]
    SUFFIX_2_FIELD_NUMBER: _ClassVar[int]
    app_version: str
    device_model: str
    jid_suffix: str
    backup_version: int
    export_size: int
    hash_salt: bytes
    hash: bytes
    identifier_type: int
    suffix_1: str
    suffix_2: str
    def __init__(self, app_version: _Optional[str] = ..., device_model: _Optional[str] = ..., jid_suffix: _Optional[str] = ..., backup_version: _Optional[int] = ..., export_size: _Optional[int] = ..., hash_salt: _Optional[bytes] = ..., hash: _Optional[bytes] = ..., identifier_type: _Optional[int] = ..., suffix_1: _Optional[str] = ..., suffix_2: _Optional[str] = ...) -> None: ...
