"""``consentcore owner``: data owners."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from consentcore.cli.commands import Group
from consentcore.cli.note_look import REASON, note_look
from consentcore.cli.options import named_as
from consentcore.cli.output import machine
from consentcore.cli.state import (
    State,
    can_be_asked,
    operator,
    pass_state,
    read_line_from_stdin,
    table,
    write_private,
)
from consentcore.domain.clock import iso
from consentcore.owners.service import NewOwner, owner_of_address
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.domain.owner import Owner
    from consentcore.owners.service import OwnerService

_OPTIONS = {name: f"--{name}" for name in ("email", "name", "locale", "timezone")}


@click.group(cls=Group, name="owner")
def command() -> None:
    """Create and manage data owners."""


@command.command("create")
@click.option("--email", required=True)
@click.option("--name", default="", help="What pages and mails call the person.")
@click.option("--locale", default="en", show_default=True)
@click.option(
    "--timezone", default="UTC", show_default=True, help="For times in mails, such as Europe/Paris."
)
@click.option(
    "--password-stdin",
    "has_password",
    is_flag=True,
    help="The password is the first line of standard input; needed where the login plugin keeps passwords.",
)
@pass_state
def create(state: State, /, *, email: str, name: str, locale: str, timezone: str, has_password: bool) -> None:
    """Create a data owner."""
    runtime = state.runtime
    if has_password != (runtime.passwords is not None):
        raise click.UsageError(
            f"{runtime.settings.login} keeps no passwords: leave --password-stdin out"
            if has_password
            else "Missing option '--password-stdin'."
        )
    with named_as(_OPTIONS):
        owner = runtime.owners.prepare(NewOwner(email, name, locale, timezone))
        password = read_line_from_stdin("--password-stdin") if has_password else ""
        transact(runtime.storage, lambda uow: runtime.owners.add(uow, owner, password))
    data = {"owner_id": owner.owner_id, "email": owner.email}
    state.answer(data, f"created {owner.email} ({owner.owner_id})")


@command.command("show")
@click.argument("email")
@REASON
@pass_state
def show(state: State, email: str, reason: str) -> None:
    """Show a data owner."""
    owner = find_owner(state, email, "EMAIL")
    note_look(state, "owner show", owner_id=owner.owner_id, reason=reason)
    data = {
        "owner_id": owner.owner_id,
        "email": owner.email,
        "name": owner.name,
        "locale": owner.locale,
        "timezone": owner.timezone,
        "created_at": iso(owner.created_at),
    }
    state.answer(data, [f"{key}: {value or '-'}" for key, value in data.items()])


@command.command("list")
@click.option("--after", default="", help="Those with an id behind this one.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@pass_state
def list_(state: State, after: str, limit: int) -> None:
    """List data owners by their id; those who were erased have no address."""
    note_look(state, "owner list")
    with state.runtime.storage.reading() as uow:
        found = uow.owners.list(after=after, limit=limit)
    data = [
        {
            "owner_id": one.owner_id,
            "email": "" if one.erased else one.email,
            "name": one.name,
            "created_at": iso(one.created_at),
            "erased": one.erased,
        }
        for one in found
    ]
    rows = [(one.owner_id, "-" if one.erased else one.email, one.name or "-") for one in found]
    state.answer(data, table(rows, ("OWNER", "EMAIL", "NAME")))


@command.command("export")
@click.argument("email")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="A file, not standard output."
)
@REASON
@pass_state
def export(state: State, email: str, output: Path | None, reason: str) -> None:
    """Write everything that is kept of a data owner, as JSON: account, sign-ins, consents with their evidence."""
    from consentcore.operators.person_export import export_person

    owner, runtime = find_owner(state, email, "EMAIL"), state.runtime
    note_look(state, "owner export", owner_id=owner.owner_id, reason=reason)
    looks = runtime.looks.at(owner.owner_id)
    document = export_person(runtime.storage, owner.owner_id, runtime.clock.now(), looks)
    write_private(state, machine(document), output)


@command.command("erase")
@click.argument("email")
@click.option("--reason", default="the data owner asked for it", show_default=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_state
def erase(state: State, email: str, reason: str, *, yes: bool) -> None:
    """Erase a data owner: permissions end, applications are told, names and addresses go for good.

    What proves their decisions stays, without a name, and still verifies.
    """
    owner = find_owner(state, email, "EMAIL")
    if not yes and can_be_asked():
        click.confirm(f"Erase {owner.email} for good?", abort=True, err=True)
    with named_as({"reason": "--reason"}):
        done = state.runtime.erasure.erase(owner.owner_id, by=operator(), reason=reason)
    state.say(f"{owner.email} is erased: {done.ended} consents ended, {done.sessions} sessions,")
    state.say(f"{done.forgotten} personal values and {done.pages} pages of older releases forgotten")
    state.say(
        f"{done.events} events stay as proof of what was decided (GDPR article 17(3)), under {done.owner_id} alone"
    )
    if done.old_texts:
        state.say(
            f"{done.old_texts} of them, of older releases, hold a reason or an operator's name in their text"
        )
    state.answer(asdict(done), "")


@command.command("set-password")
@click.option("--email", required=True)
@click.option(
    "--password-stdin", is_flag=True, required=True, help="The password is the first line of standard input."
)
@pass_state
def set_password(state: State, /, email: str, **_: bool) -> None:
    """Give a data owner a new password and end all sessions of theirs."""
    owners = _owners(state)
    owner = find_owner(state, email)
    password = read_line_from_stdin("--password-stdin")
    ended = transact(state.runtime.storage, lambda uow: owners.change_password(uow, owner.owner_id, password))
    state.say(f"{owner.email} has a new password; {ended} sessions were ended")
    state.answer({"owner_id": owner.owner_id, "sessions_ended": ended}, "")


@command.command("set-email")
@click.option("--email", required=True, help="The present address.")
@click.option("--new-email", required=True)
@click.option(
    "--never-theirs", is_flag=True, help="The present address is somebody else's: it is told nothing."
)
@pass_state
def set_email(state: State, email: str, new_email: str, *, never_theirs: bool) -> None:
    """Give a data owner who has lost their mailbox another address, after you have made sure who it is.

    Both addresses are told; open links to the old one end.
    """
    owners = _owners(state)
    owner = find_owner(state, email)
    with named_as({"email": "--new-email"}):
        moved = transact(
            state.runtime.storage,
            lambda uow: owners.move(uow, owner, new_email, tell_old=not never_theirs),
        )
    data = {"owner_id": owner.owner_id, "email": moved.email}
    state.answer(data, f"{owner.email} is {moved.email} now")


@command.command("check-addresses")
@pass_state
def check_addresses(state: State) -> None:
    """Name addresses that IDNA 2003 may have made another domain of, of data owners and applications.

    Exit code 1 when there are any.
    """
    from consentcore.owners.misread_addresses import find_doubtful_domains

    found = find_doubtful_domains(state.runtime.storage)
    rows = [
        (one.domain, one.typed or "(several)", one.means or "-", str(len(one.addresses)), one.why)
        for one in found
    ]
    state.answer(
        [asdict(one) for one in found],
        table(rows, ("DOMAIN", "PERHAPS TYPED AS", "WHICH IS NOW", "ADDRESSES", "WHY")),
    )
    if found:
        state.say("Ask whoever uses such an address; --json names them. See docs/upgrading.md.")
        click.get_current_context().exit(1)
    state.say("no address can have been another one")


def _owners(state: State) -> OwnerService:
    """Where passwords and addresses change, if it is here that they do."""
    if state.runtime.passwords is None:
        login = state.runtime.settings.login
        raise click.UsageError(
            f"{login} keeps no passwords: they, and addresses, are changed at its provider"
        )
    return state.runtime.owners


def find_owner(state: State, email: str, option: str = "--email") -> Owner:
    """The owner of an address.

    :raises InvalidInput: when it is none.
    :raises NotFound: when nobody has it.
    """
    with named_as({"email": option}), state.runtime.storage.reading() as uow:
        return owner_of_address(uow, email)
