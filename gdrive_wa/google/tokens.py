"""Access tokens, shared and renewed by all threads of a session."""

from __future__ import annotations

from abc import ABC, abstractmethod
from threading import Lock
from typing import Protocol

from gdrive_wa.core.errors import CredentialsError
from gdrive_wa.core.model import Secret


class Tokens(Protocol):
    """A source of access tokens, safe to use from any thread."""

    def token(self) -> Secret:
        """A token that should be valid."""
        ...

    def renew(self, stale: Secret) -> Secret:
        """A token to use instead of `stale`, which the server refused.

        Raises:
            CredentialsError: no new token can be obtained.
        """
        ...


class GivenToken:
    """A token from outside the program, which cannot be renewed."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def token(self) -> Secret:
        """The token."""
        return self._token

    def renew(self, stale: Secret) -> Secret:  # noqa: ARG002 - there is only one
        """Always raises: the token cannot be renewed."""
        raise CredentialsError(
            "Google does not accept the given access token (GDRIVE_WA_ACCESS_TOKEN)",
            hint=(
                "an access token is valid for about an hour: get a new one",
                (
                    "or unset GDRIVE_WA_ACCESS_TOKEN, which comes before any login, and log in:"
                    " gdrive-wa login"
                ),
            ),
        )


class RenewedTokens(ABC):
    """Tokens that are renewed under one lock: one thread requests a token, the others share it.

    If the login has ended, Google is asked once, not once for each thread.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._current: Secret | None = None
        self._ended: CredentialsError | None = None

    def token(self) -> Secret:
        """The current token, or the first one."""
        with self._lock:
            return self._current or self._fetch()

    def renew(self, stale: Secret) -> Secret:
        """A token that is not `stale`."""
        with self._lock:
            if self._current is None or self._current.reveal() == stale.reveal():
                return self._fetch()
            return self._current

    @abstractmethod
    def fetch(self) -> Secret:
        """A fresh token from Google; called under the lock.

        Raises:
            CredentialsError: the login has ended.
            NetworkError: Google cannot be reached now.
        """

    def _fetch(self) -> Secret:
        if self._ended is not None:
            raise CredentialsError(self._ended.message, hint=self._ended.hints)
        try:
            self._current = self.fetch()
        except CredentialsError as error:
            self._ended = error
            raise
        return self._current
