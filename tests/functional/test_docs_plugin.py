"""docs/plugins.md, typed as it stands: the notifier in five minutes runs in the product."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from consentcore.worker.worker import Worker
from tests.support import tiny_plugins as tiny
from tests.support.platform import ISSUER, connect, make_platform, sign_in
from tests.support.sinks import http_sink

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")
ROOM = """
@pytest.fixture
def room():
    with http_sink() as sink:
        yield sink.url()
"""


def block(language: str, number: int = 0) -> str:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[number]


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Where the plugin of the page is installed."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "consentcore_pager.py").write_text(block("python"))
    project = tomllib.loads(block("toml"))["project"]
    points = project["entry-points"]["consentcore.plugins"]
    tiny.install(site, project["name"].replace("-", "_"), project["version"], **points)
    monkeypatch.syspath_prepend(site)
    return site


def test_notifier_in_five_minutes_tells_the_room(site, tmp_path, monkeypatch):
    with http_sink() as room:
        monkeypatch.setenv("PAGER_URL", room.url())
        settings = dict(line.split(" = ") for line in block("ini").splitlines())
        monkeypatch.setenv("CONSENTCORE_NOTIFIERS", settings.pop("consentcore.notifiers"))
        extra = "".join(f"{key} = {value}\n" for key, value in settings.items())
        platform = make_platform(tmp_path, storage="memory", extra=extra)
        connect(platform)
        Worker(platform.runtime).run_once()
        platform.runtime.close()
    (told,) = room.received
    assert json.loads(told.body)["text"] == "consent.granted: CoolSite"


@pytest.mark.slow
def test_notifier_in_five_minutes_passes_the_kit(site, tmp_path):
    test = tmp_path / "test_pager.py"
    test.write_text(
        block("python", 1).replace(
            "\n\nclass", f"\nfrom tests.support.sinks import http_sink\n{ROOM}\n\nclass", 1
        )
    )
    checkout = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(tmp_path),
            str(test),
        ],
        env={**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{checkout}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


@pytest.fixture
def helpdesk(tmp_path, monkeypatch):
    """A platform with the pages of the page."""
    site = tmp_path / "pages"
    site.mkdir()
    (code,) = [one for one in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if '"helpdesk"' in one]
    (site / "consentcore_helpdesk.py").write_text(code)
    tiny.install(site, "helpdesk", "1.0", helpdesk="consentcore_helpdesk")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("CONSENTCORE_EXTENSIONS", "helpdesk")
    platform = make_platform(tmp_path)
    yield platform
    platform.runtime.close()


def test_options_of_views_do_what_the_page_says(helpdesk):
    browser = helpdesk.browser()
    sent = browser.get("/help", status=303)
    assert sent.location.endswith("/login?next=/help")
    page = sign_in(browser, sent.follow())
    assert "ada@example.org" in page.text
    token = page.forms[0]["csrf_token"].value
    assert "We call" in browser.post("/help", {"csrf_token": token}, headers={"Origin": ISSUER}).text
    browser.post("/help", {"csrf_token": token}, headers={"Origin": "https://evil.example"}, status=403)
    browser.post("/help", {}, headers={"Origin": ISSUER}, status=403)
    browser.post("/help", {"csrf_token": "made up"}, headers={"Origin": ISSUER}, status=403)


def test_page_of_an_application_needs_no_form(helpdesk):
    secret = helpdesk.add_client("meter")
    caller = helpdesk.browser()
    caller.post("/api/help/status", status=401)
    caller.authorization = ("Basic", ("meter", secret))
    assert caller.post("/api/help/status").json == {"waiting": 0}
