"""``consentcore init``: everything that has to be there before the first request."""

from __future__ import annotations

import click

from consentcore.cli.commands import Command, answers, refuse
from consentcore.cli.exit_codes import FOUND_A_PROBLEM, NOT_NOW
from consentcore.cli.state import State, pass_state
from consentcore.configured_keys import missing_keys
from consentcore.consent.unchosen import unchosen


@click.command(cls=Command, name="init")
@pass_state
def command(state: State) -> None:
    """Create or migrate the storage; safe to repeat.

    Where `consentcore.keys` names a file that does not exist yet, a key ring is made there.
    """
    with missing_keys(state.config, lambda: state.runtime.storage) as fresh:
        state.runtime.check()
        migrated = list(state.runtime.storage.migrate())
    steps = [f"made the key ring {fresh}; keep a copy of it in a safe place"] if fresh is not None else []
    for step in steps:
        state.say(step)
    problems = list(state.runtime.storage.check())
    if not problems:
        taken_over, problems = state.runtime.evidence.take_over()
        migrated = [*migrated, *state.runtime.scope_pins.pin(), *([taken_over] if taken_over else [])]
    steps += migrated
    for step in migrated if steps else ["nothing to do, everything is there"]:
        state.say(step)
    waiting = 0 if problems else _without_choice(state)
    if waiting:
        state.say(
            f"{waiting} consents were given without the choice of sites or devices that their scopes need now: they "
            "give nothing and are asked about at the next request (consents list --without-resources)"
        )
    state.answer({"steps": steps, "problems": problems, "without_resources": waiting}, "")
    if problems:
        refuse(*problems, code=FOUND_A_PROBLEM if answers(state.runtime.storage) else NOT_NOW)


def _without_choice(state: State) -> int:
    runtime = state.runtime
    return sum(1 for _ in unchosen(runtime.storage, runtime.choice_rules, runtime.clock.now()))
