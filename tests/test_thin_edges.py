"""The command line and the web hold no rule: they read input, call a service, show the answer.

What can be told from their text: they write nothing into the store themselves. Every verb of the storage port is named
here as one that reads or one that writes; a new one has to be.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "consentcore"
EDGES = sorted(path for room in ("cli", "web") for path in (ROOT / room).rglob("*.py"))

UNIT_OF_WORK = {
    "clients": ("clients", "ClientRepository"),
    "owners": ("owners", "OwnerRepository"),
    "tickets": ("tickets", "TicketRepository"),
    "identities": ("identities", "IdentityRepository"),
    "interactions": ("interactions", "InteractionRepository"),
    "grants": ("grants", "GrantRepository"),
    "ledger": ("ledger", "LedgerRepository"),
    "tlog": ("tlog", "TlogRepository"),
    "tokens": ("tokens", "TokenRepository"),
    "notices": ("notices", "NoticeRepository"),
    "pinned_scopes": ("pinned_scopes", "PinnedScopeRepository"),
    "uses": ("uses", "UseRepository"),
    "seals": ("seals", "SealRepository"),
    "feed": ("feed", "FeedRepository"),
    "registration_tokens": ("registration_tokens", "RegistrationTokenRepository"),
}
STORAGE = {
    "protocol": ("tokens", "ProtocolStorage"),
    "outbox": ("deliveries", "OutboxStorage"),
    "delivery_log": ("delivery_log", "DeliveryLogStorage"),
    "counters": ("counters", "CounterStorage"),
    "moving": ("moving", "MovingStorage"),
}
"""By the name under which a unit of work, or a storage, has them: module of ``consentcore.ports``, and class."""

READING = """
    active_of active_of_owners all attempts_of backlog by_email checkpoints count deliveries disclosures due ending
    asked endpoint endpoints expired last signed_in of_grants
    failing_endpoints find_token get leaves list logo newest_checkpoint of_grant of_owner
    of_owners orphans page password_hash passwords
    living read read_authorize read_code session sessions several snapshot stats tombstones unexpanded waiting
"""
WRITING = """
    add add_checkpoint add_code add_endpoint add_session append bind claim_deliveries consume consume_code drop
    end_session end_sessions enter expand_all forget hit issue_code kill_family lock note open_interaction push_request
    put put_disclosures put_snapshot remove remove_endpoint remove_logo remove_unused requeue reset rotate_refresh
    sequence_leaves set_health set_logo set_password_hash settle_all take_pushed touch_session update update_endpoint
    use use_once write
"""
READS, WRITES = set(READING.split()), set(WRITING.split())
ALLOWED: frozenset[str] = frozenset()
"""What may write all the same, as ``path: text``: nothing."""


def test_every_verb_of_the_port_reads_or_writes():
    verbs = set()
    for module, name in (*UNIT_OF_WORK.values(), *STORAGE.values()):
        face = getattr(importlib.import_module(f"consentcore.ports.{module}"), name)
        bases = (base for base in face.__mro__ if base.__module__.startswith("consentcore."))
        verbs |= {verb for base in bases for verb in vars(base) if not verb.startswith("_")}
    assert verbs == READS | WRITES
    assert set() == READS & WRITES


def test_every_face_of_the_store_is_known():
    for module, name, faces in (
        ("transactions", "UnitOfWork", UNIT_OF_WORK),
        ("storage", "Storage", STORAGE),
    ):
        port = getattr(importlib.import_module(f"consentcore.ports.{module}"), name)
        found = {face for face, value in vars(port).items() if isinstance(value, property)}
        assert found - {"capabilities"} == set(faces)


@pytest.mark.parametrize("path", EDGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_edge_writes_nothing(path):
    found = set(writes(path.read_text("utf-8")))
    assert {f"{path.relative_to(ROOT)}: {text}" for text in found} - ALLOWED == set()


@pytest.mark.parametrize(
    "source",
    [
        "request.uow.owners.end_session(key)",
        "request.uow.grants.get(grant_id, lock=True)",
        "lambda uow: uow.clients.update(client)",
        "owners = request.uow.owners\nowners.end_session(key)",
        "state.runtime.storage.protocol.use_once(key, now, until)",
        "def work(unit: UnitOfWork) -> None:\n    unit.clients.update(client)",
        "with storage.transaction() as unit:\n    unit.clients.update(client)",
        "transact(storage, lambda unit: unit.clients.update(client))",
        "def work(unit): unit.clients.update(client)\ntransact(storage, work)",
    ],
)
def test_what_writes_is_found(source):
    assert list(writes(source))


@pytest.mark.parametrize(
    "source",
    [
        "request.uow.owners.get(owner_id)",
        "transact(runtime.storage, lambda uow: runtime.clients.add(uow, new))",
        "names = {}\nnames.update(more)",
        "with runtime.storage.reading() as uow:\n    uow.clients.endpoints(client_id)",
    ],
)
def test_what_reads_or_asks_a_service_is_let_be(source):
    assert list(writes(source)) == []


def writes(source: str) -> Iterator[str]:
    """What a module writes into a store by itself, as text.

    A unit of work has to be called ``uow`` and a storage ``storage``, and a part of one may not be handed on: so that
    this test sees what is done with it.
    """
    tree = ast.parse(source)
    parent = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        yield from _misnamed(node, tree)
        if not isinstance(node, ast.Attribute):
            continue
        holder = _last_name(node.value)
        if (holder == "uow" and node.attr in UNIT_OF_WORK) or (holder == "storage" and node.attr in STORAGE):
            verb = parent[node]
            if not (isinstance(verb, ast.Attribute) and verb.attr in READS) or _locks(parent[verb]):
                yield ast.unparse(verb)


def _locks(call: ast.AST) -> bool:
    """Who locks is about to write."""
    return isinstance(call, ast.Call) and any(one.arg == "lock" for one in call.keywords)


def _misnamed(node: ast.AST, tree: ast.AST) -> Iterator[str]:
    """A unit of work under another name."""
    if isinstance(node, ast.arg) and node.annotation is not None:
        is_one = "UnitOfWork" in ast.unparse(node.annotation)
        if is_one and node.arg != "uow":
            yield f"{node.arg} is a unit of work"
    if isinstance(node, ast.withitem) and isinstance(node.context_expr, ast.Call):
        opened = _last_name(node.context_expr.func) in {"transaction", "reading"}
        if opened and node.optional_vars is not None and _last_name(node.optional_vars) != "uow":
            yield ast.unparse(node)
    if isinstance(node, ast.Call) and _last_name(node.func) == "transact":
        for work in _functions(node.args[1], tree):
            if [one.arg for one in work.args.args] != ["uow"]:
                yield ast.unparse(work)


def _functions(work: ast.expr, tree: ast.AST) -> list[ast.Lambda | ast.FunctionDef]:
    if isinstance(work, ast.Lambda):
        return [work]
    return [
        one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name == _last_name(work)
    ]


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
