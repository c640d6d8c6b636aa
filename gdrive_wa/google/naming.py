"""Find out which account a login through a browser belongs to: Google's Drive API says it.

An OAuth client may be new, and the Drive API not turned on for it. The login is good all the same,
so it is stored without a name, and named by the first command that can.
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
"""In place of the e-mail address of a login whose account is not known yet."""
NOT_NAMED_YET = (
    "the account of this login is not known yet: the first command that can read your Drive"
    " finds it out"
)


def account_of(
    tokens: Tokens, endpoints: Endpoints, *, retry_policy: RetryPolicy | None = None
) -> str:
    """The e-mail address of the account that `tokens` belong to.

    Raises:
        CredentialsError: Google refuses to say it.
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
    """`login` under the name of its account, if Google says it now; otherwise as it is."""
    with contextlib.suppress(GdriveWaError):
        account = account_of(tokens, endpoints, retry_policy=RetryPolicy(attempts=1))
        return logins.rename(login.account, account)
    return login
