"""Clients: registered, changed, given new secrets; by the same call from a command, a page and the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from consentcore.clients.form import Checks, ClientForm, auth_method, check_kind, client_id, members
from consentcore.clients.logo import fetch_logo, logo_digest
from consentcore.domain.client import SECRET_METHODS, Client, ClientKind, ClientSecret
from consentcore.domain.described_client import kept_id
from consentcore.domain.errors import InvalidInput, NotFound
from consentcore.domain.secret import CLIENT_SECRET, digest, mint
from consentcore.text_fields import named
from consentcore.webhooks.secrets import make_endpoint

if TYPE_CHECKING:
    from consentcore.domain.client import ClientLogo, WebhookEndpoint
    from consentcore.domain.clock import Clock
    from consentcore.domain.scope import Catalog
    from consentcore.egress import EgressPolicy
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.transactions import UnitOfWork

PAGE = 500
_METHOD = {"auth_method", "jwks", "jwks_uri"}
_BY_METHOD = {
    "redirect_uris",
    "profile",
    "grant_management",
    "require_signed_request_object",
    "request_object_signing_alg",
}
"""What depends on how a client authenticates itself, and on its keys."""
_BINDINGS = {"dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens"}
_FACE = {"logo_url", "verified"}


@dataclass(frozen=True)
class NewClient:
    """A client to be stored, with its secrets in clear: shown once, stored only hashed or sealed."""

    client: Client
    client_secret: str | None = None
    endpoint: WebhookEndpoint | None = None
    webhook_secret: str | None = None
    logo: ClientLogo | None = None


@dataclass(frozen=True)
class Revision:
    """What becomes different in a client, and its new secret in clear, if it gets its first one.

    :ivar values: members of :class:`~consentcore.domain.client.Client`.
    :ivar logo: in the place of the one before.
    """

    values: Mapping[str, Any]
    client_secret: str | None = None
    logo: ClientLogo | None = None


@dataclass(frozen=True)
class NewSecret:
    """A client's new secret in clear: shown once.

    :ivar old_secrets_expire_at: milliseconds since the epoch; now when none of them is valid any more.
    """

    client_secret: str
    old_secrets_expire_at: int


@dataclass(frozen=True)
class ClientService:
    """Works on units of work that the caller commits. What looks up a host name is a method of its own, ``prepare…``,
    and never to be called in a transaction.

    :ivar egress: makes the guard of outgoing requests. Called only where a URL is to be checked: settings of it that
        are not in order stop nothing else.
    :ivar profile: what every application is held to (``consentcore.oauth.profile``); "" for what it is registered for.
    """

    keys: KeyRing
    clock: Clock
    catalog: Catalog
    egress: Callable[[], EgressPolicy]
    profile: str = ""

    def prepare(self, form: ClientForm) -> NewClient:
        """Check a registration and make what is to be stored; stores nothing.

        :raises InvalidInput: naming the member of :class:`ClientForm` that is wrong.
        :raises Busy: when too many host names are being looked up.
        """
        now = self.clock.now()
        check_kind(form)
        method = auth_method(form)
        secret = mint(CLIENT_SECRET) if method in SECRET_METHODS else None
        client = Client(
            client_id=client_id(form.client_id),
            created_at=now,
            kind=ClientKind.RESOURCE_SERVER if form.resource_server else ClientKind.APPLICATION,
            auth_method=method,
            secrets=(ClientSecret(digest(secret), now),) if secret else (),
            **{member: make() for member, make in members(self._checks, form, method).items()},
        )
        made = NewClient(replace(client, verified_at=now if form.verified else None), secret)
        if form.logo_url:
            logo = self._logo(form.logo_url, client.client_id)
            made = replace(made, client=replace(made.client, logo=logo_digest(logo.content)), logo=logo)
        if not form.webhook_url:
            return made
        with named("webhook_url"):
            self.egress().check_url(form.webhook_url)
        new = make_endpoint(self.keys, client.client_id, form.webhook_url, now)
        return replace(made, endpoint=new.endpoint, webhook_secret=new.secret)

    def add(self, uow: UnitOfWork, new: NewClient) -> None:
        """Store a new client and its endpoint.

        :raises InvalidInput: field ``client_id``, when it is taken.
        """
        if uow.clients.get(new.client.client_id) is not None:
            raise InvalidInput("client_id", "expected one that is not taken")
        uow.clients.add(new.client)
        if new.endpoint:
            uow.clients.add_endpoint(new.endpoint)
        if new.logo:
            uow.clients.set_logo(new.logo)

    def find(self, uow: UnitOfWork, client_id: str) -> Client:
        """A client by its id.

        :raises NotFound: when there is none.
        """
        return find_client(uow, client_id)

    def list(self, uow: UnitOfWork) -> Iterator[Client]:
        """Every application and API, by id, read page by page."""
        after = ""
        while page := uow.clients.list(after=after, limit=PAGE):
            yield from page
            after = page[-1].client_id

    def prepare_revision(self, client: Client, given: Mapping[str, Any]) -> Revision:
        """Check what is to be different in a client; stores nothing.

        What is not given stays, unchecked: it may be older than a rule of today. With another way to authenticate,
        secrets and keys of the one before end; keys by value take the place of keys by URL, and the other way round.

        :param given: members of :class:`ClientForm` with new values.
        :raises InvalidInput: naming the one that is wrong.
        :raises Busy: when too many host names are being looked up.
        """
        face, logo = self._face(client, given)
        changes = {
            name: value
            for name, value in given.items()
            if name not in _FACE and value != getattr(client, name)
        }
        if _METHOD & changes.keys():
            stated = {name: given[name] for name in _METHOD & given.keys()}
            changes = {"jwks": "", "jwks_uri": "", **stated, **changes}
        if "auth_method" in changes:
            changes = {"tls_client_auth": "", **changes}
        form = replace(_form(client), **changes)
        check_kind(form)
        method = auth_method(form)
        checked = set(changes)
        checked |= _BY_METHOD if _METHOD & changes.keys() else set()
        checked |= _BINDINGS if _BINDINGS & changes.keys() else set()
        values = {
            name: make() for name, make in members(self._checks, form, method).items() if name in checked
        }
        secret = None
        if method is not client.auth_method:
            values["auth_method"] = method
            if method not in SECRET_METHODS:
                values["secrets"] = ()
            elif client.auth_method not in SECRET_METHODS:
                secret = mint(CLIENT_SECRET)
                values["secrets"] = (ClientSecret(digest(secret), self.clock.now()),)
        different = {
            name: value for name, value in {**values, **face}.items() if value != getattr(client, name)
        }
        return Revision(different, secret, logo)

    def _face(self, client: Client, given: Mapping[str, Any]) -> tuple[dict[str, Any], ClientLogo | None]:
        """What pages show beside the name of a client, where it is to be different."""
        face: dict[str, Any] = {}
        if "verified" in given:
            face["verified_at"] = self.clock.now() if given["verified"] else None
        if not given.get("logo_url"):
            return face | ({"logo": ""} if "logo_url" in given else {}), None
        logo = self._logo(given["logo_url"], client.client_id)
        return face | {"logo": logo_digest(logo.content)}, logo

    def _logo(self, url: str, client_id: str) -> ClientLogo:
        with named("logo_url"):
            self.egress().check_url(url)
        return fetch_logo(self.egress(), url, client_id, self.clock.now())

    def revise(self, uow: UnitOfWork, client_id: str, revision: Revision) -> Client:
        """Change a client; what a revision does not name stays as it is by now. Consents and tokens stay, too.

        :returns: the client as stored.
        :raises NotFound: when there is none.
        """
        revised = replace(find_client(uow, client_id), **revision.values)
        uow.clients.update(revised)
        if revision.logo:
            uow.clients.set_logo(revision.logo)
        elif "logo" in revision.values:
            uow.clients.remove_logo(client_id)
        return revised

    def rotate_secret(self, uow: UnitOfWork, client_id: str, *, keep_ms: int) -> NewSecret:
        """Give a client a new secret. Two are live at most: of those before, the newest one stays for a while, so
        that nothing breaks, and never longer than it would have.

        :param keep_ms: how long the secret of before stays valid; 0 ends it now.
        :raises NotFound: when there is no such client.
        :raises InvalidInput: field ``client_id``, when it has no secret.
        """
        now, client = self.clock.now(), find_client(uow, client_id)
        if client.auth_method not in SECRET_METHODS:
            method = "is public" if client.public else f"authenticates itself by {client.auth_method}"
            raise InvalidInput("client_id", f"expected a client that has a secret; this one {method}")
        secret, until = mint(CLIENT_SECRET), now + keep_ms
        kept = client.live_secrets(now)[:1] if keep_ms > 0 else ()
        ending = tuple(replace(one, expires_at=min(until, one.expires_at or until)) for one in kept)
        uow.clients.update(replace(client, secrets=(ClientSecret(digest(secret), now), *ending)))
        return NewSecret(secret, max((one.expires_at or until for one in ending), default=now))

    @property
    def _checks(self) -> Checks:
        return Checks(self.catalog, self.egress, self.profile)


def find_client(uow: UnitOfWork, client_id: str) -> Client:
    """A client by its id, or by the URL of its document.

    :raises NotFound: when there is none.
    """
    client = uow.clients.get(kept_id(client_id))
    if client is None:
        raise NotFound("client", client_id)
    return client


def _form(client: Client) -> ClientForm:
    """A client as somebody would type it now."""
    same = {one.name for one in fields(ClientForm)} & {one.name for one in fields(Client)}
    return ClientForm(
        resource_server=client.kind is ClientKind.RESOURCE_SERVER,
        **{name: getattr(client, name) for name in same},
    )
