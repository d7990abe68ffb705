"""Pages of ours as what they say: every string in order, every control as it is at first.

Reads the markup of our own templates, in which text and attributes are escaped; it is no reader for pages of strangers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape, unescape

_TOKEN = re.compile(
    r"<!--.*?-->|<!doctype[^>]*>|<(?P<close>/)?(?P<tag>[a-zA-Z][a-zA-Z0-9-]*)"
    r"(?P<attributes>(?:\s+[^\s=>/]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+))?)*)\s*/?>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"([^\s=>/]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+)))?")

UNSEEN = frozenset({"script", "style", "template", "noscript", "svg"})
"""Elements whose contents nobody reads."""
SPOKEN = ("alt", "aria-label", "placeholder", "title")
"""Attributes that people read, or hear."""
CONTROLS = frozenset({"input", "select", "textarea", "button", "option"})
KEPT_TAGS = frozenset(
    """
    a abbr article aside b bdi blockquote br button cite code dd details div dl dt em fieldset figure footer form h1 h2
    h3 h4 header hr i input label legend li main nav ol optgroup option p section select small span strong sub summary
    sup table tbody td textarea th thead time tr ul
    """.split()  # noqa: SIM905 - a list of words
)
"""Elements that are shown again; a form as what it is without being one."""
KEPT_ATTRIBUTES = frozenset(
    {"class", "dir", "lang", "type", "value", "checked", "selected", "open", "colspan", "rowspan"}
)
_RENAMED = {
    "form": "div",
    "a": "span",
    "main": "div",
    "header": "div",
    "footer": "div",
    "nav": "div",
    "h1": "h2",
}
_TIED = frozenset({"label", "input", "select", "textarea"})
_VOID = frozenset({"br", "hr", "input"})


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of markup: a tag with its attributes, or text.

    :ivar tag: in small letters; "" where it is text.
    :ivar text: as it is read, without escapes.
    """

    tag: str = ""
    closes: bool = False
    attributes: dict[str, str | None] = field(default_factory=dict)
    text: str = ""


def tokens(markup: str) -> Iterator[Token]:
    """Take markup apart; comments are left out."""
    place = 0
    for found in _TOKEN.finditer(markup):
        if found.start() > place:
            yield Token(text=unescape(markup[place : found.start()]))
        place = found.end()
        if found["tag"]:
            yield Token(found["tag"].lower(), bool(found["close"]), _attributes(found["attributes"] or ""))
    if place < len(markup):
        yield Token(text=unescape(markup[place:]))


def strings(markup: str) -> list[str]:
    """Every string that is shown, in order: texts, what attributes say to whoever cannot see, labels of controls.

    Blanks are one blank each, as a browser shows them; the title of the page comes first.
    """
    found: list[str] = []
    for one in _visible(markup):
        said = [one.text] if not one.tag else [one.attributes.get(name) or "" for name in _read_of(one)]
        found += [text for text in (" ".join(each.split()) for each in said) if text]
    return found


def controls(markup: str) -> list[dict[str, object]]:
    """What can be changed or pressed, in order, each with the state in which the page opens.

    ``on`` says of a box or a choice whether it is ticked, None where it cannot be. Hidden fields are none.
    """
    found: list[dict[str, object]] = []
    for one in _visible(markup):
        kind = one.attributes.get("type") or ("submit" if one.tag == "button" else one.tag)
        if one.closes or one.tag not in CONTROLS or kind == "hidden":
            continue
        on = None
        if kind in {"checkbox", "radio"}:
            on = "checked" in one.attributes
        elif one.tag == "option":
            on = "selected" in one.attributes
        found.append(
            {
                "type": kind,
                "name": one.attributes.get("name") or "",
                "value": one.attributes.get("value") or "",
                "on": on,
            }
        )
    return found


def replaced(markup: str, change: Callable[[str], str]) -> str:
    """The same markup with each text, and each attribute that people read, changed.

    :param change: gets a text without escapes, gives one.
    """
    parts: list[str] = []
    place = 0
    for found in _TOKEN.finditer(markup):
        parts += [_changed(markup[place : found.start()], change), _changed_tag(found, change)]
        place = found.end()
    return "".join([*parts, _changed(markup[place:], change)])


def inert(markup: str, fill: Callable[[str], str]) -> str:
    """What a page showed, as markup that does nothing: no link, no form, no script, no address, controls as they were
    and switched off. Only what is known is let through.

    :param fill: gets a text without escapes, gives markup.
    """
    parts: list[str] = []
    for one in _visible(markup, body_only=True):
        if not one.tag:
            parts.append(fill(one.text))
            continue
        if one.tag not in KEPT_TAGS or one.attributes.get("type") == "hidden":
            continue
        name = _RENAMED.get(one.tag, one.tag)
        if one.closes:
            parts.append("" if name in _VOID else f"</{name}>")
            continue
        parts.append(f"<{name}{_inert_attributes(one)}>")
    return "".join(parts)


def _inert_attributes(one: Token) -> str:
    kept = [(name, value) for name, value in one.attributes.items() if name in KEPT_ATTRIBUTES]
    if one.tag == "button":
        kept = [("type", "button"), *((name, value) for name, value in kept if name == "class")]
    if one.tag in CONTROLS - {"option"}:
        kept.append(("disabled", None))
    # A label stays that of its control; the names are of their own, since the page around has some as well.
    tied = one.attributes.get("for" if one.tag == "label" else "id") if one.tag in _TIED else None
    if tied:
        kept.append(("for" if one.tag == "label" else "id", f"then-{tied}"))
    return "".join(f" {name}" if value is None else f' {name}="{escape(value)}"' for name, value in kept)


def _visible(markup: str, *, body_only: bool = False) -> Iterator[Token]:
    """Tokens outside what nobody reads."""
    hidden = ""
    depth = 0
    started = not body_only or "<body" not in markup
    for one in tokens(markup):
        if hidden:
            if one.tag == hidden:
                depth += -1 if one.closes else 1
                hidden = hidden if depth else ""
            continue
        if one.tag in UNSEEN and not one.closes:
            hidden, depth = one.tag, 1
            continue
        if one.tag == "body":
            started = not one.closes
        elif started:
            yield one


def _read_of(one: Token) -> tuple[str, ...]:
    """Attributes of a tag that people read."""
    if one.closes:
        return ()
    button = one.tag == "input" and one.attributes.get("type") in {"submit", "button", "reset"}
    return (*SPOKEN, "value") if button else SPOKEN


def _attributes(text: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        value = double or single or bare
        given = "=" in text and re.search(rf"{re.escape(name)}\s*=", text)
        found[name.lower()] = unescape(value) if value or given else None
    return found


def _changed(text: str, change: Callable[[str], str]) -> str:
    if not text.strip():
        return text
    plain = unescape(text)
    after = change(plain)
    return text if after == plain else escape(after, quote=False)


def _changed_tag(found: re.Match[str], change: Callable[[str], str]) -> str:
    whole, attributes = found.group(0), found["attributes"]
    if not attributes:
        return whole

    def one(match: re.Match[str]) -> str:
        name = match.group(1).lower()
        value = match.group(2) or match.group(3) or match.group(4)
        if value is None or name not in {*SPOKEN, "value", "data-letter"}:
            return match.group(0)
        plain = unescape(value)
        after = change(plain)
        return match.group(0) if after == plain else f'{match.group(1)}="{escape(after)}"'

    return whole.replace(attributes, _ATTRIBUTE.sub(one, attributes), 1)
