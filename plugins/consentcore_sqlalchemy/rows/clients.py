"""Rows of clients and of their webhook endpoints."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from consentcore.api import (
    Client,
    ClientLogo,
    ClientSecret,
    EndpointHealth,
    Halt,
    SealedSecret,
    SelfRegistration,
    Suspension,
    WebhookEndpoint,
)
from consentcore_sqlalchemy.rows.common import Row, to_json
from consentcore_sqlalchemy.rows.records import PROOF, Form, Part, Records
from consentcore_sqlalchemy.tables import client, client_logo, webhook_endpoint

SUSPENSIONS = Form(
    lambda past: to_json([[one.since, one.until] for one in past]),
    lambda kept: tuple(Suspension(since, until) for since, until in json.loads(kept)),
)
"""How those that are over are kept."""


def _self_registered(kept: str | None) -> SelfRegistration | None:
    if kept is None:
        return None
    found = json.loads(kept)
    return SelfRegistration(**{**found, "contacts": tuple(found["contacts"])})


SELF_REGISTERED = Form(lambda made: None if made is None else to_json(asdict(made)), _self_registered)
"""How it is kept what an application has said of itself."""

CLIENTS = Records(
    Client,
    client.c,
    names={"resources": "audiences"},
    parts={
        "disabled": Part(Halt, "disabled_", optional=True),
        "suspended": Part(Halt, "suspended_", optional=True),
    },
    seal=PROOF,
    suspensions=SUSPENSIONS,
    self_registered=SELF_REGISTERED,
    secrets=Form(
        lambda secrets: to_json([[one.hash.hex(), one.created_at, one.expires_at] for one in secrets]),
        lambda kept: tuple(ClientSecret(bytes.fromhex(h), made, ends) for h, made, ends in json.loads(kept)),
    ),
)


class Asking:
    """A client that was read, or nobody: known by itself, so that what is kept for it needs no look at its fields."""

    __slots__ = ("client",)

    def __init__(self, client: Client | None) -> None:
        self.client = client


NOBODY = Asking(None)


# Keyed by everything that was read: a changed row is another key, so the cache cannot be stale.
@lru_cache(maxsize=256)
def _cached(row: tuple[Any, ...]) -> tuple[Asking, Client]:
    client = CLIENTS.read(row)
    return Asking(client), client


def client_from(row: Row) -> Client:
    """Read a client, or find the one that was read from an equal row."""
    return _cached(tuple(row))[1]


def asking_from(row: Row) -> Asking:
    """The same of a client that may not be there."""
    return NOBODY if row[0] is None else _cached(tuple(row))[0]


LOGOS = Records(ClientLogo, client_logo.c)
HEALTH = Part(EndpointHealth)
ENDPOINTS = Records(
    WebhookEndpoint,
    webhook_endpoint.c,
    parts={"health": HEALTH},
    seal=PROOF,
    secrets=Form(
        lambda secrets: to_json([[one.sealed, one.created_at, one.expires_at] for one in secrets]),
        lambda kept: tuple(SealedSecret(sealed, made, ends) for sealed, made, ends in json.loads(kept)),
    ),
)
