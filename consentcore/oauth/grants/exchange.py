"""What the grant types share.

The customer has fixed oauthlib, and its grant types decide the order of the checks and compare scopes. Everything else
that they would decide is asked of a validator, piece by piece; here the answers to all of it come from one read, and
what they call storing is one verb. So the *exchange* is the grant: an object for one request, which holds what was read
and what will be stored. oauthlib carries it along as ``request.exchange``, and the validator only passes its questions
on to it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from oauthlib.oauth2 import InvalidGrantError

from consentcore.domain.client import TokenFormat
from consentcore.domain.clock import SECOND
from consentcore.domain.exchange import UsedBefore
from consentcore.oauth.access_token import AccessTokenRequest, make_access_token
from consentcore.oauth.authorization_details import assigned, told_of
from consentcore.oauth.fapi import demanded
from consentcore.oauth.grant_management import OFF
from consentcore.oauth.grants.oauthlib_types import bearer
from consentcore.oauth.parameters import REPEATABLE
from consentcore.oauth.parsed_request import ParsedRequest
from consentcore.oauth.resource_indicators import token_audience
from consentcore.oauth.responses import json_answer
from consentcore.oauth.token_binding import HEADER, is_certificate, nonce_headers, token_type_of, used_before
from consentcore.oauth.token_claims import chosen_resources
from consentcore.oauth.token_secrets import Pair

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.grant import Grant
    from consentcore.oauth.client_auth import Credentials
    from consentcore.oauth.context import ServerContext
    from consentcore.oauth.messages import HttpRequest, HttpResponse
    from consentcore.oauth.token_binding import Binding
    from consentcore.oauth.validator import Validator


class GrantType(ABC):
    """One value of ``grant_type``, in use by all threads.

    :cvar NAME: the value.
    :cvar PARAMETERS: what a token request with it may have besides ``grant_type`` and the client's credentials, and
        how long each may be, in characters.
    """

    NAME: ClassVar[str]
    PARAMETERS: ClassVar[Mapping[str, int]]

    def __init__(self, server: ServerContext, validator: Validator) -> None:
        self._server = server
        self._bearer = bearer(validator)

    @abstractmethod
    def exchange(
        self, http: HttpRequest, credentials: Credentials, parameters: Mapping[str, str]
    ) -> HttpResponse:
        """Authenticate the client, judge its request, store and answer with tokens (RFC 6749 section 5.1).

        :param credentials: what the client says of itself; nothing of it has been checked.
        :param parameters: those of the request that any grant type knows, each well-formed.
        :raises ProtocolError: a refusal.
        :raises OAuth2Error: a refusal by oauthlib.
        :raises StorageError: nothing was changed.
        :raises ConfigurationError: a plugin's claims are not in order.
        """

    def _issue(self, oauthlib_grant: Any, request: Any) -> HttpResponse:
        """Validate, make, store. oauthlib's create_token_response does not let errors of the storing through
        as answers, and writes answers that we do not want (gaps 8, 13, 18)."""
        oauthlib_grant.validate_token_request(request)
        token = self._bearer.create_token(request, refresh_token=request.exchange.renewable)
        request.exchange.store(request, token)
        if request.exchange.client.access_token_format is TokenFormat.JWT:
            # No API will ask us about it: that it was fetched is all that we hear of its use.
            self._server.used(request.exchange.grant.grant_id)
        token["token_type"] = token_type_of(request.exchange.binding.confirmation)
        if token.get("scope") == "":
            del token["scope"]  # a list of scopes has at least one (RFC 6749 section 3.3)
        grant = request.exchange.grant
        members = {
            **token,
            **told_of(request.exchange.details, grant),
            **chosen_resources(self._server, grant),
        }
        if request.client.grant_management and self._server.settings.oauth.grant_management != OFF:
            members["grant_id"] = grant.grant_id  # Grant Management for OAuth 2.0 section 5.5
        return json_answer(members, headers=nonce_headers(self._server, request.exchange.now))


class Credential(Protocol):
    """What an exchange uses up, as it is stored: a code, a refresh token, or that of a further grant type."""

    @property
    def audience(self) -> tuple[str, ...]:
        """The APIs that it stands for (RFC 8707); empty does not limit."""
        ...

    @property
    def auth_time(self) -> int | None:
        """When the data owner had signed in, in milliseconds since the epoch; None when that is not known."""
        ...

    @property
    def acr(self) -> str:
        """How, in the words of the login plugin, or ""."""
        ...

    @property
    def authorization_details(self) -> tuple[str, ...]:
        """What it stands for besides scopes (RFC 9396)."""
        ...


C = TypeVar("C", bound=Credential)


class Exchange(ABC, Generic[C]):
    """One request that changes a credential into tokens.

    :param client: already authenticated.
    :param credential: as it is stored; None when there is none such.
    :param grant: the one that it is under.
    :param pair: the tokens to give out, if nothing else is decided.
    :param now: milliseconds since the epoch.
    :param requested: the values of the parameter ``resource``.
    :param binding: what the request has proven: the key that the access token is bound to.
    :param asked_details: the parameter ``authorization_details``; None without it.
    :ivar strict: whether the client is held to the FAPI 2.0 Security Profile.
    :ivar rotates: whether a refresh token that is used gives place to another one; not in that profile (section
        5.3.2.1), where it is its client's alone anyway.
    :ivar credential: from :meth:`resolve` on, and so are the following.
    :ivar access_end: when the access token ends, in milliseconds since the epoch.
    :ivar expires_in: its lifetime in whole seconds.
    :ivar details: the authorization details of the access token, from :meth:`make_access` on.
    """

    credential: C
    grant: Grant
    access_end: int
    expires_in: int

    def __init__(
        self,
        server: ServerContext,
        client: Client,
        credential: C | None,
        grant: Grant | None,
        *,
        pair: Pair,
        now: int,
        requested: tuple[str, ...],
        binding: Binding,
        asked_details: str | None = None,
    ) -> None:
        self.client = client
        self.now = now
        self.pair = pair
        self.binding = binding
        self._server = server
        self.strict = demanded(server.settings, client)
        self.rotates = not self.strict
        self._read: tuple[C | None, Grant | None] = credential, grant
        self._requested = requested
        self._audience: tuple[str, ...] = ()
        self._asked_details = asked_details
        self.details: tuple[str, ...] = ()

    @abstractmethod
    def check(self, request: Any) -> None:
        """Judge the credential by what was read; the first question of oauthlib about it.

        :raises InvalidGrantError: it is not good.
        """

    @property
    def renewable(self) -> bool:
        """Whether a refresh token comes with the access token."""
        return True

    @abstractmethod
    def store(self, request: Any, token: dict[str, object]) -> None:
        """Use the credential up and keep the tokens, in one verb.

        :param token: the members of the answer, which may be changed.
        :raises InvalidGrantError: the verb has not done it.
        """

    def resolve(self) -> tuple[C, Grant]:
        """The credential and its grant.

        :raises InvalidGrantError: there is none such.
        """
        credential, grant = self._read
        if credential is None or grant is None:
            raise InvalidGrantError
        self.credential, self.grant = credential, grant
        self.access_end = self._server.lifetimes.access_end(self.now, grant)
        self.expires_in = max(0, (self.access_end - self.now) // SECOND)
        return credential, grant

    def make_access(self, request: Any) -> str:
        """Make the access token of a request that was found good.

        :raises ProtocolError: ``invalid_target``, ``invalid_authorization_details``.
        :raises InvalidGrantError: nothing is left that it could stand for.
        :raises ConfigurationError: a plugin's claims are not in order.
        """
        audience = token_audience(self.client, self._requested, self.credential.audience)
        self.details = self._assign(audience)
        if not (request.scopes or self.details):
            raise InvalidGrantError(request=request)
        access_request = AccessTokenRequest(
            scopes=tuple(request.scopes),
            audience=audience,
            now=self.now,
            auth_time=self.credential.auth_time,
            acr=self.credential.acr,
            confirmation=self.binding.confirmation,
            authorization_details=self.details,
        )
        token = make_access_token(self._server, self.client, self.grant, access_request, self.pair.access)
        self._audience = token.audience
        if token.text != self.pair.access:
            self.replace_access(token.text)
        return token.text

    def _assign(self, audience: tuple[str, ...]) -> tuple[str, ...]:
        """The authorization details of the access token, see :func:`authorization_details.assigned`."""
        held = self.credential.authorization_details
        if self._asked_details is None and not held:
            return ()
        return assigned(self._asked_details, held, self.grant, audience)

    def check_key(self, confirmation: str, request: Any) -> None:
        """Hold what the request has proven against what the credential is bound to.

        :param confirmation: of the credential; "" for any key, and for none.
        :raises InvalidGrantError: another one, or none (RFC 9449 sections 5 and 10, RFC 8705 section 4).
        """
        if confirmation and confirmation != self.binding.confirmation:
            name = "client certificate" if is_certificate(confirmation) else HEADER
            raise InvalidGrantError(
                description=f"{name}: expected a proof by the key that this code or token is bound to",
                request=request,
            )

    def refuse_used(self, outcome: object) -> None:
        """Refuse what was proven before.

        :raises ProtocolError: 400 ``invalid_dpop_proof``.
        """
        if isinstance(outcome, UsedBefore):
            raise used_before()

    def replace_access(self, text: str) -> None:
        """Give out another access token than that of the pair."""
        self.pair = Pair(text, self.pair.refresh)


def oauthlib_request(client: Client, parameters: Mapping[str, str], names: Mapping[str, int]) -> Any:
    """Make oauthlib's request with nothing in it that this grant type does not use (gaps 6 and 18).

    :param names: the parameters of the grant type; those that may come several times are none of oauthlib's.
    """
    body = {name: parameters[name] for name in names if name in parameters and name not in REPEATABLE}
    body["grant_type"], body["client_id"] = parameters["grant_type"], client.client_id
    request = ParsedRequest("POST", body)
    request.client = client
    return request
