"""The API reference can be made, and shows every public name with its types."""

from __future__ import annotations

from pathlib import Path

import gdrive_wa
from tests.reference import write_reference


def test_the_reference_is_written_without_a_warning_and_holds_every_public_name(
    tmp_path: Path,
) -> None:
    page = write_reference(tmp_path).read_text("utf-8")
    for name in set(gdrive_wa.__all__) - {"__version__"}:
        assert f'id="{name}"' in page, name
    assert "ForwardRef" not in page
    for heading in ("Arguments:", "Returns:", "Raises:"):
        assert f">{heading}" in page, heading
    for role in (":class:", ":func:", ":mod:", ":data:"):
        assert role not in page
