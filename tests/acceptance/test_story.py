"""The whole story passes, or says what is wrong; `make demo-check` shows its steps."""

from __future__ import annotations

import re

import pytest

from consentcore.demo import STORAGES
from consentcore.demo.boot import DemoOptions
from tests.acceptance.report import play_story
from tests.acceptance.steps import expect


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    """What a demo in this process sets is not left to the tests behind these."""
    for name in ("OAUTHLIB_INSECURE_TRANSPORT", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "1")


@pytest.mark.slow
@pytest.mark.parametrize("storage", STORAGES)
def test_the_whole_story_passes(tmp_path, capsys, storage):
    report = play_story(DemoOptions(tmp_path, port=0, storage=storage))
    said = capsys.readouterr().out
    with capsys.disabled():
        print(f"\n{said}", end="")
    lines = said.strip().splitlines()
    assert (report.passed, report.failed) == (26, 0), said
    assert re.fullmatch(r"\d+\.\d s: 26 passed, 0 failed", lines[-1])
    assert [line for line in lines[:-1] if not line.startswith("[ok]")] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_step_that_fails_ends_the_story(tmp_path, capsys):
    def part(story):
        with story.step("a step that fails"):
            expect(False, "roses", "thorns")

    def never(_story):
        raise AssertionError("the story went on")

    report = play_story(DemoOptions(tmp_path, port=0), parts=(part, never))
    assert (report.passed, report.failed) == (1, 1)
    said = capsys.readouterr().out
    assert "[FAILED]" in said
    assert "expected roses, found thorns" in said
    assert "listening on" in said, "what the server said helps to find the cause"
    assert said.rstrip().endswith("1 passed, 1 failed")


def test_a_demo_that_does_not_start_is_a_failed_step(tmp_path, capsys):
    options = DemoOptions(tmp_path, port=0, extra_ini="consentcore.oauth.code_ttl_s = soon")
    report = play_story(options)
    assert (report.passed, report.failed) == (0, 1)
    said = capsys.readouterr().out
    assert "consentcore.oauth.code_ttl_s = soon: expected a whole number" in said
    assert said.rstrip().endswith("0 passed, 1 failed")
