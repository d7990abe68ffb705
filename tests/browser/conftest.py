"""One demo and one Chromium for a test process; a person and a browser profile of their own for each test."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.support.missing import missing

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
# The sandbox needs rights that root in a container does not have; shared memory is scarce there as well.
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]


@pytest.fixture(scope="session")
def chromium():
    """The system's Chromium, without a window."""
    if not CHROMIUM.exists():
        missing(f"{CHROMIUM}: sh scripts/ensure_browser.sh", "REQUIRE_BROWSER")
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS) as browser,
    ):
        yield browser


@pytest.fixture(scope="session")
def demo(request, tmp_path_factory):
    """The demo, with a real server process; visitors have many sites, and a browser may ask for a language of no words
    whose lines begin at the right (``he``). A parameter, if there is one, is its storage."""
    from consentcore.demo import STORAGES
    from consentcore.demo.boot import DemoOptions, boot
    from tests.browser.visiting import ALIASES
    from tests.support.pseudo_locale import HEBREW, make_theme

    folder = tmp_path_factory.mktemp("demo")
    theme = make_theme(folder / "theme", "he", HEBREW)
    # Everybody comes from one address here.
    extra = f"consentcore.web.theme = {theme}\nconsentcore.account.mails_per_address = 1000"
    storage = getattr(request, "param", STORAGES[0])
    options = DemoOptions(folder / "data", port=0, storage=storage, extra_ini=extra)
    with ExitStack() as ending:
        # Only while it starts: it outlives this package, and the tests that come after it have no such setting.
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("CONSENTCORE_PLUGIN__RESOURCES_FILE__ALIASES", ALIASES)
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
                environment.setenv(name, "testing")
            running = ending.enter_context(boot(options, say=print, output=folder / "server.log"))
        yield running


@pytest.fixture
def visitor(chromium, demo):
    """Makes visitors (``visiting.py``); options go to the browser profile, ``names`` to their application."""
    from tests.browser.browsing import DESKTOP
    from tests.browser.visiting import Visitor

    made = []

    def make(name="Ada Moreau", names=None, **options):
        context = chromium.new_context(**{"viewport": DESKTOP, "locale": "en-GB", **options})
        made.append(Visitor.arrive(demo, context, name=name, **(names or {})))
        return made[-1]

    yield make
    for one in made:
        one.context.close()
    for one in made:
        assert one.foreign == [], "pages load nothing from other machines"
        assert one.complaints == []


@pytest.fixture
def person(chromium, demo):
    """Makes people; options go to the browser profile (viewport, java_script_enabled, color_scheme …)."""
    from tests.browser.browsing import DESKTOP, Person, add_owner

    made = []

    def make(name="Ada Moreau", domain="example.org", **options):
        context = chromium.new_context(**{"viewport": DESKTOP, "locale": "en-GB", **options})
        one = Person(demo, add_owner(demo, name, domain), context, context.new_page())
        made.append(one)
        return one

    yield make
    for one in made:
        one.context.close()
    for one in made:
        assert one.foreign == [], "pages load nothing from other machines"


@pytest.fixture
def ada(person):
    """Ada with a desktop browser, which must not have complained in the end."""
    one = person()
    yield one
    assert one.complaints == []
