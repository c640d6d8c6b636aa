"""Ask Google's Drive API which account a browser login belongs to.

If the Drive API is not turned on for the OAuth client, it does not answer. The login is valid
nevertheless, so it is stored without an address, and a later command adds the address.
"""

from __future__ import annotations

import contextlib

from gdrive_wa.core.errors import CredentialsError, GdriveWaError
from gdrive_wa.core.retry_policy import RetryPolicy
from gdrive_wa.google import logins
from gdrive_wa.google.logins import Login
from gdrive_wa.google.tokens import Tokens
from gdrive_wa.http.endpoints import Endpoints

UNNAMED = "unnamed"
"""Stands in for the e-mail address of a login until the address is known."""
NOT_NAMED_YET = (
    "the account of this login is not known yet; the next command that can read your Drive will"
    " find it out"
)


def account_of(
    tokens: Tokens, endpoints: Endpoints, *, retry_policy: RetryPolicy | None = None
) -> str:
    """The e-mail address of the account that `tokens` belong to.

    Raises:
        CredentialsError: Google refuses, or does not provide it.
        NetworkError: Google cannot be reached, or its answer cannot be read.
    """
    from gdrive_wa.google.session import Session  # noqa: PLC0415 - only after a sign-in

    session = Session(tokens, retry_policy=retry_policy)
    try:
        about = session.get_json(
            f"{endpoints.drive}/about", {"fields": "user(emailAddress)"}, what="your account"
        )
        return str(about["user"]["emailAddress"])
    except (KeyError, TypeError) as error:
        raise CredentialsError("Google did not say which account this login belongs to") from error
    finally:
        session.close()


def named(login: Login, tokens: Tokens, endpoints: Endpoints) -> Login:
    """Store `login` under the address of its account and return it, if Google provides the address
    now; otherwise return `login` unchanged."""
    with contextlib.suppress(GdriveWaError):
        account = account_of(tokens, endpoints, retry_policy=RetryPolicy(attempts=1))
        return logins.rename(login.account, account)
    return login
