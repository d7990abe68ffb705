"""Finding and reading gettext catalogs. They are read as they were written (``.po``), at first use: there is no step
between writing one and its being offered."""

from __future__ import annotations

import logging
import re
import sys
from gettext import NullTranslations, c2py
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from consentcore.domain.message import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from babel.messages import Catalog, Message

log = logging.getLogger("consentcore.i18n")

LOCALES = "locales"
CORE = Path(__file__).parent / LOCALES
_PLACEHOLDER = re.compile(r"%(?:%|\((\w+)\)[-#0 +]?\d*(?:\.\d+)?[diouxXeEfFgGcrs])")
"""What the operator ``%`` fills by name, or a per cent sign."""


class Catalogs:
    """The catalogs of the core, the plugins and the operator's theme. Safe to use from any thread.

    :param theme: the operator's folder; what its catalogs say goes before what ours do.
    :param core: the folder of ours.
    """

    def __init__(self, theme: Path | None = None, core: Path = CORE) -> None:
        self._theme = theme / LOCALES if theme else None
        self._core = core

    def tags(self) -> tuple[str, ...]:
        """Tags (RFC 5646) of the languages that have a catalog of the core's sentences, in alphabetical order."""
        found = {
            path for folder in self._folders(DOMAIN) for path in folder.glob(f"*/LC_MESSAGES/{DOMAIN}.po")
        }
        return tuple(sorted({path.parts[-3].replace("_", "-") for path in found}))

    def translations(self, tag: str, domain: str) -> NullTranslations:
        """What a catalog says; where it says nothing, that of the wider language (``de`` for ``de-AT``), then English.

        :param domain: the name of the catalog, which is that of the package it belongs to.
        """
        parts = tag.split("-")
        names = ["_".join(parts[:end]) for end in range(len(parts), 0, -1)]
        paths = [
            folder / name / "LC_MESSAGES" / f"{domain}.po"
            for name in names
            for folder in self._folders(domain)
        ]
        series = [read_catalog(path) for path in paths if path.is_file()]
        for one, wider in pairwise(series):
            one.add_fallback(wider)
        return series[0] if series else NullTranslations()

    def _folders(self, domain: str) -> list[Path]:
        folders = [self._theme] if self._theme else []
        if domain == DOMAIN:
            return [*folders, self._core]
        # Whoever has made a message of that domain has imported the package.
        package = sys.modules.get(domain)
        file = getattr(package, "__file__", None)
        return [*folders, Path(file).parent / LOCALES] if file else folders


def read_catalog(path: Path) -> NullTranslations:
    """Read a ``.po``. What it has wrong goes to the log and is left out, so that a page is shown in English rather than
    not at all: a file that cannot be read, or a translation that does not have the placeholders of its original."""
    from babel.messages.pofile import PoFileError, read_po

    try:
        with path.open("rb") as file:
            catalog = read_po(file, abort_invalid=True)
        c2py(catalog.plural_expr)
    except (OSError, PoFileError, ValueError) as error:
        log.error("%s: cannot be read, so the texts are English: %s", path, error)
        return NullTranslations()
    for entry in [entry for entry in catalog if entry.id and entry.string]:
        wrong = "; ".join([*map(str, entry.check(catalog)), *_unfillable(entry)])
        if wrong:
            log.error("%s: line %s: %r is left out: %s", path, entry.lineno, entry.id, wrong)
            catalog.delete(entry.id, entry.context)
    return _Translations(catalog)


def _unfillable(entry: Message) -> list[str]:
    """What keeps a translation from being filled and Babel does not see: it looks at no lone per cent sign, and at
    nothing where the original has no placeholders."""
    known = _names(_several(entry.id))
    forms = _several(entry.string)
    wrong = [f"{name!r} is no placeholder of the original" for name in sorted(_names(forms) - known)]
    if any("%" in _PLACEHOLDER.sub("", form) for form in forms):
        wrong.append("expected %% for a per cent sign")
    return wrong


def _names(texts: Iterable[str]) -> set[str]:
    return {name for text in texts for name in _PLACEHOLDER.findall(text) if name}


class _Translations(NullTranslations):
    """What a catalog has translated; anything else is asked of the fallback."""

    def __init__(self, catalog: Catalog) -> None:
        super().__init__()
        self._form_of = c2py(catalog.plural_expr)
        self._forms: dict[str, tuple[str, ...]] = {}
        for entry in catalog:
            ids, forms = _several(entry.id), _several(entry.string)
            if ids[0] and all(forms) and not entry.fuzzy:
                self._forms[ids[0]] = forms

    def gettext(self, message: str) -> str:
        forms = self._forms.get(message)
        return forms[0] if forms else super().gettext(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        forms = self._forms.get(msgid1)
        if forms is None:
            return super().ngettext(msgid1, msgid2, n)
        return forms[min(self._form_of(n), len(forms) - 1)]


def _several(text: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ("",))
