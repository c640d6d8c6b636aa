"""Access, refresh and master tokens, and one-time codes, with their permissions."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from threading import Lock

from gdrive_wa.emulation.account import Account

APPDATA = "https://www.googleapis.com/auth/drive.appdata"
DRIVE_SCOPES = frozenset(
    {
        "https://www.googleapis.com/auth/drive",
        "https://www.googleapis.com/auth/drive.readonly",
        "https://www.googleapis.com/auth/drive.metadata.readonly",
    }
)
CODE_LIFETIME = 600.0


@dataclass(frozen=True, slots=True)
class Grant:
    """The permissions of a token.

    Attributes:
        email: e-mail address of the account.
        scopes: the scopes that the user consented to; None for all.
        whatsapp: the token counts as issued for WhatsApp.
        client_id: the client to which it was issued.
        expires: when it expires (monotonic, seconds).
    """

    email: str
    scopes: frozenset[str] | None = None
    whatsapp: bool = True
    client_id: str = ""
    expires: float = float("inf")

    def allows(self, *scopes: str) -> bool:
        """True if the user consented to one of `scopes`."""
        return self.scopes is None or not self.scopes.isdisjoint(scopes)


@dataclass(frozen=True, slots=True)
class Code:
    """The facts of an authorisation code, until it is exchanged.

    Attributes:
        grant: the permissions of its tokens.
        redirect_uri: the address to which it was sent; the exchange must repeat it.
        challenge: the PKCE challenge (S256); None if the client sent none.
        offline: the exchange gives a refresh token too.
    """

    grant: Grant
    redirect_uri: str
    challenge: str | None
    offline: bool


@dataclass(frozen=True, slots=True)
class Device:
    """A signed-in phone, which has a master token."""

    email: str
    android_id: str


class Tokens:
    """Every issued token, and the permanent ones of the accounts.

    Args:
        accounts: the accounts; their ``access_token``, ``oauth_token`` and ``master_token`` are
            valid from the start.
        lifetime: lifetime of an access token, in seconds.
    """

    def __init__(self, accounts: Iterable[Account], *, lifetime: float = 3600.0) -> None:
        self.lifetime = lifetime
        self._lock = Lock()
        self._access: dict[str, Grant] = {}
        self._refresh: dict[str, Grant] = {}
        self._codes: dict[str, tuple[Code, float]] = {}
        self._cookies: dict[str, str] = {}
        self._devices: dict[str, Device] = {}
        for account in accounts:
            settings = account.settings
            if "access_token" in settings:
                self._access[settings["access_token"]] = Grant(account.email)
            if "oauth_token" in settings:
                self._cookies[settings["oauth_token"]] = account.email
            if "master_token" in settings:
                device = Device(account.email, settings.get("android_id", ""))
                self._devices[settings["master_token"]] = device

    def check(self, token: str | None) -> Grant | None:
        """The permissions of `token`; None if it is unknown, expired or revoked."""
        with self._lock:
            grant = self._access.get(token or "")
        return grant if grant is not None and grant.expires > time.monotonic() else None

    def issue(self, grant: Grant) -> str:
        """Issue an access token."""
        token = f"ya29.emulator-{secrets.token_urlsafe(32)}"
        with self._lock:
            self._access[token] = replace(grant, expires=time.monotonic() + self.lifetime)
        return token

    def issue_refresh(self, grant: Grant) -> str:
        """Issue a refresh token."""
        token = f"1//emulator-{secrets.token_urlsafe(32)}"
        with self._lock:
            self._refresh[token] = grant
        return token

    def refreshable(self, token: str) -> Grant | None:
        """The permissions of a refresh token; None if it is unknown or revoked."""
        with self._lock:
            return self._refresh.get(token)

    def issue_code(self, code: Code) -> str:
        """Issue an authorisation code, valid once."""
        text = f"4/emulator-{secrets.token_urlsafe(24)}"
        with self._lock:
            self._codes[text] = (code, time.monotonic() + CODE_LIFETIME)
        return text

    def redeem(self, text: str) -> Code | None:
        """Use up a code, and return its facts; None if it is unknown, used or expired."""
        with self._lock:
            code, expires = self._codes.pop(text, (None, 0.0))
        return code if expires > time.monotonic() else None

    def redeem_cookie(self, cookie: str) -> str | None:
        """Use up an ``oauth_token`` from the Android sign-in page, and return its account; None if
        it is unknown or used."""
        with self._lock:
            return self._cookies.pop(cookie, None)

    def issue_cookie(self, email: str) -> str:
        """Issue an ``oauth_token``, like the Android sign-in page."""
        cookie = f"oauth2_4/emulator-{secrets.token_urlsafe(24)}"
        with self._lock:
            self._cookies[cookie] = email
        return cookie

    def sign_in(self, device: Device) -> str:
        """Issue a master token."""
        token = f"aas_et/emulator-{secrets.token_urlsafe(32)}"
        with self._lock:
            self._devices[token] = device
        return token

    def device(self, master_token: str) -> Device | None:
        """The phone that has this master token; None if it is unknown or revoked."""
        with self._lock:
            return self._devices.get(master_token)

    def expire_access(self) -> None:
        """Expire every access token; refresh and master tokens stay valid."""
        with self._lock:
            self._access.clear()

    def revoke_all(self) -> None:
        """Revoke every token."""
        with self._lock:
            for tokens in (self._access, self._refresh, self._devices, self._codes):
                tokens.clear()

    def revoke(self, token: str) -> bool:
        """Revoke a token, and the tokens from a refresh token; return False if it is unknown."""
        with self._lock:
            found = self._access.pop(token, None) or self._refresh.pop(token, None)
            if found is None:
                return self._devices.pop(token, None) is not None
            for tokens in (self._access, self._refresh):
                same = [
                    other
                    for other, grant in tokens.items()
                    if (grant.email, grant.client_id) == (found.email, found.client_id)
                ]
                for other in same:
                    del tokens[other]
            return True


def same_secret(one: str, other: str) -> bool:
    """True if two secrets are equal, compared in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())
