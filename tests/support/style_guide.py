"""The style guide: every part that pages are made of, rendered with the templates that pages are rendered with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import FileSystemLoader

from consentcore.i18n import Languages
from consentcore.mail.templates import mail_templates
from consentcore.settings import ThemeSettings
from consentcore.web.look import make_look

if TYPE_CHECKING:
    from playwright.sync_api import Page

HERE = Path(__file__).parent
TEMPLATES = HERE.parents[1] / "templates"


def style_guide() -> str:
    """The page as HTML."""
    # What mails know is all that these parts name.
    environment = mail_templates(None).overlay(loader=FileSystemLoader([HERE, TEMPLATES]), autoescape=True)
    return environment.get_template("style_guide.jinja2").render(
        language=Languages().default,
        operator_name="Example Energy",
        support_email="help@example.org",
        operator_privacy_url="https://example.org/privacy",
        complaint_url="https://example.org/complain",
        viewer=None,
        look=make_look(ThemeSettings()),
    )


def show_style_guide(page: Page, issuer: str) -> None:
    """Open it as a page of a running server, which has its stylesheets and scripts."""
    url = f"{issuer}/style-guide"
    page.route(url, lambda route: route.fulfill(body=style_guide(), content_type="text/html; charset=utf-8"))
    page.goto(url)
