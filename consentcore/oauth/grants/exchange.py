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
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from oauthlib.common import Request
from oauthlib.oauth2 import InvalidGrantError

from consentcore.domain.clock import SECOND
from consentcore.oauth.access_token import AccessTokenRequest, make_access_token
from consentcore.oauth.grants.oauthlib_types import bearer
from consentcore.oauth.parameters import REPEATABLE
from consentcore.oauth.resource_indicators import token_audience
from consentcore.oauth.responses import json_answer
from consentcore.oauth.token_secrets import Pair

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.grant import Grant
    from consentcore.domain.token import Code, Token
    from consentcore.oauth.client_auth import Credentials
    from consentcore.oauth.context import ServerContext
    from consentcore.oauth.messages import HttpRequest, HttpResponse
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
        token = self._bearer.create_token(request, refresh_token=True)
        request.exchange.store(request, token)
        return json_answer(token)


C = TypeVar("C", "Code", "Token")


class Exchange(ABC, Generic[C]):
    """One request that changes a code or refresh token into tokens.

    :param client: already authenticated.
    :param credential: the code or refresh token as it is stored; None when there is none such.
    :param grant: the one that it is under.
    :param pair: the tokens to give out, if nothing else is decided.
    :param now: milliseconds since the epoch.
    :param requested: the values of the parameter ``resource``.
    """

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
    ) -> None:
        self.client = client
        self.now = now
        self.pair = pair
        self._server = server
        self._credential: C | None = credential
        self._grant = grant
        self._requested = requested
        self._audience: tuple[str, ...] = ()

    @abstractmethod
    def check(self, request: Any) -> None:
        """Judge the credential by what was read.

        :raises InvalidGrantError: it is not good.
        """

    @abstractmethod
    def store(self, request: Any, token: dict[str, object]) -> None:
        """Use the credential up and keep the tokens, in one verb.

        :param token: the members of the answer, which may be changed.
        :raises InvalidGrantError: the verb has not done it.
        """

    @property
    def expires_in(self) -> int:
        """Lifetime of the access token in whole seconds."""
        return max(0, (self._access_end() - self.now) // SECOND)

    def make_access(self, request: Any) -> str:
        """Make the access token of a request that was found good.

        :raises ProtocolError: ``invalid_target``.
        :raises ConfigurationError: a plugin's claims are not in order.
        """
        credential, grant = self._found()
        wanted = AccessTokenRequest(
            scopes=tuple(request.scopes),
            audience=token_audience(self.client, self._requested, credential.audience),
            now=self.now,
            auth_time=credential.auth_time,
            acr=credential.acr,
        )
        made = make_access_token(self._server, self.client, grant, wanted, self.pair.access)
        self.pair, self._audience = Pair(made.text, self.pair.refresh), made.audience
        return made.text

    def _access_end(self) -> int:
        return self._server.lifetimes.access_end(self.now, self._found()[1])

    def _found(self) -> tuple[C, Grant]:
        """The credential and its grant.

        :raises InvalidGrantError: there is none such.
        """
        if self._credential is None or self._grant is None:
            raise InvalidGrantError
        return self._credential, self._grant


def oauthlib_request(client: Client, parameters: Mapping[str, str], names: Mapping[str, int]) -> Any:
    """Make oauthlib's request with nothing in it that this grant type does not use (gaps 6 and 18).

    :param names: the parameters of the grant type; those that may come several times are none of oauthlib's.
    """
    body = {name: parameters[name] for name in names if name in parameters and name not in REPEATABLE}
    body["grant_type"], body["client_id"] = parameters["grant_type"], client.client_id
    request = Request("", "POST", body)
    request.client = client
    return request
