"""A folder: each file by its content; a bad file does not stop the rest; a second run is short."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest

from gdrive_wa.core.errors import Interrupted, StorageError, UsageError
from gdrive_wa.core.model import Report
from gdrive_wa.core.progress import Silent
from gdrive_wa.crypt.encrypt import encrypt_file, encrypt_media
from gdrive_wa.crypt.envelope import FileMetadata, seal_envelope
from gdrive_wa.crypt.keys import Key
from gdrive_wa.jobs.decrypt_folder import decrypt_tree
from gdrive_wa.jobs.executors import CHUNK
from gdrive_wa.storage.manifest import STATE_FOLDER, Manifest
from tests.crypt.fixtures import CIPHER_KEY, OTHER_ROOT_KEY, ROOT_KEY

SENT = datetime(2023, 12, 31, 22, 58, tzinfo=UTC)
NOTES = "Media/WhatsApp Voice Notes/202352"


class Dump:
    """A folder of stored blobs, to which a test adds files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "dump"
        self.out = folder / "out"
        (self.folder / "Media").mkdir(parents=True)

    def media(self, path: str, content: bytes, *, envelope: bool = True) -> Path:
        name, sealed, text = encrypt_media(content, ROOT_KEY, FileMetadata(name=path, updated=SENT))
        blob = self.folder / "Media" / f"{name}.mcrypt1"
        blob.write_bytes(sealed)
        if envelope:
            blob.with_name(f"{name}.mcrypt1-metadata").write_text(text)
        return blob

    def container(self, path: str, plain: Path, key: Key = ROOT_KEY) -> Path:
        sealed = self.folder / path
        encrypt_file(plain, sealed, key, format=path.rsplit(".", 1)[-1])
        return sealed

    def plain(self, path: str, content: bytes) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    def decrypt(self, key: Key | None = ROOT_KEY, *, jobs: int = 2) -> Report:
        return decrypt_tree(self.folder, self.out, key, jobs=jobs)

    def found(self) -> dict[str, bytes]:
        """The files of the target, except our own state."""
        return {
            path.relative_to(self.out).as_posix(): path.read_bytes()
            for path in sorted(self.out.rglob("*"))
            if path.is_file() and STATE_FOLDER not in path.parts
        }


@pytest.fixture
def dump(tmp_path: Path) -> Dump:
    return Dump(tmp_path)


@pytest.mark.parametrize("jobs", [1, 4])
def test_everything_gets_its_own_path_and_time(jobs: int, dump: Dump, database: Path) -> None:
    dump.container("Databases/msgstore.db.crypt15", database)
    dump.media(f"{NOTES}/PTT-1.opus", b"OggS one")
    dump.media(f"{NOTES}/PTT-2.opus", b"OggS two")
    dump.plain("Backups/notes.json", b'{"a": 1}')
    report = dump.decrypt(jobs=jobs)
    assert dump.found() == {
        "Backups/notes.json": b'{"a": 1}',
        "Databases/msgstore.db": database.read_bytes(),
        f"{NOTES}/PTT-1.opus": b"OggS one",
        f"{NOTES}/PTT-2.opus": b"OggS two",
    }
    assert (len(report.done), report.skipped, report.failed) == (4, [], [])
    assert report.bytes == sum(map(len, dump.found().values()))
    assert (dump.out / NOTES / "PTT-1.opus").stat().st_mtime == SENT.timestamp()


def test_a_phones_folder_with_plain_media_and_crypt14_is_decrypted_too(
    dump: Dump, database: Path
) -> None:
    dump.container("Databases/msgstore.db.crypt14", database, CIPHER_KEY)
    dump.container("Databases/msgstore-2023-01-01.1.db.crypt12", database, CIPHER_KEY)
    dump.plain(f"{NOTES}/PTT-3.opus", b"OggS three")
    dump.plain("Media/.nomedia", b"")
    report = dump.decrypt(CIPHER_KEY)
    assert report.failed == []
    assert set(dump.found()) == {
        "Databases/msgstore.db",
        "Databases/msgstore-2023-01-01.1.db",
        f"{NOTES}/PTT-3.opus",
    }


def test_media_without_an_envelope_are_named_after_their_hash(dump: Dump) -> None:
    blob = dump.media("Media/a.opus", b"OggS lost", envelope=False)
    dump.decrypt()
    assert dump.found() == {f"Media/{blob.stem}.opus": b"OggS lost"}


def test_a_bad_file_does_not_stop_the_rest(dump: Dump, database: Path) -> None:
    good = dump.media("Media/good.opus", b"OggS good")
    bad = dump.media("Media/bad.opus", b"OggS bad")
    bad.write_bytes(b"OggS rubbish of some length")
    cut = dump.container("Databases/msgstore.db.crypt15", database)
    cut.write_bytes(cut.read_bytes()[:-5000])
    dump.container("Databases/wa.db.crypt14", database, CIPHER_KEY)
    forged = dump.media("Media/forged.opus", b"OggS forged")
    forged.with_name(forged.name + "-metadata").write_text("no envelope")
    report = dump.decrypt()
    assert dump.found() == {
        "Media/good.opus": b"OggS good",
        f"Media/{forged.stem}.opus": b"OggS forged",
    }
    done = {outcome.path: outcome.reason for outcome in report.done}
    assert done.pop(f"Media/{good.name}") is None
    assert "its original name is lost" in str(done.pop(f"Media/{forged.name}"))
    assert done == {}
    reasons = {outcome.path: outcome for outcome in report.failed}
    assert set(reasons) == {
        f"Media/{bad.name}",
        "Databases/msgstore.db.crypt15",
        "Databases/wa.db.crypt14",
    }
    assert all(outcome.reason and outcome.exit_code for outcome in report.failed)
    assert "does not open with 64 digits" in str(reasons["Databases/wa.db.crypt14"].reason)


def test_a_wrong_key_fails_every_sealed_file_and_writes_none(dump: Dump, database: Path) -> None:
    dump.container("Databases/msgstore.db.crypt15", database)
    dump.media("Media/a.opus", b"OggS")
    for key in (OTHER_ROOT_KEY, None):
        report = dump.decrypt(key)
        assert {outcome.exit_code for outcome in report.failed} == {5}
        assert dump.found() == {}


def test_a_target_inside_the_source_is_not_part_of_it(dump: Dump, database: Path) -> None:
    dump.container("Databases/msgstore.db.crypt15", database)
    dump.media("Media/a.opus", b"OggS a")
    dump.out = dump.folder / "Media" / "out"
    first = dump.decrypt()
    found = dump.found()
    again = dump.decrypt()
    assert (len(first.done), len(again.done), len(again.skipped)) == (2, 0, 2)
    assert dump.found() == found


def test_the_source_is_not_its_own_target(dump: Dump, database: Path) -> None:
    dump.container("Databases/msgstore.db.crypt15", database)
    before = sorted(dump.folder.rglob("*"))
    dump.out = dump.folder / "Media" / ".."
    with pytest.raises(UsageError, match="come from"):
        dump.decrypt()
    assert sorted(dump.folder.rglob("*")) == before


def test_a_second_run_does_only_what_is_left(dump: Dump, database: Path) -> None:
    dump.container("Databases/msgstore.db.crypt15", database)
    first = dump.media("Media/a.opus", b"OggS a")
    dump.decrypt()
    before = {path: path.stat().st_ino for path in dump.out.rglob("*.*") if path.is_file()}
    dump.media("Media/b.opus", b"OggS b")
    report = dump.decrypt()
    assert (len(report.done), len(report.skipped)) == (1, 2)
    kept = {path: path.stat().st_ino for path in before if STATE_FOLDER not in path.parts}
    assert kept.items() <= before.items()
    (dump.out / "Media/a.opus").write_bytes(b"touched")
    report = dump.decrypt()
    assert [outcome.path for outcome in report.done] == [f"Media/{first.name}"]
    assert dump.found()["Media/a.opus"] == b"OggS a"


def test_a_changed_blob_is_decrypted_again(dump: Dump, database: Path, tmp_path: Path) -> None:
    newer = tmp_path / "newer.db"
    newer.write_bytes(b"SQLite format 3\0 a newer one")
    dump.container("Databases/msgstore.db.crypt15", database)
    dump.decrypt()
    dump.container("Databases/msgstore.db.crypt15", newer)
    report = dump.decrypt()
    assert len(report.done) == 1
    assert dump.found()["Databases/msgstore.db"] == newer.read_bytes()


def test_two_files_of_one_name_are_both_kept(dump: Dump, database: Path) -> None:
    """Such as the same database as crypt14 and as crypt15, or names that differ in case only."""
    dump.container("Databases/msgstore.db.crypt15", database)
    dump.plain("Databases/msgstore.db", b"SQLite format 3\0 another")
    dump.media("Media/A.opus", b"OggS upper")
    dump.media("Media/a.opus", b"OggS lower")
    report = dump.decrypt(jobs=1)
    assert (len(report.done), len(dump.found())) == (4, 4)
    assert sorted(dump.found().values()) == sorted(
        [database.read_bytes(), b"SQLite format 3\0 another", b"OggS upper", b"OggS lower"]
    )
    again = dump.decrypt()
    assert (len(again.skipped), again.failed) == (4, [])


@pytest.mark.parametrize(
    "path",
    [
        "../../outside.opus",
        "/etc/outside.opus",
        "C:\\outside.opus",
        "a/../../outside.opus",
        ".gdrive-wa/manifest.jsonl",
        "Media/CON",
        "Media/\x00nul\n.opus",
        "-rf/~/x.opus",
        "\u202egpj.opus",
        "x" * 5000,
        "..",
    ],
)
def test_names_that_lead_out_stay_inside(path: str, dump: Dump, tmp_path: Path) -> None:
    dump.media(path, b"OggS hostile")
    before = set(tmp_path.rglob("*"))
    report = dump.decrypt()
    outside = {new for new in set(tmp_path.rglob("*")) - before if dump.out not in new.parents}
    assert outside <= {dump.out}
    assert len(report.done) + len(report.failed) == 1
    assert list(dump.found().values()) in ([b"OggS hostile"], [])


def test_an_envelope_of_another_file_gives_no_name(dump: Dump) -> None:
    blob = dump.media("Media/a.opus", b"OggS a")
    text = FileMetadata(name="Media/b.opus", md5="00" * 16, size=6).to_json()
    blob.with_name(blob.name + "-metadata").write_text(seal_envelope(text, ROOT_KEY))
    report = dump.decrypt()
    assert "belongs to another file" in str(report.done[0].reason)
    assert dump.found() == {f"Media/{blob.stem}.opus": b"OggS a"}


def test_links_are_not_followed(dump: Dump, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "private.opus").write_bytes(b"OggS private")
    (dump.folder / "linked").symlink_to(secret)
    (dump.folder / "one.opus").symlink_to(secret / "private.opus")
    assert dump.decrypt().done == []
    assert dump.found() == {}


def test_cancellation_keeps_finished_files(dump: Dump) -> None:
    for number in range(3 * CHUNK):
        dump.media(f"Media/{number}.opus", b"OggS %d" % number)

    class Impatient(Silent):
        asked = 0

        def check(self) -> None:
            self.asked += 1
            if self.asked > 1.5 * CHUNK:  # in the second chunk
                raise Interrupted("stopped")

    with pytest.raises(Interrupted):
        decrypt_tree(dump.folder, dump.out, ROOT_KEY, jobs=1, progress=Impatient())
    assert not list(dump.out.rglob("*.tmp"))
    report = dump.decrypt()
    assert len(report.skipped) >= CHUNK
    assert len(report.done) + len(report.skipped) == 3 * CHUNK
    assert len(dump.found()) == 3 * CHUNK


def test_a_file_of_the_users_own_keeps_its_name_and_its_content(dump: Dump) -> None:
    dump.media("Media/a.opus", b"OggS ours")
    own = dump.out / "Media" / "a.opus"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"OggS the user's")
    for _ in range(2):
        dump.decrypt()
        assert dump.found() == {
            "Media/a.opus": b"OggS the user's",
            "Media/a (2).opus": b"OggS ours",
        }


def test_a_file_that_a_killed_run_did_not_record_is_recovered(dump: Dump) -> None:
    dump.media("Media/a.opus", b"OggS ours")
    dump.decrypt()
    shutil.rmtree(dump.out / STATE_FOLDER)
    assert len(dump.decrypt().done) == 1
    assert dump.found() == {"Media/a.opus": b"OggS ours"}


def test_two_runs_into_one_folder_are_refused(dump: Dump) -> None:
    dump.media("Media/a.opus", b"OggS a")
    with Manifest(dump.out), pytest.raises(StorageError, match="in use"):
        dump.decrypt()


def test_a_source_that_is_not_a_folder_is_refused(dump: Dump) -> None:
    shutil.rmtree(dump.folder)
    with pytest.raises(UsageError, match="no folder"):
        dump.decrypt()


def test_every_file_is_private(dump: Dump) -> None:
    dump.media("Media/a.opus", b"OggS a")
    dump.decrypt()
    assert (dump.out / "Media/a.opus").stat().st_mode & 0o777 == 0o600


def test_unencrypted_files_are_reported_once_not_thousands_of_times(dump: Dump) -> None:
    for number in range(5):
        dump.plain(f"{NOTES}/PTT-{number}.opus", b"OggS %d" % number)

    class Heard(Silent):
        lines: ClassVar[list[str]] = []

        def say(self, line: str) -> None:
            self.lines.append(line)

    decrypt_tree(dump.folder, dump.out, progress=Heard(), jobs=1)
    assert Heard.lines == [
        f"{NOTES}/PTT-0.opus: it is not encrypted: copied as it is",
        "and of 4 other files: it is not encrypted: copied as it is",
    ]


def test_transient_media_of_whatsapp_are_kept_and_named(dump: Dump) -> None:
    dump.plain("Media/a.enc", bytes(range(100, 200)))
    report = dump.decrypt()
    assert "encrypted with a key that only the database of chats has" in str(report.done[0].reason)
    assert dump.found() == {"Media/a.enc": bytes(range(100, 200))}
