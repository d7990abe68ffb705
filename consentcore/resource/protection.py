"""What stands before an API, whatever it is made with: who judges its tokens, and what it says of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar
from urllib.parse import unquote

from consentcore.resource.access import authorize
from consentcore.resource.bearer import Checker, Refused, Token
from consentcore.resource.metadata import ProtectedResource
from consentcore.resource.possession import Possession
from consentcore.resource.sign_in import SignIn

App = TypeVar("App")
Request = TypeVar("Request")

Answered = tuple[int, list[tuple[str, str]], bytes]
"""Status, headers and body."""


class Protection:
    """Holds requests against a checker, and describes the API where it was told how.

    :param realm: named in challenges.
    :param possession: what tokens that are bound to a key are held against; by default one that demands them where
        ``metadata`` says so.
    :param metadata: what clients are told about the API (RFC 9728).
    :raises ValueError: ``metadata`` says another thing of bound tokens than ``possession`` does.
    """

    def __init__(
        self,
        checker: Checker,
        realm: str = "api",
        possession: Possession | None = None,
        metadata: ProtectedResource | None = None,
    ) -> None:
        demanded = metadata is not None and metadata.dpop_required
        self._possession = possession or Possession(required=demanded)
        if metadata is not None and demanded != self._possession.required:
            raise ValueError(f"possession: expected required={demanded}, as dpop_required of metadata says")
        if metadata is not None and metadata.certificate_bound and self._possession.certificate is None:
            raise ValueError("possession: expected certificate, as certificate_bound of metadata says")
        self._checker = checker
        self._realm = realm
        self._metadata = metadata
        self._metadata_url = metadata.url if metadata is not None else ""
        self._metadata_path = unquote(metadata.path, "latin-1") if metadata is not None else ""

    def token(
        self, environ: Mapping[str, Any], scopes: Iterable[str], sign_in: SignIn | None = None
    ) -> Token:
        """The token of a request that may go on.

        :param sign_in: what the sign-in has to be that it stands on; None: any.
        :raises Refused: with what to answer.
        """
        return authorize(environ, self._checker, scopes, self._possession, sign_in)

    def headers(self, refusal: Refused) -> list[tuple[str, str]]:
        """The headers of a refusal, which say where the API describes itself."""
        return refusal.headers(self._realm, self._metadata_url)

    def described(self, environ: Mapping[str, Any]) -> Answered | None:
        """The answer to a request for the metadata; None for every other request."""
        if self._metadata is None:
            return None
        if f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}" != self._metadata_path:
            return None
        return self._metadata.answer(str(environ.get("REQUEST_METHOD", "")))


class Middleware(Generic[App, Request]):
    """What every middleware is made of: an application, and what its requests need.

    :param app: who answers what is let through.
    :param scopes: what every token must allow; or a function of the request that says it for this one, None for one
        that needs no token.
    :param sign_in: what the sign-in has to be that a token stands on, or such a function; None: any.
    :param realm: named in challenges.
    :param possession: what tokens that are bound to a key are held against; behind a proxy one with a ``base_url``.
    :param metadata: what clients are told about the API (RFC 9728); needs no token.
    :raises ValueError: ``metadata`` says another thing of bound tokens than ``possession`` does.
    """

    def __init__(
        self,
        app: App,
        checker: Checker,
        *,
        scopes: Sequence[str] | Callable[[Request], Sequence[str] | None] = (),
        sign_in: SignIn | Callable[[Request], SignIn | None] | None = None,
        realm: str = "api",
        possession: Possession | None = None,
        metadata: ProtectedResource | None = None,
    ) -> None:
        self._app = app
        self._scopes = scopes
        self._sign_in = sign_in
        self._protection = Protection(checker, realm, possession, metadata)

    def _wanted(self, request: Request) -> Sequence[str] | None:
        """The scopes that a request needs; None where it needs no token."""
        return self._scopes(request) if callable(self._scopes) else self._scopes

    def _sign_in_of(self, request: Request) -> SignIn | None:
        """The sign-in that a request needs; None for any."""
        return self._sign_in(request) if callable(self._sign_in) else self._sign_in
