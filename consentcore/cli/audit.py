"""``consentcore audit``."""

from __future__ import annotations

from dataclasses import asdict

import click

from consentcore.cli.commands import Group
from consentcore.cli.state import State, pass_state

SHOWN = 20


@click.group(cls=Group, name="audit")
def command() -> None:
    """Prove that the evidence is untouched."""


@command.command("verify")
@click.pass_context
@pass_state
def verify(state: State, ctx: click.Context) -> None:
    """Check every consent and its chain of events, on a live system too.

    Exit code 0: intact. 1: not, and the first broken event is named.
    """
    from consentcore.consent.verify import verify_all

    runtime = state.runtime
    report = verify_all(runtime.storage, runtime.keys)
    summary = f"{report.grants} consents, {report.events} events, {report.checkpoints} checkpoints"
    if report.forgotten:
        summary += f"; {report.forgotten} personal values or pages were forgotten, as their tombstones say"
    state.answer(
        {
            "ok": report.ok,
            "grants": report.grants,
            "events": report.events,
            "checkpoints": report.checkpoints,
            "forgotten": report.forgotten,
            "problems": [asdict(problem) for problem in report.problems],
        },
        f"intact: {summary}" if report.ok else "",
    )
    if report.ok:
        return
    for problem in report.problems[:SHOWN]:
        event = f" event {problem.event_id}" if problem.event_id else ""
        number = f" (number {problem.sequence} of its chain)" if problem.sequence is not None else ""
        state.say(f"consent {problem.grant_id or '-'}{event}{number}: {problem.text}")
    if len(report.problems) > SHOWN:
        state.say(f"and {len(report.problems) - SHOWN} more; --json lists all")
    state.say(f"NOT INTACT: {len(report.problems)} problems in {summary}")
    ctx.exit(1)
