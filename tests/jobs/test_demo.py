"""The demo restores into a folder of its own, and never into a user's archive."""

from __future__ import annotations

from pathlib import Path

import pytest

from gdrive_wa import UsageError, demo, open_archive, restore
from gdrive_wa.core.selection import Selection
from gdrive_wa.emulation.sample import SampleAccount


def own_archive(sample: SampleAccount, tmp_path: Path, selection: Selection) -> Path:
    phone = tmp_path / "WhatsApp"
    for path, content in sample.contents.items():
        (phone / path).parent.mkdir(parents=True, exist_ok=True)
        (phone / path).write_bytes(content)
    restore(phone, tmp_path / "mine", selection=selection)
    return tmp_path / "mine"


@pytest.mark.parametrize("some", [Selection(), Selection(include=("*2025*",))])
def test_the_demo_refuses_a_users_archive(
    sample: SampleAccount, tmp_path: Path, some: Selection
) -> None:
    mine = own_archive(sample, tmp_path, some)
    before = {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match="the archive of another backup"):
        demo(mine)
    assert {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()} == before


def test_the_demo_may_run_again_into_its_own_archive(tmp_path: Path) -> None:
    demo(tmp_path / "demo")
    again = demo(tmp_path / "demo")
    assert again.failed == again.done == []
    assert open_archive(tmp_path / "demo").notes()
