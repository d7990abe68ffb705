"""Makes clients out of what somebody typed, whatever the form was: checks every value, and mints what is secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from consentcore.clients import audience
from consentcore.clients.form import Form, auth_method, check_kind, client_id, members
from consentcore.domain.client import (
    SECRET_METHODS,
    Client,
    ClientKind,
    ClientSecret,
    WebhookEndpoint,
)
from consentcore.domain.secret import CLIENT_SECRET, digest, mint
from consentcore.text_fields import named
from consentcore.webhooks.secrets import Minted, make_endpoint

if TYPE_CHECKING:
    from consentcore.runtime import Runtime

__all__ = [
    "Form",
    "Registered",
    "Revision",
    "register",
    "revise",
]

_METHOD = {"auth_method", "jwks", "jwks_uri"}


@dataclass(frozen=True)
class Registered:
    """A new client with its secrets in clear: shown once, stored only hashed or sealed.

    :ivar remark: what whoever registers it has to know; "" for nothing.
    """

    client: Client
    client_secret: str | None = None
    endpoint: WebhookEndpoint | None = None
    webhook_secret: str | None = None
    remark: str = ""


@dataclass(frozen=True)
class Revision:
    """What becomes different in a client, and its new secret in clear, if it gets its first one.

    :ivar values: members of :class:`~consentcore.domain.client.Client`.
    """

    values: Mapping[str, Any]
    client_secret: str | None = None


def register(runtime: Runtime, form: Form) -> Registered:
    """Check a registration and make what is to be stored; stores nothing.

    :raises InvalidInput: naming the member of :class:`Form` that is wrong.
    """
    now = runtime.clock.now()
    check_kind(form)
    method = auth_method(form)
    secret = mint(CLIENT_SECRET) if method in SECRET_METHODS else None
    client = Client(
        client_id=client_id(form.client_id),
        created_at=now,
        kind=ClientKind.RESOURCE_SERVER if form.resource_server else ClientKind.APPLICATION,
        auth_method=method,
        secrets=(ClientSecret(digest(secret), now),) if secret else (),
        **{member: make() for member, make in members(runtime, form, method).items()},
    )
    minted = _endpoint(runtime, client, form.webhook_url) if form.webhook_url else None
    made = Registered(client, secret, remark=audience.remark(runtime, client))
    return made if minted is None else replace(made, endpoint=minted.endpoint, webhook_secret=minted.secret)


def revise(runtime: Runtime, client: Client, given: Mapping[str, Any]) -> Revision:
    """Check what is to be different in a client; stores nothing.

    What is not given stays, unchecked: it may be older than a rule of today. With another way to authenticate, secrets
    and keys of the one before end; keys by value take the place of keys by URL, and the other way round.

    :param given: members of :class:`Form` with new values.
    :raises InvalidInput: naming the one that is wrong.
    """
    changes = {name: value for name, value in given.items() if value != getattr(client, name)}
    if _METHOD & changes.keys():
        changes = {"jwks": "", "jwks_uri": "", **changes}
    if "assertion_audience" in changes:
        audience.check_kept(runtime)
    form = replace(_form(client), **changes)
    check_kind(form)
    method = auth_method(form)
    checked = {*changes, "redirect_uris"} if _METHOD & changes.keys() else set(changes)
    values = {name: make() for name, make in members(runtime, form, method).items() if name in checked}
    secret = None
    if method is not client.auth_method:
        values["auth_method"] = method
        if method not in SECRET_METHODS:
            values["secrets"] = ()
        elif client.auth_method not in SECRET_METHODS:
            secret = mint(CLIENT_SECRET)
            values["secrets"] = (ClientSecret(digest(secret), runtime.clock.now()),)
    return Revision(values, secret)


def _form(client: Client) -> Form:
    """A client as somebody would type it now."""
    same = {one.name for one in fields(Form)} & {one.name for one in fields(Client)}
    return Form(
        resource_server=client.kind is ClientKind.RESOURCE_SERVER,
        **{name: getattr(client, name) for name in same},
    )


def _endpoint(runtime: Runtime, client: Client, url: str) -> Minted:
    with named("webhook_url"):
        runtime.egress.check_url(url)
    return make_endpoint(runtime.keys, client.client_id, url, client.created_at)
