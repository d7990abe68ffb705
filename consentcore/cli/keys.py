"""``consentcore keys``: master keys. No command ever prints one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from consentcore.cli.commands import Group, refuse
from consentcore.cli.state import State, pass_state, table

if TYPE_CHECKING:
    from consentcore.keys import MasterKey
    from consentcore.ports.keys import KeyRing


@click.group(cls=Group, name="keys")
def command() -> None:
    """List, make and rotate master keys."""


@command.command("list")
@pass_state
def list_(state: State) -> None:
    """List the keys, newest first: which one is in use, from when on, and whether /jwks has its public half.

    A key that waits is published already and used from its time on; one that was replaced stays, to verify and to
    read, and stays published until no token that it signed can live.
    """
    from consentcore.configured_keys import key_ring
    from consentcore.domain.clock import SystemClock
    from consentcore.oauth.signing_keys import ALGORITHMS, SigningKeys, kid_of

    ring, now = key_ring(state.config), SystemClock().now()
    made = {key.key_id: key.made for key in _master_keys(state)}
    published = set(SigningKeys(ring).published(now))
    rows = [
        {
            "key_id": key_id,
            "use": _use(ring, key_id),
            "current": key_id == ring.current_id,
            "created_at": made.get(key_id) or None,
            "used_from": _iso(ring.used_from(key_id)),
            "revoked_at": _iso(ring.revoked_at(key_id)),
            "published": key_id in published,
            "kids": [kid_of(key_id, name) for name in ALGORITHMS] if key_id in published else [],
        }
        for key_id in ring.ids
    ]
    lines = [
        (
            str(row["key_id"]),
            str(row["use"]),
            str(row["created_at"] or "-"),
            str(row["used_from"] or "-"),
            "yes" if row["published"] else "no",
        )
        for row in rows
    ]
    state.answer(rows, table(lines, ("KEY", "USE", "MADE", "USED FROM", "PUBLISHED")))


@command.command("rotate")
@click.option("--now", "at_once", is_flag=True, help="Use the new key at once: after a leak.")
@pass_state
def rotate(state: State, *, at_once: bool) -> None:
    """Add a new master key to the key file; the old ones stay, to verify and to read.

    The new key is published at once (/jwks) and used after `consentcore.key_lead_s`. Processes that read this file
    notice it by themselves; copy it to every other machine before that time is over. With --now the old keys are marked
    as revoked: what one of them seals from then on does not verify.
    """
    from consentcore.configured_keys import blaming_keys
    from consentcore.keys import key_file, rotate_key_file

    settings = state.config.settings
    with blaming_keys(state.config):
        path = key_file(settings.keys, state.config.source.entries["consentcore.keys"].folder)
        fresh = rotate_key_file(path, 0 if at_once else settings.key_lead_s, revoke=at_once)
    starts = _iso(fresh.used_from)
    state.say(f"{path} has a new key {fresh.key_id}, published now and used from {starts}")
    state.say("running processes read the file by themselves; copy it to every other machine before that")
    state.answer({"key_id": fresh.key_id, "file": str(path), "used_from": starts}, "")


def _master_keys(state: State) -> Sequence[MasterKey]:
    from consentcore.keys import read_master_keys

    source = state.config.source
    folder = source.entries["consentcore.keys"].folder
    return read_master_keys(state.config.settings.keys, state.config.registry, folder, source.environ or None)


def _use(ring: KeyRing, key_id: str) -> str:
    """``next`` only before the current key: one that a newer key has overtaken is never used any more."""
    if key_id == ring.current_id:
        return "current"
    return "next" if ring.ids.index(key_id) < ring.ids.index(ring.current_id) else "old"


def _iso(ms: int) -> str | None:
    from consentcore.domain.clock import iso

    return iso(ms) if ms else None


@command.command("create")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@pass_state
def create(state: State, file: Path) -> None:
    """Make a key ring with one key in FILE, readable by its owner only; needs no configuration.

    For `consentcore.keys = FILE`, or as the value of the variable that `consentcore.keys = env:NAME` names.
    """
    from consentcore.keys import create_key_file

    if not create_key_file(file):
        refuse(f"{file} exists already, and keys are never overwritten")
    state.say(f"made {file}; keep a copy of it in a safe place")
    state.answer({"file": str(file)}, "")
