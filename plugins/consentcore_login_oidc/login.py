"""The round trip: out with state, nonce and PKCE, back with a code, and from the ID token to an owner."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from authlib.integrations.base_client.errors import OAuthError

from consentcore.api import (
    SECOND,
    Authenticated,
    RedirectTo,
    Refused,
    Returned,
    SignInRequest,
    Storage,
    Unavailable,
    refused,
    transact,
)
from consentcore_login_oidc.calls import Calls, ProviderDown
from consentcore_login_oidc.discovery import Metadata, Provider
from consentcore_login_oidc.linking import Person, find_owner
from consentcore_login_oidc.settings import OidcSettings, check
from consentcore_login_oidc.tokens import (
    BadToken,
    Expected,
    StaleAuthentication,
    check_access_token,
    check_claims,
    read_id_token,
    verified_claims,
)

log = logging.getLogger(__name__)

ACR = "urn:consentcore:oidc"
RETRY_S = 10
LONGEST_WORD = 200
MOST_WORDS = 10
DOWN = frozenset({"server_error", "temporarily_unavailable", "invalid_client", "unauthorized_client"})
"""Errors (RFC 6749 sections 4.1.2.1 and 5.2) that are not the person's, and that another try may not meet."""

KNOWN_ERRORS = DOWN | {
    *(
        "invalid_request",
        "invalid_scope",
        "invalid_grant",
        "unsupported_grant_type",
        "unsupported_response_type",
    ),
    *("access_denied", "interaction_required", "login_required", "account_selection_required"),
    *("consent_required", "registration_not_supported", "missing_token", "unmet_authentication_requirements"),
}
REFUSALS = {
    "access_denied": "cancelled",
    "account_selection_required": "unselected",
    "unmet_authentication_requirements": "unmet",
}
"""What an error of the provider means for who signs in, or for the application that asked."""


@dataclass(frozen=True)
class Question:
    """What was asked of the provider.

    :ivar begun_at: seconds since the epoch.
    :ivar max_age: how long before that the person may have signed in, in seconds; None for any time.
    """

    verifier: str
    nonce: str
    begun_at: int
    fresh: bool
    max_age: int | None = None

    @classmethod
    def new(cls, asked: SignInRequest, now: int) -> Question:
        """A question with a nonce and a PKCE verifier of its own (RFC 7636 section 4.1)."""
        return cls(
            secrets.token_urlsafe(48), secrets.token_urlsafe(32), now // SECOND, asked.fresh, asked.max_age
        )

    @property
    def text(self) -> str:
        """As :class:`RedirectTo` keeps it; releases before know of no age."""
        kept = [self.verifier, self.nonce, self.begun_at, self.fresh]
        return json.dumps(kept if self.max_age is None else [*kept, self.max_age])

    @classmethod
    def of(cls, text: str) -> Question:
        """Undo :attr:`text`."""
        return cls(*json.loads(text))


class OidcLogin:
    """:class:`consentcore.api.RedirectLogin` at an OpenID provider.

    :raises ConfigurationError: when the settings cannot work. Nothing is asked of the provider before the first use.
    """

    def __init__(self, settings: OidcSettings, storage: Storage) -> None:
        check(settings)
        self._settings = settings
        self._storage = storage
        self._calls = Calls(settings)
        self._provider = Provider(settings.issuer, self._calls, settings.timeout_s)

    @property
    def label(self) -> str:
        return self._settings.label

    @property
    def origin(self) -> str:
        parts = urlsplit(self._settings.issuer)
        return f"{parts.scheme}://{parts.netloc}" if self._settings.logout else ""

    @property
    def acr_values(self) -> tuple[str, ...]:
        return self._settings.acr_values

    def begin(self, *, callback_url: str, fresh: bool, now: int) -> RedirectTo | Unavailable:
        return self.begin_asked(callback_url=callback_url, asked=SignInRequest(fresh=fresh), now=now)

    def begin_asked(self, *, callback_url: str, asked: SignInRequest, now: int) -> RedirectTo | Unavailable:
        try:
            metadata = self._provider.metadata()
        except ProviderDown as error:
            return _unavailable(error)
        question = Question.new(asked, now)
        session = self._calls.session(
            scope=" ".join(self._settings.scopes), redirect_uri=callback_url, code_challenge_method="S256"
        )
        url, state = session.create_authorization_url(
            metadata.authorization_endpoint,
            state=secrets.token_urlsafe(32),
            code_verifier=question.verifier,
            nonce=question.nonce,
            **_wishes(asked),
        )
        return RedirectTo(url, state, question.text)

    def complete(self, returned: Returned) -> Authenticated | Refused | Unavailable:
        question = Question.of(returned.transient)
        try:
            metadata = self._provider.metadata()
            refusal = self._refusal(returned.params, metadata)
            if refusal is not None:
                return refusal
            claims = self._claims(returned, question, metadata)
        except StaleAuthentication as error:
            log.warning("sign-in refused: %s", error)
            return Refused("stale")
        except BadToken as error:
            log.warning("sign-in refused, the ID token is not in order: %s", error)
            return Refused("failed")
        except ProviderDown as error:
            return _unavailable(error)
        except OAuthError as error:
            code = _code(error.error)
            if code in DOWN:
                return Unavailable(RETRY_S, f"the token endpoint said {code}")
            log.warning("sign-in refused, the token endpoint said %s", code)
            return Refused("failed")
        return self._authenticated(claims, returned.now)

    def end(self, *, return_url: str) -> str:
        if not self._settings.logout:
            return ""
        try:
            endpoint = self._provider.metadata().end_session_endpoint
        except ProviderDown as error:
            log.warning("not signed out at the OpenID provider: %s", error)
            return ""
        # RP-Initiated Logout 1.0 section 2; without an ID token, which would have to be kept for it.
        query = {"client_id": self._settings.client_id, "post_logout_redirect_uri": return_url}
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}" if endpoint else ""

    def _refusal(self, params: Mapping[str, str], metadata: Metadata) -> Refused | Unavailable | None:
        """What an answer without a usable code means; ``iss`` first, so that no answer of another is believed."""
        issuer = params.get("iss")
        if issuer != self._settings.issuer and (issuer is not None or metadata.iss_in_answers):
            log.warning("sign-in refused, the answer is not the provider's (RFC 9207)")
            return Refused("failed")
        error = params.get("error")
        if error:
            log.info("the OpenID provider answered %s", _code(error))
            if error in DOWN:
                return Unavailable(RETRY_S, f"the OpenID provider answered {_code(error)}")
            return Refused(REFUSALS.get(error, "failed"))
        return None if params.get("code") else Refused("failed")

    def _claims(self, returned: Returned, question: Question, metadata: Metadata) -> dict[str, Any]:
        answer = self._exchange(returned, question, metadata)
        id_token, access_token = answer.get("id_token"), answer.get("access_token")
        if not isinstance(id_token, str) or not isinstance(access_token, str):
            raise ProviderDown("the token endpoint answered without an ID token")
        token = read_id_token(id_token, self._settings.id_token_algs)
        claims = verified_claims(token, self._provider)
        check_claims(claims, self._expected(question, returned.now))
        check_access_token(claims, token.algorithm, access_token)
        if "email" in claims or not metadata.userinfo_endpoint:
            return claims
        more = self._calls.get_json(metadata.userinfo_endpoint, access_token)
        if more.get("sub") != claims["sub"]:
            raise BadToken("userinfo is about somebody else")  # OpenID Connect Core section 5.3.2
        return {**more, **claims}

    def _exchange(self, returned: Returned, question: Question, metadata: Metadata) -> dict[str, Any]:
        session = self._calls.session(redirect_uri=returned.callback_url)
        answer: dict[str, Any] = self._calls.run(
            lambda: session.fetch_token(
                metadata.token_endpoint,
                grant_type="authorization_code",
                code=returned.params["code"],
                code_verifier=question.verifier,
                timeout=self._settings.timeout_s,
                allow_redirects=False,
            ),
            "the token endpoint",
        )
        return answer

    def _expected(self, question: Question, now: int) -> Expected:
        return Expected(
            issuer=self._settings.issuer,
            client_id=self._settings.client_id,
            nonce=question.nonce,
            begun_at=question.begun_at,
            now=now // SECOND,
            tolerance_s=self._settings.clock_tolerance_s,
            max_age=0 if question.fresh else question.max_age,
        )

    def _authenticated(self, claims: Mapping[str, Any], now: int) -> Authenticated | Refused:
        person = Person.of(claims, self._settings.issuer, trust_email=self._settings.trust_email)
        found = transact(self._storage, lambda uow: find_owner(uow, person, self._settings, now))
        if isinstance(found, Refused):
            log.info("sign-in refused: %s", found.reason)
            return found
        return Authenticated(
            found, _word(claims.get("acr")) or ACR, _words(claims.get("amr")), _moment(claims, now)
        )


def _wishes(asked: SignInRequest) -> dict[str, str]:
    """What an application asks, as parameters of OpenID Connect Core section 3.1.2.1."""
    words = [
        word
        for word, is_asked in (("login", asked.fresh), ("select_account", asked.select_account))
        if is_asked
    ]
    max_age = 0 if asked.fresh else asked.max_age
    found = {
        "prompt": " ".join(words),
        "max_age": "" if max_age is None else str(max_age),
        "acr_values": " ".join(asked.acr_values),
        "login_hint": asked.login_hint,
    }
    return {name: value for name, value in found.items() if value}


def _word(value: object) -> str:
    """What is fit for evidence: a short word of text; "" for anything else."""
    fit = isinstance(value, str) and len(value) <= LONGEST_WORD and not refused(value)
    return str(value) if fit else ""


def _words(value: object) -> tuple[str, ...]:
    words = [_word(one) for one in value[:MOST_WORDS]] if isinstance(value, list) else []
    return tuple(word for word in words if word)


def _moment(claims: Mapping[str, Any], now: int) -> int | None:
    """``auth_time`` in milliseconds, never in the future; None when the provider does not say."""
    value = claims.get("auth_time")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 2**53:
        return None
    return min(int(value) * SECOND, now)


def _unavailable(error: ProviderDown) -> Unavailable:
    return Unavailable(RETRY_S, f"the OpenID provider is not usable: {error}")


def _code(text: object) -> str:
    """An error code of the provider for the log; what none of the specifications knows could be anything."""
    return text if isinstance(text, str) and text in KNOWN_ERRORS else "an error that is in no specification"
