"""Templates of a theme: mails extend theirs as pages do, and what is wrong with one stops the start."""

from __future__ import annotations

import re

import pytest

from tests.support.account import mails
from tests.support.platform import connect, make_platform

PAGE_EXTENDS = '{% extends "consentcore_templates:layout.jinja2" %}'
MAIL_EXTENDS = '{% extends "consentcore_templates:email/layout.html" %}'
WRONG = {
    "a block that is open": ("layout.jinja2", PAGE_EXTENDS + "\n{% block brand %}", r" line 2: .*[Bb]lock"),
    "a filter that is none": ("login.jinja2", "\n\n{{ 1|glitter }}", r" line 3: .*glitter"),
    "a template that is none": (
        "layout.jinja2",
        "\n" + PAGE_EXTENDS.replace("layout", "lay_out"),
        r" line 2: names the template consentcore_templates:lay_out\.jinja2, of which there is none",
    ),
    "a part that is none": (
        "parts/ours.jinja2",
        '{% include "parts/brand.jinja2" %}',
        r" line 1: names the template parts/brand\.jinja2, of which there is none",
    ),
    "a page in another encoding": ("layout.jinja2", "caf\udce9", r": expected UTF-8"),
    "a mail with an open block": (
        "email/layout.html",
        MAIL_EXTENDS + "{% block foot %}",
        r" line 1: .*[Bb]lock",
    ),
    "a mail with a filter that is none": (
        "email/granted/body.txt",
        "\n{{ x|glitter }}",
        r" line 2: .*glitter",
    ),
}
GOOD = {
    "layout.jinja2": PAGE_EXTENDS + '{% block brand %}{% include "parts/brand.jinja2" %}{% endblock %}',
    "parts/brand.jinja2": '<p class="site-name">Ours</p>{% include "parts/none.jinja2" ignore missing %}',
    "email/layout.html": MAIL_EXTENDS + "{% block foot %}<p>Moreau &amp; Fils, Lyon</p>{% endblock %}",
    "email/layout.txt": MAIL_EXTENDS.replace("html", "txt")
    + "{% block foot %}Moreau & Fils, Lyon{% endblock %}",
}


def write(theme, templates):
    for name, text in templates.items():
        path = theme / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="surrogateescape")


@pytest.fixture
def themed(cli):
    theme = cli.folder / "theme"
    theme.mkdir()
    cli.ini.write_text(cli.ini.read_text() + f"consentcore.web.theme = {theme}\n")
    return cli, theme


@pytest.mark.parametrize("case", WRONG)
def test_a_template_that_is_none_is_named_before_anybody_opens_its_page(themed, case):
    cli, theme = themed
    assert cli("init").code == 0
    name, text, said = WRONG[case]
    write(theme, {name: text})
    checked = cli("plugins", "check")
    assert checked.code == 78
    (line,) = (line for line in checked.err.splitlines() if "consentcore.web.theme" in line)
    assert re.search(f"consentcore.web.theme: {re.escape(str(theme / name))}{said}", line)


def test_pages_and_mails_of_a_theme_extend_what_they_replace(tmp_path):
    theme = tmp_path / "theme"
    write(theme, GOOD)
    platform = make_platform(tmp_path, storage="sqlalchemy", extra=f"consentcore.web.theme = {theme}")
    try:
        platform.runtime.check()
        assert platform.browser().get("/login").html.select_one("header.site").get_text(strip=True) == "Ours"
        assert connect(platform)
        (mail,) = mails(platform, "ada@example.org")
        assert "Moreau & Fils, Lyon" in mail.get_body(("plain",)).get_content()
        assert "Moreau &amp; Fils, Lyon" in mail.get_body(("html",)).get_content()
    finally:
        platform.runtime.close()
