"""Checks of a key with a file, and the digit that was mistyped."""

from __future__ import annotations

from pathlib import Path

import pytest

from gdrive_wa.core.errors import (
    ChecksumError,
    FormatError,
    MetadataError,
    UsageError,
    WrongKeyError,
    WrongKeyTypeError,
)
from gdrive_wa.crypt.encrypt import encrypt_media
from gdrive_wa.crypt.envelope import FileMetadata
from gdrive_wa.jobs.key_check import (
    TypoFix,
    check_key,
    find_typo,
    find_typo_by_envelope,
    find_typo_by_file,
)
from tests.crypt.fixtures import CIPHER_KEY, OTHER_ROOT_KEY, ROOT_KEY, Seal, key_for

DIGITS = bytes(range(32)).hex()
MISTYPED = DIGITS[:41] + "9" + DIGITS[42:]
TYPO = TypoFix(position=42, group=11, typed="9", expected="4")
VOICE = b"OggS" + bytes(range(256)) * 400


@pytest.fixture
def media(tmp_path: Path) -> tuple[Path, Path]:
    """A stored voice note and its envelope."""
    name, sealed, envelope = encrypt_media(VOICE, ROOT_KEY, FileMetadata(name="Media/a.opus"))
    blob = tmp_path / f"{name}.mcrypt1"
    blob.write_bytes(sealed)
    sidecar = tmp_path / f"{name}.mcrypt1-metadata"
    sidecar.write_text(envelope)
    return blob, sidecar


@pytest.mark.parametrize("format_", ["crypt12", "crypt14", "crypt15"])
def test_the_right_key_opens_a_container(format_: str, seal: Seal) -> None:
    sealed = seal(format_)
    before = sorted(sealed.parent.iterdir())
    assert check_key(sealed, key_for(format_)) == format_
    assert sorted(sealed.parent.iterdir()) == before


def test_the_right_key_opens_media_and_envelope(media: tuple[Path, Path]) -> None:
    assert [check_key(path, ROOT_KEY) for path in media] == ["mcrypt1", "envelope"]


def test_other_keys_do_not(media: tuple[Path, Path], seal: Seal) -> None:
    for path in (*media, seal("crypt15")):
        with pytest.raises(WrongKeyError):
            check_key(path, OTHER_ROOT_KEY)
        with pytest.raises(WrongKeyTypeError):
            check_key(path, CIPHER_KEY)


def test_damage_is_not_blamed_on_the_key(seal: Seal) -> None:
    sealed = seal("crypt15")
    sealed.write_bytes(sealed.read_bytes() + b"\n")
    with pytest.raises(ChecksumError):
        check_key(sealed, ROOT_KEY)


def test_what_is_not_encrypted_needs_no_key(database: Path) -> None:
    with pytest.raises(FormatError, match="not encrypted"):
        check_key(database, ROOT_KEY)


@pytest.mark.parametrize("checksum", [True, False], ids=["MD5", "no MD5"])
def test_a_mistyped_digit_is_found_with_a_container(checksum: bool, seal: Seal) -> None:
    assert find_typo_by_file(MISTYPED, seal("crypt15", checksum=checksum)) == TYPO


def test_a_mistyped_digit_is_found_with_a_small_file_of_any_content(seal: Seal) -> None:
    sealed = seal("crypt15", content=b"\1\2\3 what is this", compress=False)
    assert find_typo_by_file(MISTYPED, sealed) == TYPO


@pytest.mark.no_cover  # to count lines would double its time
def test_a_mistyped_digit_is_found_with_a_longer_document_of_any_kind(
    seal: Seal, tmp_path: Path
) -> None:
    document = bytes(range(1, 256)) * 500
    name, sealed, _ = encrypt_media(document, ROOT_KEY, FileMetadata(name="Media/a.doc"))
    blob = tmp_path / f"{name}.mcrypt1"
    blob.write_bytes(sealed)
    assert find_typo_by_file(MISTYPED, blob) == TYPO
    multi = seal("crypt15", content=document, compress=False, checksum=False)
    assert find_typo_by_file(MISTYPED, multi) == TYPO


def test_a_mistyped_digit_is_found_with_media_and_envelope(media: tuple[Path, Path]) -> None:
    assert [find_typo_by_file(MISTYPED, path) for path in media] == [TYPO, TYPO]


def test_media_verified_only_by_their_envelope_are_opened(media: tuple[Path, Path]) -> None:
    blob, _ = media
    blob.write_bytes(blob.read_bytes()[:-16] + bytes(16))
    assert check_key(blob, ROOT_KEY) == "mcrypt1"


def test_a_mistyped_digit_is_found_with_the_envelope_of_a_document_of_any_size(
    tmp_path: Path,
) -> None:
    plain = FileMetadata(name="Media/a.doc")
    name, sealed, envelope = encrypt_media(bytes(range(256)) * 8192, ROOT_KEY, plain)
    blob = tmp_path / f"{name}.mcrypt1"
    blob.write_bytes(sealed)
    assert find_typo_by_file(MISTYPED, blob) is None
    blob.with_name(f"{blob.name}-metadata").write_text(envelope)
    assert find_typo_by_file(MISTYPED, blob) == TYPO


def test_spacing_and_case_do_not_change_the_position(media: tuple[Path, Path]) -> None:
    typed = " ".join(MISTYPED[i : i + 4] for i in range(0, 64, 4)).upper()
    typo = find_typo_by_envelope(typed, media[1].read_text())
    assert typo == TYPO
    assert typo.correct(typed) == DIGITS


def test_an_invalid_letter_is_the_mistyped_digit_if_any(media: tuple[Path, Path]) -> None:
    envelope = media[1].read_text()
    typed = "O" + DIGITS[1:]
    assert find_typo_by_envelope(typed, envelope) == TypoFix(
        position=1, group=1, typed="o", expected="0"
    )
    assert find_typo_by_envelope("OO" + DIGITS[2:], envelope) is None
    assert find_typo_by_envelope("O" + MISTYPED[1:], envelope) is None


def test_two_mistyped_digits_are_not_searched_for(media: tuple[Path, Path]) -> None:
    assert find_typo_by_envelope("f" + MISTYPED[1:], media[1].read_text()) is None


def test_another_number_of_digits_is_not_a_typing_error(media: tuple[Path, Path]) -> None:
    for typed in (DIGITS[1:], DIGITS + "0", ""):
        assert find_typo_by_envelope(typed, media[1].read_text()) is None


def test_two_matching_corrections_give_none() -> None:
    assert find_typo(DIGITS, lambda key: key.reveal()[0] in (1, 2)) is None


def test_only_the_960_single_corrections_are_tried() -> None:
    tried: set[bytes] = set()

    def refuse(key: object) -> bool:
        tried.add(key.reveal())  # type: ignore[attr-defined]
        return False

    assert find_typo(DIGITS, refuse) is None
    assert len(tried) == 960
    assert bytes(range(32)) not in tried


def test_an_unreadable_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        find_typo_by_file(MISTYPED, tmp_path / "nothing")
    long = tmp_path / "x.mcrypt1-metadata"
    long.write_bytes(b"A" * (1 << 21))
    with pytest.raises(MetadataError, match="too long"):
        check_key(long, ROOT_KEY)
