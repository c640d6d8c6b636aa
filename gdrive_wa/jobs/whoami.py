"""``gdrive-wa whoami``: show which login would be used."""

from __future__ import annotations

import os
from dataclasses import dataclass

from gdrive_wa.core.arguments import as_optional_text
from gdrive_wa.google import login
from gdrive_wa.google.access import TOKEN_VARIABLE
from gdrive_wa.google.logins import accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The identity that would be used at Google.

    Attributes:
        account: e-mail address of the stored login; None if there is only an access token,
            which does not name its owner.
        provider: ``oauth``, ``android`` or ``token``.
        scopes: what the login may read, in Google's words.
        expires: when its access token expires, ISO 8601 UTC; it is renewed automatically.
        kept_in: ``keyring``, the path of a file, or the name of a variable.
        token_variable: the variable with an access token that is preferred to stored logins; None
            if it is not set, or an account was given.
        others: the accounts of other stored logins.
    """

    account: str | None
    provider: str
    scopes: tuple[str, ...] = ()
    expires: str | None = None
    kept_in: str = "keyring"
    token_variable: str | None = None
    others: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The output of ``whoami --json``."""
        return {
            "account": self.account,
            "provider": self.provider,
            "scopes": list(self.scopes),
            "expires": self.expires,
            "kept_in": self.kept_in,
        }


def whoami(account: str | None = None) -> Identity:
    """Which login would be used; no server is contacted.

    Args:
        account: e-mail address of a stored login; by default the login that all commands use.

    Returns:
        The stored login without its secrets, or the access token from the environment.

    Raises:
        CredentialsError: that login is not stored, and the environment has no token.
        UsageError: `account` has the wrong type.
    """
    account = as_optional_text(account, "account")
    given = account is None and os.environ.get(TOKEN_VARIABLE, "").strip()
    token_variable = TOKEN_VARIABLE if given else None
    names = accounts()
    if token_variable is not None and not names:
        return Identity(
            account=None, provider="token", kept_in=token_variable, token_variable=token_variable
        )
    stored = login.whoami(account)
    return Identity(
        account=stored.account,
        provider=stored.provider,
        scopes=stored.scopes,
        expires=stored.expires,
        kept_in=stored.kept_in,
        token_variable=token_variable,
        others=tuple(name for name in names if name != stored.account),
    )
