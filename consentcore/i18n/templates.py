"""What templates need of languages: ``_()`` and ``{% trans %}``, the filters ``day``, ``moment``, ``month`` and
``within``, and messages that are translated where they are shown.

The language is the variable ``language`` of a template. Without one (a macro that was imported without context, a page
of a plugin made elsewhere) it is English.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import pass_context
from markupsafe import Markup, escape

from consentcore.domain.message import Message
from consentcore.i18n.catalogs import Catalogs
from consentcore.i18n.language import ENGLISH, Language
from consentcore.i18n.wording import within

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.runtime import Context


_AS_THEY_ARE = frozenset({str, Markup})


def install(environment: Environment) -> None:
    """Teach an environment with the extension ``jinja2.ext.i18n`` to speak, before it compiles a template."""
    environment.newstyle_gettext = True  # type: ignore[attr-defined] # of the extension: placeholders become arguments
    environment.globals.update(_=_gettext, gettext=_gettext, ngettext=_ngettext)
    environment.filters.update(day=_day, moment=_moment, month=_month, within=_within)
    environment.finalize = _shown


def language_of(context: Context) -> Language:
    """The language of what is being rendered."""
    found = context.get("language")
    return found if isinstance(found, Language) else _english()


@cache
def _english() -> Language:
    return Language(ENGLISH, Catalogs())


@pass_context
def _gettext(context: Context, msgid: str, /, **values: object) -> str:
    language = language_of(context)
    if isinstance(msgid, Message):
        return language.translate(msgid)
    return _filled(context, language, language.gettext(msgid), values)


@pass_context
def _ngettext(context: Context, singular: str, plural: str, n: int, /, **values: object) -> str:
    language = language_of(context)
    return _filled(context, language, language.ngettext(singular, plural, n), values)


def _filled(context: Context, language: Language, text: str, values: dict[str, Any]) -> str:
    """A sentence with its values, which are escaped where the template escapes; the sentence itself is markup."""
    if not context.eval_ctx.autoescape:
        return text % language.written(values)
    for name, value in values.items():
        values[name] = escape(value if type(value) in _AS_THEY_ARE else language.written_one(value))
    return Markup(text % values)  # noqa: S704 - of a template or its catalog, with values that are escaped


@pass_context
def _shown(context: Context, value: object) -> object:
    """Any value of a template before it is escaped and written."""
    return language_of(context).translate(value) if isinstance(value, Message) else value


@pass_context
def _day(context: Context, ms: int, timezone: str = "UTC") -> str:
    return language_of(context).day(ms, timezone)


@pass_context
def _moment(context: Context, ms: int, timezone: str = "UTC") -> str:
    return language_of(context).moment(ms, timezone)


@pass_context
def _month(context: Context, ms: int, timezone: str = "UTC") -> str:
    return language_of(context).month(ms, timezone)


@pass_context
def _within(context: Context, text: str) -> str:
    return within(text, language_of(context).tag)
