"""Sentences for people that are made in one place and shown in another: plain English text until a page or a mail
translates them."""

from __future__ import annotations

DOMAIN = "consentcore"
"""The catalog of the core's own sentences."""


class Message(str):
    """A sentence for people. As a ``str`` it is the English text, for whoever knows of no languages: logs, the command
    line, JSON. Templates show it in the language of the page; :meth:`consentcore.i18n.Language.translate` elsewhere.

    Any operation on the string gives plain text that is translated no more.

    :ivar msgid: what the catalogs know it by, with a placeholder ``%(name)s`` for each value.
    :ivar plural: the same for other numbers than one; "" where none is counted.
    :ivar n: the number that chooses between the two.
    :ivar values: what stands in the placeholders; messages among them are translated too, numbers written as the
        language writes them.
    :ivar domain: the name of the catalog.
    """

    __slots__ = ("domain", "msgid", "n", "plural", "values")

    msgid: str
    plural: str
    n: int
    values: dict[str, object]
    domain: str


def message(msgid: str, /, *, domain: str = DOMAIN, **values: object) -> Message:
    """Make a message.

    :param msgid: a literal, so that ``make messages`` finds it; a per cent sign is written ``%%``.
    :param domain: the catalog that translates it; a plugin names its own, which is that of its package.
    :param values: for the placeholders.
    """
    return _made(msgid, "", 1, values, domain)


def unfilled(msgid: str, /) -> str:
    """Mark a sentence for the catalogs whose values are known later: :func:`message` makes one of it then.

    :param msgid: a literal, with a placeholder ``%(name)s`` for each value.
    """
    return msgid


def plural_message(
    singular: str, plural: str, /, *, n: int, domain: str = DOMAIN, **values: object
) -> Message:
    """Make a message that counts.

    :param singular: for exactly one, a literal.
    :param plural: for every other number, a literal; languages that have more forms have them in their catalog.
    :param n: the number; the placeholder ``%(n)s`` too.
    """
    return _made(singular, plural, n, {"n": n, **values}, domain)


def _made(msgid: str, plural: str, n: int, values: dict[str, object], domain: str) -> Message:
    made = Message((plural if plural and n != 1 else msgid) % values)
    made.msgid, made.plural, made.n, made.values, made.domain = msgid, plural, n, values, domain
    return made
