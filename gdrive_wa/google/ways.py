"""The ways to a backup, as hints whose every step can be followed."""

from __future__ import annotations

EMBEDDED_SETUP = "https://accounts.google.com/EmbeddedSetup"
"""Google's sign-in page of Android phones."""
CLIENTS_PAGE = "https://console.cloud.google.com/auth/clients"
"""The page of Google's console with the OAuth clients of a project."""
AUDIENCE_PAGE = "https://console.cloud.google.com/auth/audience"
"""The page of Google's console with the test users of a project."""
SCOPES_PAGE = "https://console.cloud.google.com/auth/scopes"
"""The page of Google's console with the access that a project's clients may request."""
DRIVE_API_PAGE = "https://console.cloud.google.com/apis/library/drive.googleapis.com"
"""The page of Google's console that turns on the Google Drive API."""

CABLE = (
    "surest, without a sign-in: plug in the phone, copy its folder"
    " Android/media/com.whatsapp/WhatsApp here, then:"
    ' gdrive-wa restore --folder WhatsApp "My voice notes"'
)
ANDROID_LOGIN = "gdrive-wa login --provider android --account you@gmail.com"
CLIENT_LOGIN = "gdrive-wa login --drive --client-secrets client_secrets.json"
ANDROID = f"WhatsApp's own backup at Google: {ANDROID_LOGIN}"
COPY_IN_DRIVE = f"a copy that you put into your Google Drive: {CLIENT_LOGIN}"
NEW_CLIENT = (
    f"make a client of the kind 'Desktop app' at {CLIENTS_PAGE} and download its JSON, then:"
    f" {CLIENT_LOGIN}"
)
WHAT_ANDROID_IS = (
    "this sign-in does what an Android phone does; Google does not offer it to programs,"
    " and may refuse it at any time"
)
WHAT_A_CLIENT_IS = (
    "an OAuth client of your own cannot read WhatsApp's backup at Google,"
    " only copies in your own Drive"
)
