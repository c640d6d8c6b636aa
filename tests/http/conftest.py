"""No test in this folder sees this machine's logins."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_config(config: Path) -> None:
    """Every test has a configuration folder of its own."""
