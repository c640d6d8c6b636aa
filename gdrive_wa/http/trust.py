"""Which certificates are trusted, and the error for one that is not.

Our own requests and those of the sign-in libraries trust the same certificates. So behind a
company's proxy or a virus scanner that inspects https, either all requests work or none.
"""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from gdrive_wa.core.errors import NetworkError

_NO_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"}
"""OpenSSL's names for an answer that is not TLS, in several versions."""
_OUTDATED = {9, 10}
"""OpenSSL's numbers for a certificate that is not yet valid, and for one that has expired."""
_HINTS = (
    "check the date and time of this machine: a certificate is valid for a limited time",
    "if a company's proxy or a virus scanner inspects https, install its root certificate here",
    "or set SSL_CERT_FILE to the file that contains it",
)


class UntrustedError(NetworkError):
    """The server does not prove its identity; trying again would not help."""


class OutdatedError(UntrustedError):
    """A certificate is not valid at the time of this machine's clock, which may be wrong."""


def trust() -> ssl.SSLContext:
    """TLS settings that trust the certificates of this system and of ``SSL_CERT_FILE``.

    On Linux, those of the certifi package are trusted too, because a small container has none.
    """
    return _trusting(_system_context())


def trust_like_a_phone() -> ssl.SSLContext:
    """Like :func:`trust`, but with a TLS greeting like that of Play services.

    Google may refuse the sign-in of a client that offers a list of protocols (ALPN), or that does
    not ask for a session ticket.
    """

    class WithoutProtocols(_system_context()):  # type: ignore[misc] # one of two
        def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
            """Do nothing: urllib3 would offer http/1.1."""

    context = _trusting(WithoutProtocols)
    context.options &= ~ssl.OP_NO_TICKET
    return context


def _system_context() -> type[ssl.SSLContext]:
    """The class of context that uses the system's certificates. On Linux that is Python's own:
    truststore's would read the same file for each connection, which takes 20 ms."""
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
    if named and Path(named).is_file():  # Windows and macOS do not read it themselves
        context.load_verify_locations(named)
    return context


def untrusted_error(error: BaseException, server: str) -> UntrustedError | None:
    """The error to raise if a certificate is the cause of `error`, otherwise None.

    Args:
        error: an error of any library; its causes are searched.
        server: the name of the server, for the message.
    """
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = str(cause.verify_message).rstrip(".")
            kind = OutdatedError if cause.verify_code in _OUTDATED else UntrustedError
            return kind(
                f"the certificate of {server} is not trusted: {reason}",
                hint=_HINTS,
            )
        if isinstance(cause, ssl.SSLError) and cause.reason in _NO_TLS:
            return UntrustedError(
                f"{server} does not answer over https",
                hint=(
                    "if you set --endpoint or GDRIVE_WA_ENDPOINT, check the address",
                    "or open any page in a browser: this network may want you to sign in first",
                ),
            )
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and its causes, which each library wraps differently."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__cause__, each.__context__, *each.args]
        if not isinstance(each, ssl.SSLError):  # whose reason is a word, not an error
            waiting.append(getattr(each, "reason", None))
