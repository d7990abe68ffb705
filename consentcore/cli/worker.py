"""``consentcore worker``."""

from __future__ import annotations

import signal
import threading

import click

from consentcore.cli.commands import Command
from consentcore.cli.state import State, pass_state


@click.command(cls=Command, name="worker")
@pass_state
def command(state: State) -> None:
    """Deliver notices, expire grants and purge until SIGTERM; any number of them may run."""
    from consentcore.worker.worker import run_worker

    state.log_as_configured()
    state.runtime.check()
    state.runtime.demand_whole()
    stop = threading.Event()

    def end(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)  # the second one ends at once

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # started by nohup
            signal.signal(number, end)
    run_worker(state.ini_path, stop)
