"""Arguments of the jobs: sources that a job opens are closed, given ones stay open."""

from __future__ import annotations

import gc
import tempfile
from pathlib import Path

import pytest

import gdrive_wa
from gdrive_wa.crypt.keys import CipherKey, RootKey
from gdrive_wa.emulation.sample import SampleAccount
from gdrive_wa.jobs.arguments import as_key, opened_source
from tests.sources.apple import AppleBackup


@pytest.fixture
def iphone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A backup that is opened into temporary files, and an empty folder for these."""
    made = AppleBackup(tmp_path / "iPhone")
    made.add("Message/Media/15550101@s.whatsapp.net/a.opus", b"OggS")
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    return made.finish()


def test_a_source_that_a_call_opened_is_closed_by_it(iphone: Path, tmp_path: Path) -> None:
    assert gdrive_wa.backups(iphone)
    assert gdrive_wa.ls(str(iphone))
    gdrive_wa.restore(iphone, tmp_path / "out")
    gdrive_wa.restore(source=iphone, dest=tmp_path / "out")
    gdrive_wa.download(iphone, tmp_path / "copy")
    gc.collect()  # a source left open would warn, and warnings are errors here
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_source_that_fails_is_closed_too(iphone: Path, tmp_path: Path) -> None:
    with pytest.raises(gdrive_wa.UsageError, match="no backup named 'nobody'"):
        gdrive_wa.restore(iphone, tmp_path / "out", backup="nobody")
    gc.collect()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_source_that_was_given_stays_open(iphone: Path) -> None:
    source = gdrive_wa.open_folder(iphone)
    with opened_source(source) as opened:
        assert opened is source
    assert gdrive_wa.ls(source) == gdrive_wa.ls(source)
    source.close()


def test_a_key_is_taken_as_it_is_or_read_from_its_file(
    sample: SampleAccount, plain_sample: SampleAccount, tmp_path: Path
) -> None:
    digits = tmp_path / "key.txt"
    digits.write_text(sample.key.reveal().hex(" ", 2).upper())
    assert as_key(sample.key) is sample.key
    assert as_key(str(sample.key_file)) == as_key(digits) == sample.key
    assert isinstance(as_key(digits), RootKey)
    assert isinstance(as_key(plain_sample.key_file), CipherKey)
    assert as_key(None) is None


def test_a_key_file_that_is_named_like_a_key_is_read(
    sample: SampleAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ab" * 32).write_bytes(sample.key_file.read_bytes())
    assert as_key("ab" * 32) == sample.key
