"""``consentcore audit``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from consentcore.cli.audit_access_log import access_log
from consentcore.cli.audit_bundles import compare, export
from consentcore.cli.commands import Group, refuse
from consentcore.cli.exit_codes import FOUND_A_PROBLEM, NOT_NOW
from consentcore.cli.options import named_as
from consentcore.cli.progress import progress
from consentcore.cli.state import State, pass_state
from consentcore.consent.evidence.anchored import anchor_remarks, unreadable
from consentcore.consent.evidence.errors import AnchorsSilent, LedgerBroken
from consentcore.domain.clock import MINUTE, iso

if TYPE_CHECKING:
    from consentcore.consent.evidence.anchored import AnchorReading
    from consentcore.consent.verify import VerificationReport

SHOWN = 20
WAITS_MS = 2 * MINUTE
"""How long an event may wait for its place before it is worth saying; a worker gives it within seconds."""


@click.group(cls=Group, name="audit")
def command() -> None:
    """Prove that the evidence is untouched."""


command.add_command(export)
command.add_command(compare)
command.add_command(access_log)


@command.command("verify")
@click.pass_context
@pass_state
def verify(state: State, ctx: click.Context) -> None:
    """Check every consent and its chain of events, the log over them, and what anchors keep; on a live system too.

    Exit code 0: intact. 1: not, and the first broken event is named. 75: an anchor cannot be read, the rest is intact.
    """
    with progress(state, "Verifying", 2 * state.runtime.bundles.expected_events) as advance:
        report = state.runtime.evidence.verify(advance)
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
            "anchors": [_anchor_facts(reading) for reading in report.anchors],
            "resumed": [asdict(one) for one in report.resumed],
            "waiting_since": iso(report.waiting_since) if report.waiting_since else None,
        },
        f"intact: {summary}" if report.ok else "",
    )
    for remark in anchor_remarks(report.anchors):
        state.say(remark)
    _say_what_waits(state, report)
    for one in report.resumed:
        end = max(one.lost.values()) - 1
        state.say(f"note: events {one.kept} to {end} of the log were lost before {one.at}: {one.reason}")
    if not report.ok:
        _say_problems(state, report, summary)
        ctx.exit(FOUND_A_PROBLEM)
    if unreadable(report.anchors):
        ctx.exit(NOT_NOW)


@command.command("resume")
@click.option(
    "--reason", required=True, help="Why the log lost something, 1 to 1000 characters; stands in it."
)
@pass_state
def resume(state: State, reason: str) -> None:
    """Go on after a backup was restored: state in the log, signed, which range of it is lost, and why.

    Until then the worker signs nothing, because anchors keep what the log has not. The log goes on under a new name,
    which witnesses have to be told: the old one has signed what is lost. What was lost stays lost.
    """
    with named_as({"reason": "--reason"}):
        try:
            done = state.runtime.evidence.resume(reason)
        except AnchorsSilent as error:
            refuse(str(error), code=NOT_NOW)
        except LedgerBroken as error:
            refuse(str(error))
    lost = f"events {done.kept} to {done.lost - 1} of the log are stated as lost; it goes on as {done.origin}"
    broken = "what is wrong with the evidence of before is stated in the log, which begins with it"
    state.say(lost if done.lost > done.kept else broken)
    state.answer({"kept": done.kept, "lost_before": done.lost, "log": done.origin}, "")


def _say_what_waits(state: State, report: VerificationReport) -> None:
    since = report.waiting_since
    if since is not None and since + WAITS_MS < state.runtime.clock.now():
        state.say(
            f"note: events since {iso(since)} have no place in the log: no worker signs it, so that they are protected "
            "by their chains alone"
        )


def _anchor_facts(reading: AnchorReading) -> dict[str, object]:
    return {
        "name": reading.name,
        "checkpoints": [{"log": one.head.origin, "size": one.head.size} for one in reading.heads],
        "can_be_read": not (reading.is_blind or reading.unreadable),
        "problem": reading.wrong or reading.unreadable,
    }


def _say_problems(state: State, report: VerificationReport, summary: str) -> None:
    for problem in report.problems[:SHOWN]:
        event = f" event {problem.event_id}" if problem.event_id else ""
        number = f" (number {problem.sequence} of its chain)" if problem.sequence is not None else ""
        state.say(f"consent {problem.grant_id or '-'}{event}{number}: {problem.text}")
    if len(report.problems) > SHOWN:
        state.say(f"and {len(report.problems) - SHOWN} more; --json lists all")
    state.say(f"NOT INTACT: {len(report.problems)} problems in {summary}")
