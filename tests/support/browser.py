"""A browser without a screen: keeps cookies, follows redirects, fills in forms, presses buttons by their text."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

from tests.support.patience import PATIENCE_S

_UNSEEN = frozenset({"head", "script", "style", "template"})
_VOID = frozenset({"input", "link", "meta", "br", "hr", "img"})


@dataclass
class Button:
    """A submit button; ``text`` is what a person reads on it."""

    name: str
    value: str
    text: str = ""


@dataclass
class Form:
    """A form with the values that it has before anybody touches it."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)
    boxes: list[tuple[str, str]] = field(default_factory=list)
    """Those that are not ticked."""


@dataclass
class Link:
    """A link; ``text`` is what a person reads."""

    href: str
    text: str = ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.forms: list[Form] = []
        self.links: list[Link] = []
        self._open: list[str] = []
        self._form: Form | None = None
        self._named: Link | Button | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self._open.append(tag)
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(values.get("action", ""), values.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag == "a" and "href" in values:
            self._named = Link(values["href"])
            self.links.append(self._named)
        elif self._form is not None:
            self._control(tag, values)

    def _control(self, tag: str, values: dict[str, str]) -> None:
        assert self._form is not None
        if tag == "button":
            self._named = Button(values.get("name", ""), values.get("value", ""))
            self._form.buttons.append(self._named)
        elif tag == "input" and values.get("name"):
            ticks = values.get("type") in {"checkbox", "radio"}
            if not ticks or "checked" in values:
                self._form.fields.append((values["name"], values.get("value", "on" if ticks else "")))
            else:
                self._form.boxes.append((values["name"], values.get("value", "on")))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass
        if tag == "form":
            self._form = None
        if tag in {"a", "button"}:
            self._named = None

    def handle_data(self, data: str) -> None:
        if _UNSEEN.isdisjoint(self._open):
            self.words.append(data)
            if self._named is not None:
                self._named.text += data


def _folded(text: str) -> str:
    return " ".join(text.split())


class Page:
    """What the browser shows: an address, a status, text, links and forms."""

    def __init__(self, url: str, status: int, source: str, headers: dict[str, str]) -> None:
        self.url = url
        self.status = status
        self.source = source
        self.headers = headers
        reader = _Reader()
        reader.feed(source)
        self.text = _folded(" ".join(reader.words))
        self.forms = reader.forms
        self.links = reader.links

    @property
    def path(self) -> str:
        """The path of the address."""
        return urlsplit(self.url).path

    def button(self, text: str) -> tuple[Form, Button]:
        """The button with that text, and its form.

        :raises LookupError: when there is none.
        """
        for form in self.forms:
            for button in form.buttons:
                if _folded(button.text) == text:
                    return form, button
        raise LookupError(f"{self} has no button {text!r}")

    def link(self, text: str) -> str:
        """Where the first link goes whose text begins so.

        :raises LookupError: when there is none.
        """
        for link in self.links:
            if _folded(link.text).startswith(text):
                return urljoin(self.url, link.href)
        raise LookupError(f"{self} has no link {text!r}")

    def __str__(self) -> str:
        return f"{self.url} ({self.status}) “{self.text[:400]}”"


class Browser:
    """One person's browser.

    :param trusted: a file with the certificate that it trusts; by default those that everybody trusts.
    """

    def __init__(self, trusted: str = "") -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = trusted or True
        self.page = Page("about:blank", 0, "", {})

    @property
    def cookies(self) -> dict[str, str]:
        """What the browser keeps, of all sites."""
        return {cookie.name: cookie.value or "" for cookie in self._session.cookies}

    def open(self, url: str) -> Page:
        """Type an address."""
        return self._go("GET", urljoin(self.page.url, url))

    def follow(self, text: str) -> Page:
        """Click the link whose text begins so."""
        return self._go("GET", self.page.link(text))

    def tick(self, name: str, value: str) -> None:
        """Tick a box.

        :raises LookupError: when there is none, or it is ticked.
        """
        for form in self.page.forms:
            if (name, value) in form.boxes:
                form.boxes.remove((name, value))
                form.fields.append((name, value))
                return
        raise LookupError(f"{self.page} has no box {name}={value}")

    def untick(self, name: str, value: str) -> None:
        """Take the tick out of a box.

        :raises LookupError: when there is none, or it is not ticked.
        """
        for form in self.page.forms:
            if (name, value) in form.fields:
                form.fields.remove((name, value))
                form.boxes.append((name, value))
                return
        raise LookupError(f"{self.page} has no ticked box {name}={value}")

    def press(self, text: str, **values: str) -> Page:
        """Fill in fields of the button's form by name, then press it.

        :raises LookupError: when there is no such button, or no such field.
        """
        form, button = self.page.button(text)
        missing = set(values) - {name for name, _ in form.fields}
        if missing:
            raise LookupError(f"{self.page} has no field {', '.join(sorted(missing))}")
        data = [(name, values.get(name, value)) for name, value in form.fields]
        if button.name:
            data.append((button.name, button.value))
        target = urljoin(self.page.url, form.action)
        if form.method == "get":
            return self._go("GET", target, params=data)
        return self._go("POST", target, data=data)

    def _go(
        self,
        method: str,
        url: str,
        *,
        data: list[tuple[str, str]] | None = None,
        params: list[tuple[str, str]] | None = None,
    ) -> Page:
        headers = {"Accept": "text/html", "User-Agent": "a browser of consentcore's tests"}
        if method == "POST":
            here = urlsplit(self.page.url)
            headers["Origin"] = f"{here.scheme}://{here.netloc}"
        answer = self._session.request(
            method, url, data=data, params=params, headers=headers, timeout=PATIENCE_S
        )
        # Servers that name no charset mean UTF-8 here; requests would read Latin-1.
        source = answer.content.decode("utf-8", "replace")
        self.page = Page(answer.url, answer.status_code, source, dict(answer.headers))
        return self.page
