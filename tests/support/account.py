"""What an account's tests need: the worker, the mails that it wrote, and the link in the newest one."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from weakref import WeakKeyDictionary

from consentcore.worker.worker import Worker
from tests.support.platform import ISSUER, PASSWORD, sign_in

NEW_PASSWORD = "a staple for the battery"
LINK = re.compile(rf"{re.escape(ISSUER)}(/account/\S+\?t=\S+)")


_WORKERS: WeakKeyDictionary[object, Worker] = WeakKeyDictionary()


def _worker(runtime) -> Worker:
    """One for each runtime: templates are compiled once."""
    key = runtime.registry
    if key not in _WORKERS:
        _WORKERS[key] = Worker(runtime)
    return _WORKERS[key]


def mails(platform, to: str) -> list:
    """Every mail to an address, oldest first, after the worker had its turn."""
    _worker(platform.runtime).run_once()
    folder = platform.runtime.registry.settings("devmail").dir
    paths = sorted(folder.glob("*.eml")) if folder.exists() else []
    found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]
    return [mail for mail in found if mail["To"] == to]


def subjects(platform, to: str) -> list[str]:
    return [str(mail["Subject"]) for mail in mails(platform, to)]


def link_in(mail) -> str:
    """The one link of a mail, as a path."""
    links = set(LINK.findall(mail.get_body(("plain",)).get_content()))
    assert len(links) == 1
    html = mail.get_body(("html",)).get_content()
    assert links.copy().pop() in html
    return links.pop()


def newest_link(platform, to: str) -> str:
    return link_in(mails(platform, to)[-1])


def signed_in(platform, email: str = "ada@example.org", password: str = PASSWORD):
    """A browser of its own that is signed in."""
    browser = platform.browser()
    assert "Authorized Applications" in sign_in(browser, browser.get("/login"), email, password)
    return browser


def is_signed_in(browser) -> bool:
    return browser.get("/consents").status_int == 200


def can_sign_in(platform, password: str, email: str = "ada@example.org") -> bool:
    browser = platform.browser()
    form = browser.get("/login").forms[0]
    form["email"], form["password"] = email, password
    return form.submit(headers={"Origin": ISSUER}, expect_errors=True).status_int == 303


def form_of(page, action: str):
    """The form of a page that leads to ``action``."""
    return next(form for form in page.forms.values() if form.action == action)


def ask_reset(browser, email: str = "ada@example.org", **options):
    """Answer "Forgot your password?"."""
    form = form_of(browser.get("/account/reset"), "/account/reset")
    form["email"] = email
    return form.submit(headers={"Origin": ISSUER}, **options)


def set_password(browser, link: str, password: str = NEW_PASSWORD, **options):
    """Open the link of a mail and choose a password."""
    form = form_of(browser.get(link), "/account/reset/new")
    form["password"] = password
    return form.submit(headers={"Origin": ISSUER}, **options)
