"""Pooled connections: direct, or through the proxy of the environment."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError

from gdrive_wa.core.errors import NetworkError
from gdrive_wa.http.answer import HttpAnswer
from gdrive_wa.http.bounded import BY_SCHEME, Pool, SafePool
from gdrive_wa.http.endpoints import is_loopback
from gdrive_wa.http.exchange import exchange
from gdrive_wa.http.trust import trust

CONNECT_SECONDS = 15.0
"""Timeout for opening a connection, the same as in the WhatsApp app."""
READ_SECONDS = 30.0
"""Timeout for each piece of an answer, the same as in the WhatsApp app."""
_TIMEOUT = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
_Host = Pool | SafePool | urllib3.ProxyManager


class Connections:
    """Pooled connections to any host, for many threads.

    ``HTTPS_PROXY``, ``HTTP_PROXY`` and ``NO_PROXY`` are respected; requests to this machine
    never go through a proxy.

    Args:
        most: maximum number of connections kept open to one host.
        trusted: creates the TLS settings of https connections.
    """

    def __init__(self, most: int, *, trusted: Callable[[], ssl.SSLContext] = trust) -> None:
        self._most = most
        self._trusted = trusted
        self._lock = Lock()
        self._proxies: dict[tuple[str, str], urllib3.ProxyManager] = {}
        self._by_host: dict[tuple[str, str], _Host] = {}

    def request(
        self, method: str, url: str, *, body: bytes | None, headers: Mapping[str, str]
    ) -> HttpAnswer:
        """Send one request: without redirects, retries or decoding.

        Raises:
            urllib3.exceptions.HTTPError: the request failed.
            NetworkError: the proxy cannot be used, or the answer is too long or too slow.
        """
        parts = urlsplit(url)
        host = self._host(url, parts)
        target = url
        if isinstance(host, Pool | SafePool):
            target = _target(parts)
            if method == "GET" and body is None:
                answer = exchange(host, target, headers, seconds=READ_SECONDS)
                if answer is not None:
                    return answer
        return host.urlopen(
            method,
            target,
            body=body,
            headers=headers,
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
        )

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for host in self._by_host.values():
                if isinstance(host, Pool | SafePool):
                    host.close()
            for manager in self._proxies.values():
                manager.clear()

    def _host(self, url: str, parts: SplitResult) -> _Host:
        key = (parts.scheme, parts.netloc)
        with self._lock:
            if key not in self._by_host:
                proxy = proxy_for(parts.scheme, parts.hostname or "")
                found = self._proxied(parts.scheme, proxy) if proxy else self._pool(url)
                self._by_host[key] = found
            return self._by_host[key]

    def _pool(self, url: str) -> Pool | SafePool:
        """Direct connections to one host, without a manager, which would parse each URL twice."""
        scheme, _, host, port, *_ = urllib3.util.parse_url(url)
        if scheme == "https":
            context = self._trusted()
            return SafePool(
                str(host), port, maxsize=self._most, timeout=_TIMEOUT, ssl_context=context
            )
        return Pool(str(host), port, maxsize=self._most, timeout=_TIMEOUT)

    def _proxied(self, scheme: str, proxy: str) -> urllib3.ProxyManager:
        if (scheme, proxy) not in self._proxies:
            self._proxies[scheme, proxy] = self._open(scheme, proxy)
        return self._proxies[scheme, proxy]

    def _open(self, scheme: str, proxy: str) -> urllib3.ProxyManager:
        try:
            auth = urllib3.util.parse_url(proxy).auth
            proxy_headers = urllib3.make_headers(proxy_basic_auth=unquote(auth)) if auth else None
            return _BoundedProxyManager(
                proxy,
                num_pools=8,
                maxsize=self._most,
                proxy_headers=proxy_headers,
                timeout=_TIMEOUT,
                ssl_context=self._trusted() if scheme == "https" else None,
            )
        except (HTTPError, ValueError) as error:
            raise NetworkError(
                "the proxy in HTTPS_PROXY or HTTP_PROXY cannot be used",
                hint="set HTTPS_PROXY to an address such as http://proxy.example:3128",
            ) from error


class _BoundedProxyManager(urllib3.ProxyManager):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.pool_classes_by_scheme = BY_SCHEME


def _target(parts: SplitResult) -> str:
    """The request target: path and query."""
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def proxy_for(scheme: str, host: str) -> str:
    """The address of the proxy for `host`; empty if there is none."""
    if is_loopback(host):
        return ""
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all") or ""
    if not proxy or proxy_bypass(host):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"
