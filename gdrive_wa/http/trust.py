"""Whose certificates are believed, and what to say of one that is not.

The same ones for every request, of our own and of the libraries that sign in: where a company's
proxy or a virus scanner reads along, either all of them work or none does.
"""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from gdrive_wa.core.errors import NetworkError

_NO_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"}
"""What OpenSSL calls an answer that is no TLS, from version to version."""
_HINTS = (
    "check the date and the time of this machine: a certificate holds for a span of time",
    "does a company's proxy or a virus scanner read along? Install its root certificate here",
    "or name the file that holds it: SSL_CERT_FILE=…",
)


class UntrustedError(NetworkError):
    """The server does not prove its identity; trying again would not help."""


def trust() -> ssl.SSLContext:
    """The certificates that this system trusts, and the file that ``SSL_CERT_FILE`` names.

    On Linux also those that came with this installation, because a small container has none.
    """
    return _trusting(_system_context())


def trust_like_a_phone() -> ssl.SSLContext:
    """As :func:`trust`, with the first message of a connection as Play services writes it.

    Google has been seen to refuse to sign in a client that offers a list of protocols (ALPN), or
    that does not ask for a session ticket.
    """

    class WithoutProtocols(_system_context()):  # type: ignore[misc] # one of two
        def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
            """urllib3 would offer http/1.1."""

    context = _trusting(WithoutProtocols)
    context.options &= ~ssl.OP_NO_TICKET
    return context


def _system_context() -> type[ssl.SSLContext]:
    """What asks the system itself. On Linux that is Python's own context: truststore's reads the
    same file anew for each connection, in 20 ms."""
    if _on_linux():
        return ssl.SSLContext
    import truststore  # noqa: PLC0415 - only once a session is opened

    return truststore.SSLContext


def _on_linux() -> bool:
    return sys.platform == "linux"


def _trusting(kind: type[ssl.SSLContext]) -> ssl.SSLContext:
    context = kind(ssl.PROTOCOL_TLS_CLIENT)
    if _on_linux():
        import certifi  # noqa: PLC0415 - only where it is needed

        context.load_default_certs()
        context.load_verify_locations(certifi.where())
        return context
    named = os.environ.get("SSL_CERT_FILE")
    if named and Path(named).is_file():  # Windows and macOS do not look there themselves
        context.load_verify_locations(named)
    return context


def untrusted_error(error: BaseException, server: str) -> UntrustedError | None:
    """What to raise when `error` came of a certificate; None when it did not.

    Args:
        error: of whichever library; what it came of is looked for in it.
        server: the name of the server that was asked.
    """
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = str(cause.verify_message).rstrip(".")
            return UntrustedError(
                f"the certificate of {server} is not trusted: {reason}",
                hint=_HINTS,
            )
        if isinstance(cause, ssl.SSLError) and cause.reason in _NO_TLS:
            return UntrustedError(
                f"{server} does not answer in https",
                hint="check --endpoint and GDRIVE_WA_ENDPOINT, and the network's sign-in page",
            )
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and what it came of, for each library wraps it in its own way."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__cause__, each.__context__, *each.args]
        if not isinstance(each, ssl.SSLError):  # there the reason is a word
            waiting.append(getattr(each, "reason", None))
