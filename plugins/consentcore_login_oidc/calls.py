"""Calls to the provider: each ends in time and within a size, and never follows a redirect or a proxy setting.

Not by ``EgressPolicy``, which guards against addresses of strangers: the operator chooses the provider, which often has
a private one. And Authlib, which makes the requests, wants a session of requests.
"""

from __future__ import annotations

import logging
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from io import BytesIO
from typing import Any, TypeVar
from urllib.parse import quote_plus

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from requests import PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter

from consentcore.api import one_line, read_json
from consentcore_login_oidc.settings import OidcSettings

log = logging.getLogger(__name__)

LARGEST = 512 * 1024
AT_ONCE = 8
"""Calls of one process at a time: a provider that hangs must not take a thread for each person who comes."""

T = TypeVar("T")


class ProviderDown(Exception):
    """The provider did not answer, or not what OpenID Connect has it answer. The text holds no secret."""


class Bounded(HTTPAdapter):
    """Reads an answer whole, and not more of it than :data:`LARGEST`."""

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """Make the response, with the body in memory."""
        body = resp.read(LARGEST + 1, decode_content=True)
        resp.close()
        if len(body) > LARGEST:
            raise RequestException(f"the answer has more than {LARGEST} bytes")
        response: Response = super().build_response(req, resp)
        response.raw = BytesIO(body)
        return response


def basic(client: Any, _method: str, uri: str, headers: Any, body: Any) -> tuple[str, Any, Any]:
    """Client authentication by RFC 6749 section 2.3.1, which encodes both halves; Authlib's own does not."""
    halves = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
    headers["Authorization"] = f"Basic {b64encode(halves.encode()).decode()}"
    return uri, headers, body


class Calls:
    """Makes calls. Safe to use from any thread."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._slots = threading.BoundedSemaphore(AT_ONCE)

    def session(self, **options: Any) -> OAuth2Session:
        """A session of Authlib for one call; not to be shared between threads."""
        settings = self._settings
        session = OAuth2Session(
            settings.client_id,
            settings.client_secret.reveal() or None,
            token_endpoint_auth_method=basic
            if settings.client_auth == "client_secret_basic"
            else settings.client_auth,
            **options,
        )
        session.trust_env = False
        session.verify = str(settings.ca_file) if settings.ca_file else True
        for scheme in ("https://", "http://"):
            session.mount(scheme, Bounded())
        return session

    def get_json(self, url: str, access_token: str = "") -> dict[str, Any]:
        """GET a JSON object, with a bearer token if there is one.

        :raises ProviderDown: when it is none.
        """
        headers = {"Accept": "application/json"}
        if access_token:
            headers["Authorization"] = f"Bearer {access_token}"

        def work() -> Any:
            session = self.session()
            answer = session.request(
                "GET",
                url,
                withhold_token=True,
                headers=headers,
                timeout=self._settings.timeout_s,
                allow_redirects=False,
            )
            if answer.status_code != 200:
                raise ProviderDown(f"{url} answered {answer.status_code}")
            return read_json(answer.content)

        found = self.run(work, url)
        if not isinstance(found, dict):
            raise ProviderDown(f"{url} answered JSON that is no object")
        return found

    def run(self, work: Callable[[], T], what: str) -> T:
        """Run a call in a thread of its own and wait for it no longer than ``timeout_s``.

        The timeouts of ``requests`` start anew with every byte, so that a provider which drips would never end.

        :raises ProviderDown: when it took too long, failed, or was answered with what the libraries trip over.
        :raises OAuthError: when the provider answered with an error of RFC 6749 section 5.2.
        """
        deadline = time.monotonic() + self._settings.timeout_s
        if not self._slots.acquire(timeout=self._settings.timeout_s):
            raise ProviderDown(f"{what}: too many calls wait for the provider already")
        outcome: list[tuple[T | None, BaseException | None]] = []
        done = threading.Event()

        def call() -> None:
            try:
                outcome.append((work(), None))
            except BaseException as error:  # noqa: BLE001 - handed on to the thread that waits
                outcome.append((None, error))
            finally:
                self._slots.release()
                done.set()

        threading.Thread(target=call, name="consentcore-oidc", daemon=True).start()
        if not done.wait(max(0.0, deadline - time.monotonic())):
            raise ProviderDown(f"{what} did not answer within {self._settings.timeout_s:g} s")
        value, error = outcome[0]
        if isinstance(error, (ProviderDown, OAuthError)):
            raise error
        if error is not None:
            log.debug("%s failed", what, exc_info=error)
            raise ProviderDown(f"{what}: {_told(error)}") from None
        return value  # type: ignore[return-value]  # without an error there is one


def _told(error: BaseException) -> str:
    """An error for the log. Those of requests name the URL, which holds no secret; others may quote what came."""
    name = type(error).__name__
    if not isinstance(error, RequestException) or isinstance(error, ValueError):
        return name
    return f"{name} ({one_line(str(error))[:200]})"
