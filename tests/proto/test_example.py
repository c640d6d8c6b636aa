"""The worked example of the format page matches the package's results."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest

from gdrive_wa.chats.increments import read_increment
from gdrive_wa.crypt.encrypt import encrypt_enc, encrypt_file, encrypt_media
from gdrive_wa.crypt.envelope import FileMetadata, read_file_metadata
from gdrive_wa.crypt.header import parse_header, write_varint
from gdrive_wa.crypt.keys import CipherKey, RootKey, load_key
from gdrive_wa.crypt.media import decrypt_enc
from gdrive_wa.jobs.decrypt_file import decrypt_file
from gdrive_wa.pb.history_sync_pb2 import (
    AudioMessage,
    Conversation,
    HistorySync,
    HistorySyncMsg,
    Message,
    MessageKey,
    WebMessageInfo,
    Wrapper,
)

PAGE = Path(__file__).resolve().parents[2] / "proto" / "README.md"
KEY = RootKey(bytes(range(32)))
IV = bytes.fromhex("00112233445566778899aabbccddeeff")
CONTENT = b'{"example": true}'
PATH = "Media/WhatsApp Voice Notes/202352/PTT-20231231-WA0001.opus"
VOICE = b"OggS, and no more"
CIPHER_KEY = CipherKey(
    bytes(range(64, 96)),
    server_salt=bytes(range(96, 128)),
    google_id=bytes(range(128, 144)),
    key_version=2,
)
CHAT = "15550100@s.whatsapp.net"
INCREMENT = HistorySync(
    conversations=[
        Conversation(
            id=CHAT,
            messages=[
                HistorySyncMsg(
                    message=WebMessageInfo(
                        key=MessageKey(remote_jid=CHAT, id="3EB0A1"),
                        message=Message(
                            ephemeral=Wrapper(
                                message=Message(audio_message=AudioMessage(seconds=7, ptt=True))
                            )
                        ),
                        message_timestamp=1_704_063_480,
                    )
                )
            ],
        )
    ]
).SerializeToString(deterministic=True)


def computed(folder: Path) -> dict[str, str]:
    """Every row of the example's tables."""
    (folder / "plain").write_bytes(CONTENT)
    encrypt_file(folder / "plain", folder / "sealed", KEY, compress=False, iv=IV)
    sealed = (folder / "sealed").read_bytes()
    size = parse_header(sealed).size
    name, stored, envelope = encrypt_media(VOICE, KEY, FileMetadata(name=PATH), iv=IV)
    material = KEY.derive(bytes.fromhex(name), 48)
    return {
        "root key": bytes(range(32)).hex(),
        "derive(`backup encryption`, 32)": KEY.derive("backup encryption", 32).hex(),
        "derive(`metadata encryption`, 32)": KEY.derive("metadata encryption", 32).hex(),
        "derive(`metadata authentication`, 32)": KEY.derive("metadata authentication", 32).hex(),
        "varint": sealed[:1].hex(),
        "prefix": sealed[1:size].hex(),
        "ciphertext": sealed[size:-32].hex(),
        "tag": sealed[-32:-16].hex(),
        "MD5": sealed[-16:].hex(),
        "stored name": name,
        "media key": material[:32].hex(),
        "media nonce": material[32:].hex(),
        "stored bytes": stored.hex(),
        "envelope": envelope,
        **computed_for_servers(folder),
        "media key of the message": bytes(range(32, 64)).hex(),
        ".enc file": encrypt_enc(VOICE, bytes(range(32, 64))).hex(),
        "messages.bin": (write_varint(len(INCREMENT)) + INCREMENT).hex(),
    }


def computed_for_servers(folder: Path) -> dict[str, str]:
    """The rows of a backup that is not end-to-end encrypted, and of one without a footer."""
    files = {
        "crypt14 file": {"key": CIPHER_KEY, "format": "crypt14"},
        "crypt12 file": {"key": CIPHER_KEY, "format": "crypt12"},
        "crypt15 file without MD5": {"key": KEY, "checksum": False},
    }
    rows = {"cipher key": CIPHER_KEY.to_bytes().hex()}
    for what, how in files.items():
        encrypt_file(folder / "plain", folder / "sealed", compress=False, iv=IV, **how)  # type: ignore[arg-type]
        rows[what] = (folder / "sealed").read_bytes().hex()
    return rows


def written() -> dict[str, str]:
    """The rows of the example's tables, as they stand on the page."""
    example = PAGE.read_text("utf-8").split("## Worked example")[1]
    return dict(re.findall(r"^\| (.+?) \| `([0-9A-Za-z+/=]+)` \|$", example, re.MULTILINE))


def test_the_page_has_the_values_that_the_package_computes(tmp_path: Path) -> None:
    assert written() == computed(tmp_path)


def test_the_pages_own_bytes_open_with_the_pages_own_key(tmp_path: Path) -> None:
    rows = written()
    key = RootKey.from_hex(rows["root key"])
    parts = ("varint", "prefix", "ciphertext", "tag", "MD5")
    container = tmp_path / "settings.json.crypt15"
    container.write_bytes(b"".join(bytes.fromhex(rows[part]) for part in parts))
    decrypt_file(container, tmp_path / "settings.json", key)
    assert (tmp_path / "settings.json").read_bytes() == CONTENT

    metadata = read_file_metadata(rows["envelope"], key)
    assert metadata.name == PATH
    blob = tmp_path / f"{rows['stored name']}.mcrypt1"
    blob.write_bytes(bytes.fromhex(rows["stored bytes"]))
    decrypt_file(blob, tmp_path / "voice.opus", key, metadata=metadata)
    assert (tmp_path / "voice.opus").read_bytes() == VOICE


@pytest.mark.parametrize("what", ["crypt12 file", "crypt14 file", "crypt15 file without MD5"])
def test_the_pages_complete_files_open_too(what: str, tmp_path: Path) -> None:
    rows = written()
    key = load_key(bytes.fromhex(rows["root key" if "crypt15" in what else "cipher key"]))
    container = tmp_path / f"x.{what[:7]}"
    container.write_bytes(bytes.fromhex(rows[what]))
    decrypt_file(container, tmp_path / "x", key)
    assert (tmp_path / "x").read_bytes() == CONTENT


def test_the_pages_enc_file_and_increment_open_too(tmp_path: Path) -> None:
    rows = written()
    sealed = bytes.fromhex(rows[".enc file"])
    plain = bytearray()
    media_key = bytes.fromhex(rows["media key of the message"])
    decrypt_enc(io.BytesIO(sealed), len(sealed), media_key, plain.extend)
    assert plain == VOICE

    increment = tmp_path / "increment.zip"
    with zipfile.ZipFile(increment, "w") as archive:
        archive.writestr("messages.bin", bytes.fromhex(rows["messages.bin"]))
    (found,) = read_increment(increment)
    assert (found.note.chat_jid, found.note.duration) == (CHAT, 7.0)


@pytest.mark.parametrize("mark", ["seen", "app", "inferred"])
def test_the_page_marks_how_each_fact_is_known(mark: str) -> None:
    assert PAGE.read_text("utf-8").count(f"[{mark}]") > 1


def test_the_musts_are_numbered_without_a_gap() -> None:
    numbers = [int(n) for n in re.findall(r"\*\*M(\d+)\*\*", PAGE.read_text("utf-8"))]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 30
