"""The root key reveals the entries of a listing, envelope by envelope."""

from __future__ import annotations

import pytest

from gdrive_wa.core.errors import WrongKeyError, WrongKeyTypeError
from gdrive_wa.core.model import Backup, Entry
from gdrive_wa.core.progress import Silent
from gdrive_wa.crypt.envelope import FileMetadata, seal_envelope
from gdrive_wa.crypt.keys import CipherKey, RootKey
from gdrive_wa.jobs.reveal import check_key, reveal

KEY = RootKey(bytes(range(32)))
OTHER = RootKey(bytes(32))
BACKUP = Backup(name="b", account="15550100")
GOOD = seal_envelope(FileMetadata(name="Media/PTT-1.opus", size=5).to_json(), KEY)
NAMELESS = seal_envelope(b"{}", KEY)
BAD = "no envelope at all"


class Heard(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def entry(stored_as: str = "Media/A.mcrypt1", envelope: str | None = None) -> Entry:
    return Entry(stored_as=stored_as, path=stored_as, envelope=envelope)


def test_a_good_envelope_gives_the_real_name() -> None:
    (shown,) = reveal([entry(envelope=GOOD)], KEY)
    assert (shown.path, shown.stored_as, shown.plain_size) == (
        "Media/PTT-1.opus",
        "Media/A.mcrypt1",
        5,
    )


@pytest.mark.parametrize(
    "envelope",
    [BAD, NAMELESS, "", "\ufffd" * 100, None],
    ids=["bad", "nameless", "empty", "no base64", "none"],
)
def test_a_bad_envelope_leaves_its_entry_as_it_is(envelope: str | None) -> None:
    listed = entry(envelope=envelope)
    heard = Heard()
    shown, _ = reveal([listed, entry(envelope=GOOD)], KEY, progress=heard)
    assert shown == listed
    expected = [] if envelope is None else ["the metadata of 1 files cannot be read"]
    assert heard.lines == expected


def test_without_the_key_nothing_is_revealed(cipher_key: CipherKey) -> None:
    for key in (None, cipher_key):
        assert list(reveal([entry(envelope=GOOD)], key)) == [entry(envelope=GOOD)]


@pytest.fixture
def cipher_key(plain_sample: object) -> CipherKey:
    key = getattr(plain_sample, "key", None)
    assert isinstance(key, CipherKey)
    return key


@pytest.mark.parametrize("envelopes", [[GOOD], [BAD, GOOD], [NAMELESS], [GOOD, BAD]])
def test_one_envelope_that_opens_is_enough(envelopes: list[str]) -> None:
    assert check_key(BACKUP, [entry(envelope=each) for each in envelopes], KEY)


def test_the_backups_own_envelope_is_enough() -> None:
    assert check_key(Backup(name="b", account="1", sealed=GOOD), [], KEY)
    with pytest.raises(WrongKeyError):
        check_key(Backup(name="b", account="1", sealed=GOOD), [], OTHER)


def test_a_wrong_key_is_never_the_fault_of_a_damaged_envelope() -> None:
    assert not check_key(BACKUP, [entry(envelope=BAD)], OTHER)
    with pytest.raises(WrongKeyError):
        check_key(BACKUP, [entry(envelope=BAD), entry(envelope=GOOD)], OTHER)


def test_a_listing_that_cannot_be_used_to_check_the_key() -> None:
    assert not check_key(BACKUP, [], KEY)
    assert not check_key(BACKUP, [entry()], KEY)
    assert not check_key(BACKUP, [entry("msgstore.db.crypt15")], KEY)


def test_crypt14_only_wants_the_other_kind_of_key(cipher_key: CipherKey) -> None:
    served = [entry("Databases/msgstore.db.crypt14"), entry("Media/PTT-1.opus")]
    with pytest.raises(WrongKeyTypeError, match="not end-to-end"):
        check_key(BACKUP, served, KEY)
    assert not check_key(BACKUP, served, cipher_key)


def test_a_listing_of_both_kinds_accepts_either_key(cipher_key: CipherKey) -> None:
    both = [entry("msgstore.db.crypt14"), entry("msgstore.db.crypt15"), entry(envelope=GOOD)]
    assert check_key(BACKUP, both, KEY)
    assert not check_key(BACKUP, both, cipher_key)


@pytest.mark.parametrize("listed", [[entry("a.crypt15")], [entry()], [entry("x", GOOD)]])
def test_end_to_end_only_wants_the_root_key(cipher_key: CipherKey, listed: list[Entry]) -> None:
    with pytest.raises(WrongKeyTypeError, match="end-to-end encrypted"):
        check_key(BACKUP, listed, cipher_key)
