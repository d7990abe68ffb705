"""``consentcore owner``: data owners."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from consentcore.cli.commands import Group
from consentcore.cli.state import State, pass_state, read_line_from_stdin, table
from consentcore.clients.service import MAX_NAME, line, named
from consentcore.domain.clock import iso
from consentcore.domain.errors import InvalidInput, NotFound
from consentcore.domain.owner import Owner
from consentcore.mailbox import normalise_email
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.owners.service import AccountService
    from consentcore.ports.transactions import UnitOfWork


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
    with named("--email"):
        address = normalise_email(email)
    owner = Owner(
        owner_id=str(uuid.uuid4()),
        email=address,
        created_at=runtime.clock.now(),
        name=line("--name", name, MAX_NAME),
        locale=line("--locale", locale, 35, needed=True),
        timezone=_timezone(timezone),
    )
    password = read_line_from_stdin("--password-stdin") if has_password else ""

    def store(uow: UnitOfWork) -> None:
        if uow.owners.by_email(address) is not None:
            raise InvalidInput("--email", f"expected an address that is not taken; {address} is")
        uow.owners.add(owner)
        if runtime.passwords is not None:
            runtime.passwords.set_password(uow, owner.owner_id, password)

    transact(runtime.storage, store)
    data = {"owner_id": owner.owner_id, "email": owner.email}
    state.answer(data, f"created {owner.email} ({owner.owner_id})")


@command.command("show")
@click.argument("email")
@pass_state
def show(state: State, email: str) -> None:
    """Show a data owner."""
    owner = find_owner(state, email, "EMAIL")
    data = {
        "owner_id": owner.owner_id,
        "email": owner.email,
        "name": owner.name,
        "locale": owner.locale,
        "timezone": owner.timezone,
        "created_at": iso(owner.created_at),
    }
    state.answer(data, [f"{key}: {value or '-'}" for key, value in data.items()])


@command.command("set-password")
@click.option("--email", required=True)
@click.option(
    "--password-stdin", is_flag=True, required=True, help="The password is the first line of standard input."
)
@pass_state
def set_password(state: State, /, email: str, **_: bool) -> None:
    """Give a data owner a new password and end all sessions of theirs."""
    accounts = _accounts(state)
    owner = find_owner(state, email)
    password = read_line_from_stdin("--password-stdin")
    ended = transact(state.runtime.storage, lambda uow: accounts.change_password(uow, owner, password))
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
    accounts = _accounts(state)
    owner = find_owner(state, email)
    with named("--new-email"):
        address = normalise_email(new_email)

    def store(uow: UnitOfWork) -> None:
        if uow.owners.by_email(address) is not None:
            raise InvalidInput("--new-email", f"expected an address that is not taken; {address} is")
        accounts.move(uow, owner, address, tell_old=not never_theirs)

    transact(state.runtime.storage, store)
    state.answer({"owner_id": owner.owner_id, "email": address}, f"{owner.email} is {address} now")


@command.command("check-addresses")
@pass_state
def check_addresses(state: State) -> None:
    """Name addresses that IDNA 2003 may have made another domain of, of data owners and applications.

    Exit code 1 when there are any.
    """
    from consentcore.owners.read_before import CAPABILITY, doubts

    if not state.runtime.registry.storage_declares(CAPABILITY):
        raise click.UsageError(f"{state.runtime.settings.storage} cannot list its data owners")
    found = doubts(state.runtime.storage)
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


def _accounts(state: State) -> AccountService:
    if state.runtime.passwords is None:
        login = state.runtime.settings.login
        raise click.UsageError(
            f"{login} keeps no passwords: they, and addresses, are changed at its provider"
        )
    return state.runtime.accounts


def find_owner(state: State, email: str, option: str = "--email") -> Owner:
    """The owner of an address.

    :raises InvalidInput: when it is none.
    :raises NotFound: when nobody has it.
    """
    with named(option):
        address = normalise_email(email)
    with state.runtime.storage.reading() as uow:
        owner = uow.owners.by_email(address)
    if owner is None:
        raise NotFound("data owner", address)
    return owner


def _timezone(name: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise InvalidInput("--timezone", "expected a name such as Europe/Paris or UTC") from None
    return name
