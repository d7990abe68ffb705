"""Probes and static files."""

from __future__ import annotations

import time

import pytest
import requests

from consentcore.metrics.listener import listening
from consentcore.worker.status import StatusReporter, WorkerStatus
from tests.support.patience import PATIENCE_S


def test_livez_and_readyz(platform):
    browser = platform.browser()
    assert browser.get("/livez").text == "ok\n"
    assert browser.get("/readyz").json == {"ready": True, "checks": {"storage": "ok"}}


def test_readyz_names_what_is_wrong(platform, monkeypatch):
    monkeypatch.setattr(platform.runtime.storage.bare, "check", lambda: ["cannot reach it"])
    response = platform.browser().get("/readyz", status=503)
    assert response.json == {"ready": False, "checks": {"storage": ["cannot reach it"]}}


class TestWorkerBeside:
    """The worker of `serve` leaves its pulse where the processes share their numbers."""

    @pytest.fixture
    def reporter(self, monkeypatch, tmp_path):
        monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
        return StatusReporter()

    def test_readyz_says_how_it_is(self, platform, reporter):
        reporter.report(WorkerStatus(time.monotonic(), 4, 4))
        assert platform.browser().get("/readyz").json["checks"] == {"storage": "ok", "worker": "ok"}

    def test_threads_that_were_replaced_are_shown(self, platform, reporter):
        reporter.report(WorkerStatus(time.monotonic(), 4, 4, 2, {"chat": 1}))
        answer = platform.browser().get("/readyz").json
        assert answer["ready"] is True
        assert answer["checks"]["worker"] == [
            "2 threads have been replaced, having ended or been held by a plugin",
            "plugin chat holds 1 thread",
        ]

    @pytest.mark.parametrize(("ago_s", "alive"), [(90, 4), (0, 0)])
    def test_a_worker_that_does_not_deliver_is_not_ready(self, platform, reporter, ago_s, alive):
        reporter.report(WorkerStatus(time.monotonic() - ago_s, 4, alive))
        answer = platform.browser().get("/readyz", status=503).json
        assert answer["ready"] is False
        assert "worker" in answer["checks"]["worker"][0]

    @pytest.mark.parametrize("content", ["", "[]", "{}", '{"at": 1}', "\x00"])
    def test_a_file_that_is_none_says_nothing(self, platform, reporter, tmp_path, content):
        (tmp_path / "worker.json").write_text(content)
        assert "worker" not in platform.browser().get("/readyz").json["checks"]


def test_a_worker_of_its_own_answers_probes_beside_its_numbers(platform):
    said = [(True, "ok"), (False, ["no thread of the worker can send"])]
    with listening(platform.runtime.meters, "127.0.0.1", 0, lambda: said.pop(0)) as port:
        base = f"http://127.0.0.1:{port}"
        assert requests.get(f"{base}/livez", timeout=PATIENCE_S).text == "ok\n"
        good = requests.get(f"{base}/readyz", timeout=PATIENCE_S)
        assert (good.status_code, good.json()) == (200, {"ready": True, "checks": {"worker": "ok"}})
        bad = requests.get(f"{base}/readyz", timeout=PATIENCE_S)
        assert (bad.status_code, bad.json()["ready"]) == (503, False)
        assert "consentcore_outbox_pending" in requests.get(f"{base}/metrics", timeout=PATIENCE_S).text


def test_styles_and_script_are_ours_small_and_cacheable(platform):
    browser, total = platform.browser(), 0
    page = browser.get("/login").html
    styles = [link["href"] for link in page.select("link[rel=stylesheet]")]
    scripts = [script["src"] for script in page.select("script")]
    assert styles
    assert scripts
    for address in styles + scripts:
        response = browser.get(address)
        assert response.content_type == ("text/css" if address in styles else "text/javascript")
        assert "max-age=3600" in response.headers["Cache-Control"]
        total += len(response.body)
    assert total < 30_000
