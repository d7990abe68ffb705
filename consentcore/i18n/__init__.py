"""The languages of pages and mails: which there are, which one a person reads, and how it says and writes things.

A language is its catalogs, ``locales/<tag>/LC_MESSAGES/consentcore.po`` (with ``_`` for the hyphens of the tag), here
or in the theme's folder; English needs none. Nothing of this is loaded before somebody reads another language.
"""

from __future__ import annotations

from consentcore.i18n.catalogs import Catalogs
from consentcore.i18n.language import Language
from consentcore.i18n.languages import ANY, Languages

__all__ = ["ANY", "Catalogs", "Language", "Languages"]
