"""The texts of the page in all its languages: one JSON file for each in ``assets/languages``."""

from __future__ import annotations

import json
from importlib import resources

LANGUAGES = ("en", "de", "es", "pt-BR", "fr", "it", "tr", "id", "hi", "ar")
"""BCP 47 tags, in the order of the page's chooser."""

Catalogue = dict[str, dict[str, str | dict[str, str]]]
"""By language and key: a text, or a text for each plural category of the Unicode CLDR. Names in
braces are replaced by values; ``{n}`` is the number that decides the category."""


def catalogue() -> Catalogue:
    """The texts in all languages; the text ``name`` is the language's own name for itself."""
    folder = resources.files("gdrive_wa.pages").joinpath("assets", "languages")
    return {tag: json.loads(folder.joinpath(f"{tag}.json").read_text("utf-8")) for tag in LANGUAGES}
