"""Make the sessions of the sign-in libraries safe: time limits, no redirects, our certificates.

Their requests contain refresh tokens and codes, which a redirect could send to another server,
so redirects are not followed. Requests to this machine never go through a proxy.
"""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import HTTPAdapter

from gdrive_wa.http.connections import CONNECT_SECONDS, READ_SECONDS
from gdrive_wa.http.endpoints import Endpoints
from gdrive_wa.http.trust import trust


def harden_session(session: requests.Session, endpoints: Endpoints) -> requests.Session:
    """Make `session` safe for a sign-in at `endpoints`, and return it."""
    usual = session.send

    def send(request: requests.PreparedRequest, **options: Any) -> requests.Response:
        if options.get("timeout") is None:
            options["timeout"] = (CONNECT_SECONDS, READ_SECONDS)
        return usual(request, **options)

    # Set on the session itself, because the libraries choose its class.
    session.send = send  # type: ignore[method-assign]
    session.max_redirects = 0
    session.trust_env = not endpoints.local
    session.mount("https://", _Trusting())
    return session


class _Trusting(HTTPAdapter):
    """Trusts the same certificates as our own requests, including those of the system."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, ssl_context=trust(), **options)

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        return super().proxy_manager_for(*args, ssl_context=trust(), **options)
