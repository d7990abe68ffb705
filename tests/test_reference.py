"""The API reference that `make docs` builds, held against what it documents: a name without words fails here."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from pathlib import Path

import pytest

from consentcore import api, testing
from consentcore.api import REASONS
from consentcore.hooks.checks import HOOKS
from consentcore.testing import factories
from consentcore.testing.storage.port_methods import port_methods
from consentcore.web.csrf import ANY_PERSON
from consentcore.web.security import AUDIENCES
from scripts.reference_pages import API_MODULES, fixtures_of, kits, pages, promises_of, settings

ROOT = Path(__file__).resolve().parent.parent
TAG = re.compile(r"<[^>]+>")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The documentation as it is rendered; warnings are errors."""
    out = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    return out / "reference"


def text_of(page: Path) -> str:
    return html.unescape(TAG.sub("", article_of(page)))


def article_of(page: Path) -> str:
    return re.search(r"<article.*?</article>", page.read_text(encoding="utf-8"), re.DOTALL)[0]


def described(page: Path, name: str) -> bool:
    """Whether a page has an entry of that full name, and words of its own below it."""
    entry = re.search(
        rf'<dt[^>]* id="{re.escape(name)}">.*?</dt>\s*<dd>(.*?)</dd>', article_of(page), re.DOTALL
    )
    words = re.search(r"<p>(.*?)</p>", entry[1], re.DOTALL) if entry else None
    return bool(words and TAG.sub("", words[1]).strip())


def test_every_name_of_the_plugin_api_has_a_home():
    listed = [name for module in API_MODULES for name in getattr(api, module).__all__]
    assert sorted(listed) == sorted(api.__all__)


@pytest.mark.slow
def test_every_name_of_the_plugin_api_is_described(site):
    silent = [
        f"{module}.{name}"
        for module in API_MODULES
        for name in getattr(api, module).__all__
        if not described(site / "api" / f"{module}.html", f"consentcore.api.{module}.{name}")
    ]
    assert silent == []


@pytest.mark.slow
def test_every_record_and_stand_in_of_the_kit_is_described(site):
    helpers, records = site / "kits" / "helpers.html", site / "kits" / "factories.html"
    names = [name for name in testing.__all__ if name not in kits()]
    assert [one for one in names if not described(helpers, f"consentcore.testing.{one}")] == []
    found = [
        one for one in factories.__all__ if not described(records, f"consentcore.testing.factories.{one}")
    ]
    assert found == []


@pytest.mark.slow
def test_every_kit_shows_its_fixtures_and_what_it_asks(site):
    for name, kit in kits().items():
        text = text_of(site / "kits" / f"{name}.html")
        asked = [test for tests in promises_of(kit).values() for test, _ in tests]
        assert asked
        assert [one for one in (*fixtures_of(kit), *asked) if not re.search(rf"\b{one}\b", text)] == [], name


@pytest.mark.slow
def test_hooks_settings_and_methods_of_the_port_have_a_page_each(site):
    listed = {f"hooks/{name}" for name in HOOKS} | {f"port/{name}" for name in port_methods()}
    listed |= {f"settings/{key}" for key, *_ in settings()}
    assert [name for name in sorted(listed) if not (site / f"{name}.html").exists()] == []


@pytest.mark.slow
def test_pages_of_hooks_say_what_the_guide_says(site):
    login = text_of(site / "hooks" / "consentcore_login.html")
    assert [reason for reason in REASONS if not re.search(rf"^{reason}$", login, re.MULTILINE)] == []
    views = text_of(site / "hooks" / "consentcore_configure.html")
    options = [*(f'permission="{one}"' for one in AUDIENCES), f'require_csrf="{ANY_PERSON}"']
    assert [one for one in options if one not in views.replace("“", '"').replace("”", '"')] == []


def test_every_page_has_words():
    empty = [name for name, text in pages().items() if len(re.sub(r"\s|#|-", "", text)) < 60]
    assert empty == []


def test_every_fixture_of_a_kit_and_every_method_of_the_port_says_what_it_is():
    silent = [
        f"{name}.{one}" for name, kit in kits().items() for one, told in fixtures_of(kit).items() if not told
    ]
    silent += [name for name, method in port_methods().items() if not (method.__doc__ or "").strip()]
    assert silent == []
