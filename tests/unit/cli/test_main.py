"""The entry point of the command line: what a person at the terminal says goes before what a plugin raises."""

from __future__ import annotations

import signal

import pytest

from consentcore.cli.main import run
from consentcore.cli.state import State
from consentcore.hooks.calling import Interrupted, call


@pytest.fixture
def closing(monkeypatch):
    """Let something run within a command: its last act."""

    def at_the_end(work):
        monkeypatch.setattr(State, "close", lambda _state: work())

    return at_the_end


def test_ctrl_c_while_a_plugin_is_called_ends_the_command(closing, capsys):
    closing(lambda: call(lambda: signal.raise_signal(signal.SIGINT)))
    assert run(["--help"]) == 130
    assert capsys.readouterr().err.strip() == "interrupted"


def test_a_plugin_that_raises_it_itself_ends_nothing(closing):
    def wild():
        raise KeyboardInterrupt

    closing(lambda: call(wild))
    assert run(["--help"]) == 0


def test_ctrl_c_is_left_to_who_ignores_it_or_handles_it_otherwise(closing):
    closing(lambda: call(lambda: signal.raise_signal(signal.SIGINT)))
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert run(["--help"]) == 0
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_handler_is_the_commands_alone(closing):
    closing(lambda: None)
    before = signal.getsignal(signal.SIGINT)
    run(["--help"])
    assert signal.getsignal(signal.SIGINT) is before


def test_what_a_person_says_is_a_keyboard_interrupt_for_everybody_else():
    with pytest.raises(KeyboardInterrupt):
        raise Interrupted
