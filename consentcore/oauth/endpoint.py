"""What all endpoints that clients post to have in common: every refusal and failure becomes an answer."""

from __future__ import annotations

import logging
import random
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from oauthlib.oauth2 import OAuth2Error

from consentcore.domain.errors import ConfigurationError, StorageConflict, StorageError, StorageUnavailable
from consentcore.egress import Busy
from consentcore.logs import log_cause, mark_told
from consentcore.oauth.cross_origin import is_preflight, preflight
from consentcore.oauth.errors import ProtocolError, bad_request, from_oauthlib, unavailable
from consentcore.oauth.responses import error_answer

if TYPE_CHECKING:
    from consentcore.oauth.context import ServerContext
    from consentcore.oauth.cross_origin import Readers
    from consentcore.oauth.messages import HttpRequest, HttpResponse

log = logging.getLogger("consentcore.oauth")
ATTEMPTS = 5
"""How often a request is begun again when transactions collide."""


class Endpoint(ABC):
    """One endpoint. Safe to share between threads.

    :param readers: who may read its answers in a browser; None: nobody, and no preflight is answered.
    """

    METHODS: ClassVar[tuple[str, ...]] = ("POST",)

    def __init__(self, server: ServerContext, readers: Readers | None = None) -> None:
        self._server = server
        self._readers = readers

    @abstractmethod
    def respond(self, http: HttpRequest) -> HttpResponse:
        """Answer a request by one of :attr:`METHODS` that has no query.

        :raises ProtocolError: a refusal.
        :raises OAuth2Error: a refusal by oauthlib.
        :raises Busy: too many wait for somebody else who has to be asked.
        :raises StorageError: nothing was changed.
        :raises ConfigurationError: a plugin or a setting is not in order.
        """

    def answer(self, http: HttpRequest) -> HttpResponse:
        """Answer whatever comes, and what a browser asks before it, see :mod:`consentcore.oauth.cross_origin`.
        Raises nothing."""
        if self._readers is None or "origin" not in http.headers:
            return self._answer(http)
        if is_preflight(http.method, http.headers):
            return preflight("POST")
        return self._readers.named(http, self._answer(http))

    def _answer(self, http: HttpRequest) -> HttpResponse:
        try:
            if http.method not in self.METHODS:
                wanted = f"method: expected {' or '.join(self.METHODS)}"
                raise ProtocolError(405, "invalid_request", wanted, {"Allow": ", ".join(self.METHODS)})
            if http.query:
                # Credentials and tokens in a URL end up in logs (RFC 6749 section 2.3.1).
                raise bad_request("query: expected parameters in the body only")
            return self._repeated(http)
        except ProtocolError as error:
            return error_answer(error)
        except OAuth2Error as error:
            return error_answer(from_oauthlib(error))
        except Busy as error:
            return error_answer(unavailable(error.retry_after_s))
        except StorageError as error:
            # Being down or busy says all; anything else is somebody's mistake and needs its trace.
            expected = isinstance(error, StorageUnavailable | StorageConflict)
            log_cause(log, "the storage failed: %s", error, exc_info=None if expected else error)
            return error_answer(unavailable())
        except ConfigurationError as error:
            log_cause(log, "no answer, because %s", error)
            return error_answer(ProtocolError(500, "server_error", "The server is not configured well"))
        except Exception:
            log.exception("unexpected error in %s", type(self).__name__)
            mark_told()
            return error_answer(ProtocolError(500, "server_error", "A mistake of ours; it was written down"))

    def _repeated(self, http: HttpRequest) -> HttpResponse:
        """Do it again from the start when transactions collided: nothing was written."""
        for attempt in range(ATTEMPTS - 1):
            try:
                return self.respond(http)
            except StorageConflict as error:
                if isinstance(error, StorageUnavailable) and attempt > 0:
                    raise  # a lock was waited for twice; others need this thread
                time.sleep(random.random() * 0.005 * 2**attempt)  # noqa: S311 - only spreads the tries
        return self.respond(http)
