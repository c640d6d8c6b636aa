"""A plain HTTP client, signed in to the sample account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from gdrive_wa.emulation.sample import SampleAccount


@pytest.fixture
def client(sample: SampleAccount) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {sample.token.reveal()}"
        session.headers["Accept-Encoding"] = "identity"
        yield session
