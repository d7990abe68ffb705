"""``consentcore audit export`` and ``compare``: bundles that anybody can check."""

from __future__ import annotations

import gzip
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import click

from consentcore.cli.commands import Command, refuse
from consentcore.cli.exit_codes import FOUND_A_PROBLEM
from consentcore.cli.note_look import REASON, note_look
from consentcore.cli.options import named_as
from consentcore.cli.owner import find_owner
from consentcore.cli.progress import progress
from consentcore.cli.state import State, pass_state
from consentcore.cli.verify import READABLE, say_bundle
from consentcore.cli.writing import naming
from consentcore.consent.bundle.writing import Selection
from consentcore.domain.moments import parse_moment

if TYPE_CHECKING:
    from consentcore.consent.bundle.comparing import LostEvent


@click.command("export", cls=Command)
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--grant", "grant_id", default="", metavar="GRANT", help="One consent.")
@click.option("--owner", "email", default="", metavar="EMAIL", help="Those of one data owner.")
@click.option("--client", "client_id", default="", metavar="CLIENT", help="Those for one application.")
@click.option("--from", "since", default="", metavar="DATE", help="Those with an event then or later.")
@click.option("--to", "until", default="", metavar="DATE", help="And before this time.")
@click.option("--without-personal", is_flag=True, help="Without the personal values beside the events.")
@click.option(
    "--continues", type=READABLE, multiple=True, help="Prove that the log continues this earlier checkpoint."
)
@REASON
@pass_state
def export(
    state: State,
    /,
    target: Path,
    *,
    grant_id: str,
    email: str,
    client_id: str,
    since: str,
    until: str,
    without_personal: bool,
    continues: tuple[Path, ...],
    reason: str,
) -> None:
    """Write evidence as a bundle that anybody can check, with `consentcore verify` or by docs/evidence.md.

    All of the log, or the consents that fit every option, each with its whole chain. TARGET must not exist; one that
    ends with .gz is packed.
    """
    names = {"at": "--from", "continues": "--continues", "zone": "DATE"}
    with named_as(names):
        times = [parse_moment(one, "") if one else None for one in (since, until)]
        owner = find_owner(state, email, "--owner").owner_id if email else ""
        whose = owner or _owner_of(state, grant_id)
        note_look(state, "audit export", owner_id=whose, subject=grant_id or client_id, reason=reason)
        bundles = state.runtime.bundles
        expected = bundles.expected_events  # before the file: a storage that does not answer leaves none
        with naming(target), _new(target) as file, progress(state, "Exporting", expected) as advance:
            done = bundles.write(
                file,
                Selection(grant_id, owner, client_id, *times),
                personal=not without_personal,
                continues=[one.read_text("utf-8") for one in continues],
                progress=advance,
            )
    state.say(
        f"wrote {target}: {done.grants} consents, {done.events} events, as of {done.size} leaves of the log"
    )
    if done.left_out:
        state.say(f"{done.left_out} events that were written meanwhile are not in it; export again for them")
    state.answer(
        {"grants": done.grants, "events": done.events, "size": done.size, "left_out": done.left_out}, ""
    )


def _owner_of(state: State, grant_id: str) -> str:
    """Whose grant it is; "" where there is none: a look at one person's is told to nobody else."""
    with state.runtime.storage.reading() as uow:
        grant = uow.grants.get(grant_id) if grant_id else None
    return grant.owner_id if grant else ""


@click.command("compare", cls=Command)
@click.argument("bundle", type=READABLE)
@click.pass_context
@pass_state
def compare(state: State, ctx: click.Context, bundle: Path) -> None:
    """List what the database has lost of what a bundle has, after a backup was restored; withdrawals come first.

    With --json the answer is what `consents revoke --from FILE` takes, for those that stand again. Exit code 1:
    something is lost, or the bundle is none of this log.
    """
    with bundle.open("rb") as stream:
        report, found = state.runtime.bundles.compare(stream)
    if report is None or found is None:
        refuse(f"{bundle}: expected a bundle, as audit export writes it")
    if not report.ok:
        say_bundle(state, report)
        ctx.exit(FOUND_A_PROBLEM)
    lost = found.in_order()
    state.answer(
        {
            "ok": not lost,
            "made_at": report.made_at,
            "complete": report.complete,
            "events": report.events,
            "lost": [_facts(one) for one in lost],
            "revoke": found.standing,
        },
        [_line(one) for one in lost],
    )
    state.say(f"{len(lost)} of {report.events} events are lost; {len(found.standing)} consents stand again")
    if not report.complete:
        state.say("note: the bundle is a part of the log; what it does not hold was not compared")
    if lost:
        ctx.exit(FOUND_A_PROBLEM)


def _facts(one: LostEvent) -> dict[str, object]:
    return {**asdict(one), "weight": one.weight.name.lower()}


def _line(one: LostEvent) -> str:
    what = "changed" if one.changed else "lost"
    return f"{what}: {one.type} at {one.recorded_at}, consent {one.grant_id}, event {one.event_id}"


@contextmanager
def _new(target: Path) -> Iterator[BinaryIO]:
    """A new file that nobody else on the machine may read; it is there once all of it is written."""
    if target.exists():
        raise click.BadParameter(f"{target} is there already", param_hint="TARGET")
    if not target.parent.is_dir():
        raise click.BadParameter(f"there is no folder {target.parent}", param_hint="TARGET")
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            if target.suffix == ".gz":
                with gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as packed:
                    yield cast("BinaryIO", packed)
            else:
                yield file
        Path(name).rename(target)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
