"""``consentcore verify``: check what somebody was given, with nothing but public keys."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from consentcore.cli.commands import Command, refuse
from consentcore.cli.exit_codes import FOUND_A_PROBLEM, NOT_NOW
from consentcore.cli.options import named_as
from consentcore.cli.progress import progress
from consentcore.cli.state import State, pass_state
from consentcore.consent.bundle.file_check import ReceiptReport, check_file
from consentcore.consent.bundle.trust import LONGEST, read_keys
from consentcore.domain.clock import SECOND, iso

if TYPE_CHECKING:
    from consentcore.consent.bundle.report import BundleReport
    from consentcore.consent.bundle.trust import TrustedKeys

READABLE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(cls=Command, name="verify")
@click.argument("file", type=READABLE)
@click.option(
    "--key",
    "keys",
    type=READABLE,
    help="Public keys to trust: a file as the service publishes them, or verifier keys, one a line.",
)
@click.pass_context
@pass_state
def command(state: State, ctx: click.Context, file: Path, keys: Path | None) -> None:
    """Check a bundle of evidence or a receipt. Needs no configuration, no database and no network.

    Without --key a bundle is checked with the keys that it brings itself, which shows that it is of one piece and
    not who made it. Exit code 0: it holds. 1: it does not, and the first bad event is named. 75: it cannot be read.
    """
    try:
        trusted = _trusted(keys)
        with named_as({"keys": "--key"}), file.open("rb") as stream:
            size = file.stat().st_size
            with progress(state, "Checking", size) as advance:
                done = [0]

                def seen(_body: Any) -> None:
                    advance(stream.tell() - done[0])
                    done[0] = stream.tell()

                report = check_file(stream, trusted, seen)
    except OSError as error:
        refuse(f"{file}: {error.strerror or error}", code=NOT_NOW)
    if isinstance(report, ReceiptReport):
        _say_receipt(state, report)
    else:
        say_bundle(state, report)
    if not report.ok:
        ctx.exit(FOUND_A_PROBLEM)


def _trusted(keys: Path | None) -> TrustedKeys | None:
    if keys is None:
        return None
    with named_as({"keys": "--key"}):
        return read_keys(keys.read_bytes()[: LONGEST + 1].decode(errors="replace"))


def _say_receipt(state: State, report: ReceiptReport) -> None:
    facts = report.facts
    state.answer(
        {"ok": report.ok, "kind": "receipt", "problem": report.why or None, **facts},
        f"holds: receipt {facts['confirmation_number']} of {facts['issuer']} for event {facts['event_id']}, "
        f"signed at {facts['signed_at']}"
        if report.ok
        else "",
    )
    if not report.ok:
        state.say(f"DOES NOT HOLD: {report.why}")


def say_bundle(state: State, report: BundleReport) -> None:
    """Say what holds of a bundle, or the first thing that does not."""
    facts = asdict(report)
    state.answer(
        {"ok": report.ok, "kind": "bundle", "problem": facts.pop("fault"), **facts},
        [_headline(report)] if report.ok else "",
    )
    for line in _remarks(report):
        state.say(line)
    fault = report.fault
    if fault is not None:
        event = f" event {fault.event_id}" if fault.event_id else ""
        number = f" (number {fault.sequence} of its chain)" if fault.sequence is not None else ""
        state.say(f"line {fault.line}: consent {fault.grant_id or '-'}{event}{number}: {fault.text}")
        state.say("DOES NOT HOLD")


def _headline(report: BundleReport) -> str:
    what = "all of the log" if report.complete else "a part of the log"
    return (
        f"holds: {what} {report.log} as of its checkpoint of {report.size} leaves, made at {report.made_at}: "
        f"{report.grants} consents, {report.events} events from {report.first_at or '-'} to {report.last_at or '-'}"
    )


def _remarks(report: BundleReport) -> list[str]:
    found = []
    if report.with_own_keys:
        found.append(
            "note: checked with the keys that it brings itself, which shows that it is of one piece and not who made "
            "it; get the keys of the service from somewhere else and give them by --key"
        )
    if report.ok and not report.complete:
        found.append(
            "note: it is a part: what its maker left out, whole permissions or newer events, does not show"
        )
    found += [f"cosigned by {name} at {iso(at * SECOND)}" for name, at in report.cosigned.items()]
    found += [f"continues the checkpoint of {size} leaves" for size in report.continues]
    found += [
        f"note: leaves {one['from']} to {one['before'] - 1} of the log were lost before {one['at']}: {one['reason']}"
        for one in report.lost
    ]
    if report.forgotten:
        found.append(f"{report.forgotten} personal values or pages were forgotten, as it says")
    if report.withheld:
        found.append(f"{report.withheld} pages were left out because personal text stands in them")
    return found
