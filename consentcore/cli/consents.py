"""``consentcore consents``: what data owners have allowed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from consentcore.cli.commands import Group
from consentcore.cli.exit_codes import FOUND_A_PROBLEM
from consentcore.cli.note_look import REASON, note_look
from consentcore.cli.options import named_as
from consentcore.cli.output import machine
from consentcore.cli.owner import find_owner
from consentcore.cli.state import State, operator, pass_state, table, write_private
from consentcore.consent import by_operator
from consentcore.consent.owner_grants import OwnerGrants
from consentcore.consent.unchosen import unchosen
from consentcore.domain.authorization_detail import told
from consentcore.domain.clock import iso
from consentcore.domain.grant import Grant, Standing
from consentcore.domain.grant_states import GRANT_STATES, GrantState, state_profile
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.consent.transition import GrantChange
    from consentcore.domain.owner import Owner
    from consentcore.ports.transactions import UnitOfWork


@click.group(cls=Group, name="consents")
def command() -> None:
    """List, export and revoke consents."""


@command.command("list")
@click.option("--owner", "email", metavar="EMAIL")
@click.option("--all", "everything", is_flag=True, help="Ended and denied ones too.")
@click.option(
    "--without-resources",
    "without",
    is_flag=True,
    help="Of all owners those that lack the choice of sites or devices that their scopes need.",
)
@REASON
@pass_state
def list_(state: State, /, *, email: str | None, everything: bool, without: bool, reason: str) -> None:
    """List the active consents of a data owner."""
    if without:
        if email is not None or everything:
            raise click.UsageError("--without-resources stands alone")
        note_look(state, "consents list", reason=reason)
        _list_unchosen(state)
        return
    if email is None:
        raise click.UsageError("Missing option '--owner'.")
    owner = find_owner(state, email, "--owner")
    note_look(state, "consents list", owner_id=owner.owner_id, reason=reason)
    found = _facts(state, owner, everything=everything)
    rows = [
        (one["grant_id"], one["client_name"], one["state"], " ".join(one["scopes"]), one["expires_at"] or "-")
        for one in found
    ]
    state.answer(found, table(rows, ("CONSENT", "APPLICATION", "STATE", "SCOPES", "UNTIL")))


def _list_unchosen(state: State) -> None:
    runtime = state.runtime
    found = list(unchosen(runtime.storage, runtime.choice_rules, runtime.clock.now()))
    rows = [(one.grant_id, one.client_id, " ".join(one.scope_ids), iso(one.created_at)) for one in found]
    told = [
        {
            "grant_id": one.grant_id,
            "owner_id": one.owner_id,
            "client_id": one.client_id,
            "scopes": list(one.scope_ids),
            "created_at": iso(one.created_at),
        }
        for one in found
    ]
    state.answer(told, table(rows, ("CONSENT", "APPLICATION", "SCOPES", "SINCE")))


@command.command("revoke")
@click.argument("grant_id", required=False)
@click.option("--reason", required=True, help="Goes into the evidence, 1 to 1000 characters.")
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Instead of GRANT_ID: those that `audit compare --json` says stand again.",
)
@click.pass_context
@pass_state
def revoke(state: State, ctx: click.Context, grant_id: str | None, reason: str, source: Path | None) -> None:
    """Revoke a consent: its tokens are dead at once; data owner and application are told.

    With --from several, one after the other; exit code 1 when one of them could not be.
    """
    if (grant_id is None) == (source is None):
        raise click.UsageError("expected either GRANT_ID or --from")
    if source is not None:
        if not _revoke_several(state, source, reason):
            ctx.exit(FOUND_A_PROBLEM)
        return
    _revoke_one(state, grant_id or "", reason)


def _revoke_several(state: State, source: Path, reason: str) -> bool:
    """Whether all were revoked."""
    runtime, answers = state.runtime, []
    with named_as({"reason": "--reason", "from": "--from"}):
        ids = by_operator.grants_in(source.read_text("utf-8", errors="replace"))
        done = by_operator.revoke_several(
            runtime.service, runtime.storage, ids, by=operator(), reason=reason, method="cli:revoke"
        )
        for grant_id, change, why in done:
            state.say(f"{grant_id} is revoked" if change else f"{grant_id}: {why}")
            event_id = change.event.event_id if change else None
            answers.append({"grant_id": grant_id, "event_id": event_id, "problem": why or None})
    state.answer(answers, "")
    return all(one["event_id"] for one in answers)


def _revoke_one(state: State, grant_id: str, reason: str) -> None:
    runtime = state.runtime

    def work(uow: UnitOfWork) -> GrantChange:
        return by_operator.revoke(
            runtime.service, uow, grant_id, by=operator(), reason=reason, method="cli:revoke"
        )

    with named_as({"reason": "--reason"}):
        change = transact(runtime.storage, work)
    state.say(f"{grant_id} is revoked")
    data = {
        "grant_id": grant_id,
        "state": change.grant.state.value,
        "event_id": change.event.event_id,
        "changed_at": iso(change.grant.changed_at),
    }
    state.answer(data, "")


@command.command("export")
@click.option("--owner", "email", required=True, metavar="EMAIL")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="A file instead of standard output."
)
@REASON
@pass_state
def export(state: State, email: str, output: Path | None, reason: str) -> None:
    """Write all consents of a data owner with their evidence, as JSON."""
    from consentcore.consent.export import export_settled

    owner = find_owner(state, email, "--owner")
    note_look(state, "consents export", owner_id=owner.owner_id, reason=reason)
    document = export_settled(state.runtime.storage, owner.owner_id, state.runtime.clock.now())
    write_private(state, machine(document), output)


@command.command("at")
@click.argument("date")
@click.option("--owner", "email", required=True, metavar="EMAIL")
@click.option("--client", "client_id", default="", help="Of this application alone, by its id.")
@click.option(
    "--scope", default="", help="This scope alone: the answer says why, where it was not permitted."
)
@click.option("--zone", default="", help="Of a DATE without an offset, such as Europe/Paris.")
@REASON
@pass_state
def at(state: State, /, date: str, *, email: str, client_id: str, scope: str, zone: str, reason: str) -> None:
    """What a data owner had permitted at DATE: on which text, by whom, through which control.

    DATE is a time like 2026-03-29T12:00:00Z or 2026-03-29T14:00+02:00, or a date, which means its first moment.
    Exit code 1: what the answer is made of is not what was written.
    """
    from consentcore.consent.point_in_time import details_at, doubts, permissions_at
    from consentcore.domain.moments import parse_moment

    with named_as({"at": "DATE", "zone": "--zone"}):
        moment = parse_moment(date, zone)
    owner = find_owner(state, email, "--owner")
    note_look(state, "consents at", owner_id=owner.owner_id, subject=client_id, reason=reason)
    with state.runtime.storage.reading() as uow:
        found = permissions_at(uow, owner.owner_id, moment, client_id=client_id, scope=scope)
        details = [] if scope else details_at(uow, owner.owner_id, moment, client_id=client_id)
        wrong = doubts(uow, state.runtime.keys, owner.owner_id, client_id=client_id)
    rows = [one.row for one in found] + [row for one in details for row in one.rows]
    data = {
        "at": iso(moment),
        "owner_id": owner.owner_id,
        "permitted": any(one.permitted for one in found) or bool(details),
        "permissions": [one.facts(personal=True) for one in found],
        **({"authorization_details": [one.facts() for one in details]} if details else {}),
        "intact": not wrong,
    }
    state.answer(
        data, table(rows, ("APPLICATION", "SCOPE OR TYPE", "PERMITTED", "CONSENT", "DECIDED BY EVENT"))
    )
    for text in wrong:
        state.say(text)
    click.get_current_context().exit(1 if wrong else 0)


@command.command("shown")
@click.argument("event_id")
@REASON
@pass_state
def shown(state: State, event_id: str, reason: str) -> None:
    """Show the page on which a decision was made: every string in order, and each control as the page opened.

    What was erased stands as [erased]. Exit code 1: there is no such page, or it is not the one that was shown.
    """
    from consentcore.consent.past_decision import past_decision

    with state.runtime.storage.reading() as uow:
        found = past_decision(uow, state.runtime.keys, event_id)
    note_look(
        state, "consents shown", owner_id=found.event.owner_id, subject=found.event.grant_id, reason=reason
    )
    was = found.page
    data = {
        "event_id": event_id,
        "grant_id": found.event.grant_id,
        "type": found.event.type.value,
        "occurred_at": found.body["occurred_at"],
        "presented_at": found.evidence["presented_at"],
        "indication_method": found.evidence["indication_method"],
        "locale": found.locale,
        "catalog_version": found.evidence["catalog_version"],
        "ui_version": found.evidence["ui_version"],
        "control_defaults": found.evidence["control_defaults"],
        "snapshot_hash": found.snapshot_hash,
        "intact": was is not None and was.intact,
        "erased": was is None or was.erased,
        "controls": was.controls if was else [],
        "shown": was.strings("[erased]") if was and was.intact else [],
    }
    state.answer(data, data["shown"] if was else "the page was erased")
    if was is None or not was.intact:
        state.say("the page was erased" if was is None else "the page is not the one that was shown")
        click.get_current_context().exit(0 if was is None else 1)


def _facts(state: State, owner: Owner, *, everything: bool) -> list[dict[str, Any]]:
    states = {row.state for row in GRANT_STATES if row.listed} if everything else {GrantState.ACTIVE}
    with state.runtime.storage.reading() as uow:
        grants = OwnerGrants(uow, owner.owner_id, state.runtime.clock.now())
        found = [(one, grants.standing(one), grants.client(one.client_id)) for one in grants.all(states)]
    return [
        _fact(grant, stands, client.name if client else grant.client_id, _words(state, grant, stands))
        for grant, stands, client in found
        if everything or stands.active
    ]


def _words(state: State, grant: Grant, stands: Standing) -> list[dict[str, Any]]:
    """Scopes as they were worded when it ended, or in the latest wording of what was agreed to where it stands."""
    at = None if stands.active else stands.ended_at or grant.changed_at
    found = state.runtime.catalog.as_of(grant.scopes, at=at)
    return [
        {
            "id": one.scope_id,
            "version": one.version,
            "revision": one.revision,
            "label": one.label,
            "sees": one.sees,
        }
        for one in found
    ]


def _details(grant: Grant) -> dict[str, Any]:
    """Authorization details (RFC 9396) as they are told, where there are any."""
    details = grant.authorization_details
    return {"authorization_details": told(details, grant.resources)} if details else {}


def _fact(grant: Grant, stands: Standing, client_name: str, words: list[dict[str, Any]]) -> dict[str, Any]:
    once_stood = state_profile(grant.state).stood
    return {
        "grant_id": grant.grant_id,
        "client_id": grant.client_id,
        "client_name": client_name,
        "scopes": list(grant.scope_ids),
        "words": words,
        **_details(grant),
        "state": stands.state.value,
        "granted_at": iso(grant.created_at) if once_stood else None,
        "expires_at": iso(grant.expires_at) if once_stood else None,
        "changed_at": iso(stands.ended_at or grant.changed_at),
    }
