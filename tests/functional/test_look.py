"""The look that an operator gives the pages: mark and colours in the INI, held to what can be read."""

from __future__ import annotations

import pytest

from consentcore.domain.errors import ConfigurationError
from tests.support.platform import make_platform

SVG = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle r="4"/></svg>'


@pytest.fixture
def looking(tmp_path):
    """Makes a platform with these lines in its INI."""
    made = []

    def make(**settings):
        lines = [f"consentcore.theme.{name} = {value}" for name, value in settings.items()]
        made.append(make_platform(tmp_path, extra="\n".join(lines)))
        return made[-1].browser()

    yield make
    for one in made:
        one.runtime.close()


def refusals(looking, **settings) -> list[str]:
    with pytest.raises(ConfigurationError) as refusal:
        looking(**settings)
    return [line for line in str(refusal.value).splitlines() if "theme." in line]


def test_without_a_look_of_its_own_the_header_has_a_letter(looking):
    page = looking().get("/login")
    assert page.html.select_one(".site-mark")["data-letter"] == "Y"
    assert [link["href"] for link in page.html.select("link[rel=stylesheet]")] == [
        "/static/tokens.css",
        "/static/consentcore.css",
    ]


def test_colours_come_in_a_stylesheet_of_their_own(looking):
    browser = looking(accent="#7A1F2B", paper="#ffffff")
    page = browser.get("/login")
    (own,) = (link["href"] for link in page.html.select("link") if "theme" in link["href"])
    answer = browser.get(own)
    assert answer.content_type == "text/css"
    assert "--accent: #7a1f2b;" in answer.text
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers


def test_a_mark_stands_in_the_header_and_can_do_nothing_by_itself(looking, tmp_path):
    (tmp_path / "mark.svg").write_text(SVG)
    (tmp_path / "dark.svg").write_text(SVG.replace("circle", "rect"))
    browser = looking(logo=tmp_path / "mark.svg", logo_dark=tmp_path / "dark.svg")
    header = browser.get("/login").html.select_one("header.site")
    assert header.img["alt"] == "Your Energy Company"
    assert header.source["media"] == "(prefers-color-scheme: dark)"
    answer = browser.get(header.img["src"])
    assert (answer.content_type, answer.text) == ("image/svg+xml", SVG)
    assert (
        answer.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "rect" in browser.get(header.source["srcset"]).text
    browser.get("/theme/no-such-mark", status=404)


def test_cp_44_colours_that_cannot_be_read_stop_the_start(looking):
    (line,) = refusals(looking, accent="#ffcc00", accent_dark="#84c7e3")[:1]
    assert "test.ini line" in line
    assert "consentcore.theme.accent: a link would have a contrast of 1.4:1 (#ffcc00 on #fbf9f5)" in line
    assert "expected at least 4.5:1" in line
    assert "would do" in line


@pytest.mark.parametrize("value", ["teal", "0b5a78", "#0b5", "#0b5a7g", "rgb(1,2,3)"])
def test_what_is_no_colour_says_how_one_is_written(looking, value):
    (line,) = refusals(looking, accent=value)
    assert "consentcore.theme.accent: expected a colour like #0b5a78" in line


def test_what_is_no_picture_is_no_mark(looking, tmp_path):
    (tmp_path / "mark.svg").write_text("<html>no</html>")
    assert "expected SVG, PNG, JPEG or WebP" in refusals(looking, logo=tmp_path / "mark.svg")[0]
    (tmp_path / "large.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 200_000)
    assert "expected at most 200 kB" in refusals(looking, logo=tmp_path / "large.png")[0]
    assert "No such file" in refusals(looking, logo=tmp_path / "nothing.png")[0]


def test_a_theme_extends_the_layout_that_it_replaces(tmp_path):
    theme = tmp_path / "theme"
    theme.mkdir()
    (theme / "layout.jinja2").write_text(
        '{% extends "consentcore_templates:layout.jinja2" %}'
        '{% block brand %}<p class="site-name">Ours</p>{% endblock %}'
    )
    platform = make_platform(tmp_path, extra=f"consentcore.web.theme = {theme}")
    try:
        page = platform.browser().get("/login").html
        assert page.select_one("header.site").get_text(strip=True) == "Ours"
        assert page.h1.text == "Sign in"
    finally:
        platform.runtime.close()
