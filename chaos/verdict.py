"""The truth afterwards: does everybody know what the ledger says, and is the ledger whole?"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chaos.people import Broken, Person
from chaos.stage import Stage
from consentcore.domain.event import ConsentEvent
from consentcore.domain.event_kinds import EventType
from consentcore.domain.notice import DeliveryState

if TYPE_CHECKING:
    from consentcore.runtime import Runtime

TYPES = {
    EventType.GRANTED: "consent.granted",
    EventType.AMENDED: "consent.granted",
    EventType.WITHDRAWN: "consent.revoked",
}


def settle(stage: Stage, seconds: float) -> float:
    """Wait until nothing is left to be told; how long it took.

    :raises Broken: something is left after so long.
    """
    began = time.monotonic()
    with _runtime(stage) as runtime:
        while True:
            stats = runtime.outbox_stats(runtime.clock.now())
            if not stats.pending and not stats.unexpanded:
                return time.monotonic() - began
            if time.monotonic() - began > seconds:
                raise Broken(f"{stats} after {seconds:g} s of peace")
            stage.start()
            time.sleep(0.1)


def problems(stage: Stage, people: Sequence[Person]) -> list[str]:
    """Every promise that was not kept."""
    found = list(_ledger_is_whole(stage))
    with _runtime(stage) as runtime:
        everything: dict[str, ConsentEvent] = {}
        for person in people:
            events = list(_events(runtime, person))
            everything |= {event.event_id: event for event in events}
            found += _person(stage, person, events)
        strangers = set(stage.hooks.taken) - set(everything)
        found += [f"the application was told of {name}, which is in no ledger" for name in strangers]
        found += _sequences(stage, everything.values())
        found += _gone(runtime)
    if stage.hooks.forged:
        found.append(f"{stage.hooks.forged} webhooks had no valid signature")
    if stage.tracebacks():
        found.append(f"{stage.tracebacks()} tracebacks in the log")
    return found


def _ledger_is_whole(stage: Stage) -> Iterator[str]:
    done = stage.command("audit", "verify")
    if done.returncode:
        yield f"audit verify ended with {done.returncode}: {done.stdout}{done.stderr}"
    if stage.database.exists():
        with sqlite3.connect(stage.database) as connection:
            (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
        connection.close()
        if answer != "ok":
            yield f"the database is broken: {answer}"


def _events(runtime: Runtime, person: Person) -> Iterator[ConsentEvent]:
    with runtime.storage.reading() as uow:
        owner = uow.owners.by_email(person.email)
        assert owner is not None
        for grant in uow.grants.all(after="", limit=10_000):
            if grant.owner_id == owner.owner_id:
                yield from uow.ledger.of_grant(grant.grant_id)


def _person(stage: Stage, person: Person, events: Sequence[ConsentEvent]) -> Iterator[str]:
    kinds = [event.type for event in events]
    unknown = set(kinds) - set(TYPES)
    if unknown:
        yield f"{person.email}: events that nobody caused: {unknown}"
    if sum(TYPES.get(kind) == "consent.granted" for kind in kinds) < len(person.granted):
        yield f"{person.email}: of {len(person.granted)} confirmed consents the ledger has {kinds}"
    if kinds.count(EventType.WITHDRAWN) < person.revoked:
        yield f"{person.email}: of {person.revoked} confirmed revocations the ledger has {kinds}"
    for event in events:
        if not stage.hooks.taken.get(event.event_id):
            yield f"{person.email}: the application was never told of {event.type} {event.event_id}"
        if not stage.mails.taken.get((event.event_id, person.email)):
            yield f"{person.email}: had no mail of {event.type} {event.event_id}"
    if not person.is_rid_of_everything():
        yield f"{person.email}: sees a consent that was taken back, or a token of it is alive"


def _sequences(stage: Stage, events: Iterable[ConsentEvent]) -> Iterator[str]:
    truth: dict[str, dict[int, str]] = {}
    for event in events:
        truth.setdefault(event.grant_id, {})[event.sequence] = TYPES.get(event.type, event.type)
    for grant_id, theirs in truth.items():
        if sorted(theirs) != list(range(1, len(theirs) + 1)):
            yield f"grant {grant_id}: the ledger has the sequences {sorted(theirs)}"
        told = stage.hooks.sequences.get(grant_id, {})
        if told != theirs:
            yield f"grant {grant_id}: the ledger says {theirs}, the application knows {told}"


def _gone(runtime: Runtime) -> Iterator[str]:
    """The endpoint that answered 410 is switched off, and what came for it later is kept."""
    with runtime.storage.reading() as uow:
        endpoints = [
            one for client in uow.clients.list() for one in uow.clients.endpoints(client.client_id)
            if one.url.endswith("/gone")
        ]  # fmt: skip
    for endpoint in endpoints:
        if endpoint.disabled_at is None:
            yield "the endpoint that is gone was not disabled"
        states = set(runtime.storage.delivery_log.backlog(endpoint.endpoint_id))
        if not states <= {DeliveryState.GONE, DeliveryState.HELD}:
            yield f"deliveries to the endpoint that is gone are {states}"


@contextmanager
def _runtime(stage: Stage) -> Iterator[Runtime]:
    from consentcore.config import load_ini
    from consentcore.runtime import build_runtime

    runtime = build_runtime(load_ini(str(stage.ini)))
    try:
        yield runtime
    finally:
        runtime.close()
