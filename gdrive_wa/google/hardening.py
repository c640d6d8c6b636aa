"""How the libraries that sign in ask: with a time limit, and nowhere else.

What they send holds refresh tokens and codes in its body, which a redirect could take along, so
none is followed. This machine is never asked through a proxy.
"""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import HTTPAdapter

from gdrive_wa.http.connections import CONNECT_SECONDS, READ_SECONDS
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.http.trust import trust


def harden_session(session: requests.Session, endpoints: Endpoints) -> requests.Session:
    """`session`, made fit to sign in at `endpoints`."""
    usual = session.send

    def send(request: requests.PreparedRequest, **options: Any) -> requests.Response:
        if options.get("timeout") is None:
            options["timeout"] = (CONNECT_SECONDS, READ_SECONDS)
        return usual(request, **options)

    # Set on the one session, for the libraries choose its class themselves.
    session.send = send  # type: ignore[method-assign]
    session.max_redirects = 0
    session.trust_env = not endpoints.local
    session.mount("https://", _Trusting())
    return session


class _Trusting(HTTPAdapter):
    """Believes what our own requests believe; by itself it would not ask the system."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, ssl_context=trust(), **options)

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        return super().proxy_manager_for(*args, ssl_context=trust(), **options)
