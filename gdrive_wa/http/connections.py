"""Connections that are kept: straight, or through the proxy that the environment names."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from threading import Lock
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError

from gdrive_wa.core.errors import NetworkError
from gdrive_wa.http.endpoints import is_loopback
from gdrive_wa.http.trust import trust

CONNECT_SECONDS = 15.0
READ_SECONDS = 30.0
"""The app's own timeouts."""


class Connections:
    """Kept connections to any host, for many threads.

    ``HTTPS_PROXY``, ``HTTP_PROXY`` and ``NO_PROXY`` are followed; this machine is never asked
    through a proxy.

    Args:
        most: kept open to one host.
        trusted: makes what https connections trust, and how they begin.
    """

    def __init__(self, most: int, *, trusted: Callable[[], ssl.SSLContext] = trust) -> None:
        self._most = most
        self._trusted = trusted
        self._lock = Lock()
        self._managers: dict[tuple[str, str], urllib3.PoolManager] = {}
        self._by_host: dict[tuple[str, str], urllib3.PoolManager] = {}

    def request(
        self, method: str, url: str, *, body: bytes | None, headers: Mapping[str, str]
    ) -> urllib3.BaseHTTPResponse:
        """One request as it is: no redirect is followed, nothing is tried twice or decoded.

        Raises:
            urllib3.exceptions.HTTPError: it failed.
            NetworkError: the proxy cannot be used.
        """
        return self._manager(url).request(
            method,
            url,
            body=body,
            headers=headers,
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
        )

    def close(self) -> None:
        """Let go of all of them."""
        with self._lock:
            for manager in self._managers.values():
                manager.clear()

    def _manager(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        key = (parts.scheme, parts.netloc)
        with self._lock:
            if key not in self._by_host:
                proxy = proxy_for(parts.scheme, parts.hostname or "")
                way = (parts.scheme, proxy)
                if way not in self._managers:
                    self._managers[way] = self._open(*way)
                self._by_host[key] = self._managers[way]
            return self._by_host[key]

    def _open(self, scheme: str, proxy: str) -> urllib3.PoolManager:
        trusted = self._trusted() if scheme == "https" else None
        timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
        if not proxy:
            return urllib3.PoolManager(
                num_pools=8, maxsize=self._most, timeout=timeout, ssl_context=trusted
            )
        try:
            auth = urllib3.util.parse_url(proxy).auth
            proxy_headers = urllib3.make_headers(proxy_basic_auth=unquote(auth)) if auth else None
            return urllib3.ProxyManager(
                proxy,
                num_pools=8,
                maxsize=self._most,
                proxy_headers=proxy_headers,
                timeout=timeout,
                ssl_context=trusted,
            )
        except (HTTPError, ValueError) as error:
            raise NetworkError(
                "the proxy that the environment names cannot be used",
                hint="set HTTPS_PROXY to an address such as http://proxy.example:3128",
            ) from error


def proxy_for(scheme: str, host: str) -> str:
    """The address of the proxy for `host`; empty where there is none to use."""
    if is_loopback(host):
        return ""
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all") or ""
    if not proxy or proxy_bypass(host):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"
