"""A progress bar for whoever looks, and nothing for others."""

from __future__ import annotations

import io

import pytest

from consentcore.cli.output import harmless
from consentcore.cli.progress import progress
from consentcore.cli.state import State


class Screen(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def drawn(monkeypatch, state, *, terminal=True):
    screen = Screen(terminal=terminal)
    monkeypatch.setattr("sys.stderr", screen)
    with (
        harmless(styled=lambda: state.drawing),
        progress(state, "Verifying", 4) as advance,
    ):
        advance(3)
        assert not state.drawing
        advance(5)
    return screen.getvalue()


def test_a_terminal_shows_how_far_it_is(monkeypatch):
    shown = drawn(monkeypatch, State())
    assert "Verifying" in shown
    assert "100%" in shown


@pytest.mark.parametrize("as_json", [False, True])
def test_nobody_else_is_bothered(monkeypatch, as_json):
    state = State()
    state.as_json = as_json
    assert drawn(monkeypatch, state, terminal=as_json) == ""


def test_what_strangers_write_meanwhile_reaches_no_terminal(monkeypatch):
    state, screen = State(), Screen(terminal=True)
    monkeypatch.setattr("sys.stderr", screen)
    with harmless(styled=lambda: state.drawing), progress(state, "Verifying", 4):
        state.say("\x1b[31mred")
    assert "\x1b[31m" not in screen.getvalue()
