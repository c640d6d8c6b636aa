"""WhatsApp's own media servers, ``/v/…``: encrypted copies for anyone with the link."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from gdrive_wa.emulation.account import TRANSIENT_FOLDER, Account
from gdrive_wa.emulation.http import Request, Response
from gdrive_wa.emulation.media import serve_bytes

PREFIX = "/v/"
_TEXT = {"Content-Type": "text/plain"}


@dataclass(frozen=True, slots=True)
class TransientMedia:
    """Answers requests for every path below ``/v/``. No token is needed: the link is enough.

    Attributes:
        accounts: the accounts with the ``transient`` folders to serve.
    """

    accounts: Sequence[Account]

    def answer(self, request: Request) -> Response:
        """The copy, unless its link (``oe``, a hexadecimal Unix time) has expired."""
        try:
            expires = int(request.query.get("oe", ""), 16)
        except ValueError:
            return Response(403, dict(_TEXT), b"Bad URL timestamp")
        if expires < time.time():
            return Response(403, dict(_TEXT), b"URL signature expired")
        name = request.decoded_path.rpartition("/")[2]
        for account in self.accounts:
            path = account.folder / TRANSIENT_FOLDER / name
            if name and path.is_file():
                return serve_bytes(request, path, mime_type="application/octet-stream")
        return Response(404, dict(_TEXT), b"Not found")
