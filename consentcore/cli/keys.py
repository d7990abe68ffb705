"""``consentcore keys``: master keys. No command ever prints one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from consentcore.cli.commands import Group, refuse
from consentcore.cli.exit_codes import NOT_NOW
from consentcore.cli.options import named_as
from consentcore.cli.state import State, pass_state, table

if TYPE_CHECKING:
    from consentcore.keys import MasterKey
    from consentcore.operators.resealing_run import Count
    from consentcore.ports.keys import KeyRing

REVOKED = (
    "what an old key has sealed, and `keys reseal` has not sealed anew, counts for nothing from now on: nobody is "
    "signed in, no password opens, no token works, no message goes out. Passwords, tokens and sign-ins elsewhere come "
    'back only with --as-they-stand: read "A key has leaked" in docs/operators.md before you go on'
)


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
            f"{row['use']}, revoked" if row["revoked_at"] else str(row["use"]),
            str(row["created_at"] or "-"),
            str(row["used_from"] or "-"),
            "yes" if row["published"] else "no",
        )
        for row in rows
    ]
    state.answer(rows, table(lines, ("KEY", "USE", "MADE", "USED FROM", "PUBLISHED")))


@command.command("rotate")
@click.option(
    "--now",
    "at_once",
    is_flag=True,
    help="Use the new key at once, and revoke the old ones: after a leak. Signs everybody out; until `keys reseal` no "
    "password opens and no token works.",
)
@click.option(
    "--keep-old",
    is_flag=True,
    help="With --now: do not revoke the old keys yet. Seal anew first (keys reseal), then `keys revoke`.",
)
@pass_state
def rotate(state: State, *, at_once: bool, keep_old: bool) -> None:
    """Add a new master key to the key file; the old ones stay, to verify and to read.

    The new key is published at once (/jwks) and used after `consentcore.key_lead_s`. Processes that read this file
    notice it by themselves; copy it to every other machine before that time is over. With --now the old keys are marked
    as revoked: what one of them has sealed counts for nothing until `keys reseal` has sealed anew what is known to be
    ours, and what it seals from then on does not verify.
    """
    from consentcore.configured_keys import blaming_keys
    from consentcore.keys import key_file, rotate_key_file

    if keep_old and not at_once:
        raise click.UsageError("--keep-old: expected --now with it; without --now old keys are kept anyway")
    settings = state.config.settings
    with blaming_keys(state.config):
        path = key_file(settings.keys, state.config.source.entries["consentcore.keys"].folder)
        fresh = rotate_key_file(path, 0 if at_once else settings.key_lead_s, revoke=at_once and not keep_old)
    starts = _iso(fresh.used_from)
    state.say(f"{path} has a new key {fresh.key_id}, published now and used from {starts}")
    when = "now" if at_once else "before that"
    state.say(f"running processes read the file by themselves; copy it to every other machine {when}")
    if keep_old:
        state.say("next: `keys reseal`, then `keys revoke`")
    elif at_once:
        state.say(REVOKED)
        state.say("next, in a minute: `keys reseal`")
    state.answer({"key_id": fresh.key_id, "file": str(path), "used_from": starts}, "")


@command.command("revoke")
@pass_state
def revoke(state: State) -> None:
    """Mark the old keys of the key file as revoked, because others may have them.

    What one of them has sealed and `keys reseal` has not sealed anew counts for nothing from then on; it signs and lets
    in nobody any more. There is no way back.
    """
    from consentcore.configured_keys import blaming_keys
    from consentcore.keys import NoOldKey, key_file, revoke_old_keys

    with blaming_keys(state.config):
        path = key_file(state.config.settings.keys, state.config.source.entries["consentcore.keys"].folder)
        try:
            revoked = revoke_old_keys(path)
        except NoOldKey as error:
            refuse(str(error))
    state.say(f"revoked: {', '.join(revoked)}" if revoked else "every old key is revoked already")
    if revoked:
        state.say(REVOKED)
    state.answer({"revoked": revoked, "file": str(path)}, "")


@command.command("reseal")
@click.option(
    "--as-they-stand",
    "kinds",
    metavar="KINDS",
    default="",
    help="Kinds of records that you know to be as we wrote them, such as `tokens passwords`, or `all`.",
)
@click.option(
    "--reason", default="", help="How you know that; stands in the log. Needed with --as-they-stand."
)
@pass_state
def reseal(state: State, kinds: str, reason: str) -> None:
    """Seal anew with the current key what older keys have sealed: after a leak, before or after they are revoked.

    Sealed anew is what the ledger vouches for: permissions with their notices and pages, messages that wait, owners
    whose address is that of their latest decision, today's words of scopes. Everything else needs your word that nobody
    has written into the database who has the key: consents, passwords, applications, endpoints, owners, identities,
    tokens, notices, deliveries, pages, words, tombstones, or all. It is taken once for a revoked key, and stands in the
    log. What is left counts for nothing once its key is revoked. May be interrupted and called again.
    """
    from consentcore.consent.evidence.errors import AnchorsSilent, LedgerBroken
    from consentcore.operators.resealing import KINDS, NotStatedYet

    words = kinds.replace(",", " ").split()
    with named_as({"reason": "--reason", "as_they_stand": "--as-they-stand"}):
        try:
            done = state.runtime.resealing.run(
                KINDS if words == ["all"] else words, reason=reason, progress=partial(_tell, state)
            )
        except (NotStatedYet, AnchorsSilent) as error:
            refuse(str(error), code=NOT_NOW)
        except LedgerBroken as error:
            refuse(str(error))
    if not done.keys:
        state.say("there is one key: nothing was sealed by an older one")
    elif done.left:
        state.say(
            f"{done.left} records bear the seal of an older key: once it is revoked they count for nothing"
        )
    if done.exposed:
        state.say(
            "who has an older key and a copy of the database reads the secrets of these webhook endpoints: after a "
            f"leak give them new ones (webhooks endpoint rotate-secret): {', '.join(done.exposed)}"
        )
    counts = {kind: {"sealed_anew": one.anew, "left": one.left} for kind, one in done.counts.items()}
    state.answer(
        {"keys": done.keys, "revoked": done.revoked, "records": counts, "exposed_endpoints": done.exposed}, ""
    )


def _tell(state: State, kind: str, count: Count) -> None:
    if count.anew or count.left:
        state.say(f"{kind}: {count.anew} sealed anew, {count.left} left")


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
