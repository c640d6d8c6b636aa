"""Runs wabdd, a third-party program, against an emulator instead of Google.

    .peers/bin/python tests/emulator/wabdd_at.py http://127.0.0.1:PORT download …

Run it with the interpreter that wabdd is installed for. Only the address of wabdd's requests is
changed.
"""

from __future__ import annotations

import sys
from typing import Any

import gpsoauth  # type: ignore[import-not-found]  # only in the peers' environment
import requests
from wabdd.__main__ import cli  # type: ignore[import-not-found]  # only in the peers' environment

GOOGLE = "https://backup.googleapis.com"


def main(root: str, arguments: list[str]) -> None:
    get = requests.get

    def get_there(url: str, **options: Any) -> requests.Response:
        return get(url.replace(GOOGLE, root, 1), **options)

    requests.get = get_there  # type: ignore[assignment]
    gpsoauth.AUTH_URL = f"{root}/android/auth"
    cli(arguments)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
