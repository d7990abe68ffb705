"""Client ID metadata documents (draft-ietf-oauth-client-id-metadata-document): fetched, held against the rules for
strangers, kept for a while.

Fetching is an errand (see :mod:`consentcore.egress.errands`), so that nobody waits for a host that does not answer but
who needs it. What was refused is not kept (section 4.4), but neither is the same URL asked again within some seconds,
whatever anybody sends; the URLs that this is noted of are bounded, and so are the documents.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from consentcore.clients.document_urls import FIELD, check_document_url, is_let_in
from consentcore.clients.form import Checks, auth_method, check_kind, members
from consentcore.clients.metadata import Unasked, member_of, once, read_metadata
from consentcore.domain.client import AuthMethod, Client
from consentcore.domain.clock import HOUR, MINUTE, SECOND
from consentcore.domain.described_client import kept_id, merged
from consentcore.domain.errors import InvalidInput
from consentcore.domain.json_text import read_json
from consentcore.egress import EgressError, Errand, errand
from consentcore.egress.errands import CLIENT_DOCUMENT
from consentcore.jose.source_cache import RefreshPolicy, SourceCache, SourceUnavailable
from consentcore.oauth.client_documents import DocumentRefused

if TYPE_CHECKING:
    from consentcore.clients.strangers import StrangerRules
    from consentcore.domain.clock import Clock
    from consentcore.domain.scope import Catalog
    from consentcore.egress import EgressPolicy, EgressResponse

log = logging.getLogger("consentcore.clients")
MAX_BYTES = 5 * 1024
"""Largest document (section 6.6)."""
USUAL, SHORTEST, LONGEST = 10 * MINUTE, MINUTE, HOUR
"""How long a document counts: without a word of its host, and within which bounds its word is taken."""
PAUSE = 10 * SECOND
"""The least time between a request that brought nothing and the next one for the same URL."""
TIMEOUT_S = 5.0
MOST_READ, MOST_TRIED = 1000, 500
"""Documents that are kept, and URLs of which it is known that they brought none."""
METHODS = frozenset({AuthMethod.NONE, AuthMethod.PRIVATE_KEY_JWT})
"""No secret can be shared with whom nobody has met (section 4.1)."""
_JSON = re.compile(r"application/(json|[a-z0-9!#$&^_.-]+\+json)", re.IGNORECASE)
_MAX_AGE = re.compile(r"\bmax-age\s*=\s*\"?([0-9]{1,9})", re.IGNORECASE)
_NEVER = re.compile(r"\bno-(store|cache)\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Read:
    """:ivar until: until when it is taken for what the document says, in milliseconds since the epoch."""

    client: Client
    until: int


class Documents:
    """Knows what documents say. Safe to share between threads.

    :param egress: makes the guard of outgoing requests.
    :param hosts: whose documents are taken, see :func:`~consentcore.clients.document_urls.is_let_in`.
    :param profile: what every application is held to; "" for none.
    """

    def __init__(
        self,
        egress: Callable[[], EgressPolicy],
        clock: Clock,
        catalog: Catalog,
        rules: StrangerRules,
        *,
        hosts: tuple[str, ...],
        profile: str = "",
    ) -> None:
        self._egress = egress
        self._clock = clock
        self._catalog = catalog
        self._rules = rules
        self._hosts = hosts
        self._profile = profile
        self._read: dict[str, SourceCache[_Read]] = {}
        self._tried: dict[str, SourceCache[_Read]] = {}
        self._lock = threading.Lock()

    def current(self, url: str, row: Client | None) -> Client:
        """See :class:`~consentcore.oauth.client_documents.ClientDocuments`."""
        try:
            host = check_document_url(url)
        except InvalidInput as error:
            raise DocumentRefused(str(error)) from None
        if not is_let_in(host, self._hosts):
            raise DocumentRefused(
                f"{FIELD}: expected an application that is registered, or of a host that is let in"
            )

        def waiting() -> AbstractContextManager[None]:
            return errand(Errand(CLIENT_DOCUMENT, host))

        def still_good(found: _Read) -> _Read | None:
            return found if self._clock.now() < found.until else None

        cache = self._cache(url)
        try:
            found = cache.find(
                still_good, lambda: self._fetched(url, host), self._clock.now, oldest=LONGEST, waiting=waiting
            )
        except SourceUnavailable as error:
            raise DocumentRefused(f"{FIELD}: its document cannot be used: {error}") from None
        if found is None:
            raise DocumentRefused(f"{FIELD}: its document cannot be had at the moment")
        self._keep(url, cache)
        return merged(found.client, row)

    def _cache(self, url: str) -> SourceCache[_Read]:
        with self._lock:
            known = self._read.get(url) or self._tried.get(url)
            if known is None:
                if len(self._tried) >= MOST_TRIED:
                    del self._tried[next(iter(self._tried))]
                known = self._tried[url] = SourceCache(_POLICY)
            return known

    def _keep(self, url: str, cache: SourceCache[_Read]) -> None:
        """Nobody who makes up URLs can have one forgotten that has brought a document."""
        with self._lock:
            self._tried.pop(url, None)
            self._read.pop(url, None)
            if len(self._read) >= MOST_READ:
                del self._read[next(iter(self._read))]
            self._read[url] = cache

    def _fetched(self, url: str, host: str) -> _Read:
        egress, now = self._egress(), self._clock.now()
        patient = replace(
            egress,
            # A host by its name is the operator's choice; one that a pattern lets in is anybody's.
            allow_networks=egress.allow_networks if host in self._hosts else (),
            timeout_s=TIMEOUT_S,
            connect_timeout_s=min(egress.connect_timeout_s, TIMEOUT_S),
        )
        try:
            answer = patient.get(url, {"Accept": "application/json"})
            client = self._client(url, _text(answer), now)
        except (EgressError, InvalidInput) as error:
            reason = error.error_class if isinstance(error, EgressError) else str(error)
            log.warning("the document of client %s: %s", url, error)
            raise SourceUnavailable(reason) from error
        return _Read(client, now + _lifetime(answer))

    def _client(self, url: str, text: str, now: int) -> Client:
        """The client that a document describes; written for many servers, it may name scopes that are not open here."""
        said = _members(url, text)
        described = read_metadata(
            {**said, "scope": self._open_scopes(said.get("scope"))},
            self._rules,
            client_id=kept_id(url),
            at=now,
            method=AuthMethod.NONE,
        )
        form = replace(described.form, name=described.form.name if said.get("client_name") else url[:100])
        try:
            check_kind(form)
            method = auth_method(form)
            if method not in METHODS:
                raise InvalidInput("auth_method", f"expected {' or '.join(sorted(METHODS))}")
            checks = Checks(self._catalog, Unasked, self._profile)
            values = {member: make() for member, make in members(checks, form, method).items()}
        except InvalidInput as error:
            raise InvalidInput(member_of(error.field), error.expected) from None
        itself = replace(described.said, document_url=url, document=text)
        return Client(kept_id(url), created_at=now, auth_method=method, self_registered=itself, **values)

    def _open_scopes(self, scope: object) -> object:
        if not isinstance(scope, str) or not scope.strip():
            return scope
        return " ".join(one for one in scope.split(" ") if one in self._rules.scopes) or scope


def _members(url: str, text: str) -> Mapping[str, Any]:
    try:
        found = read_json(text, once)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InvalidInput("document", "expected a JSON object, each member once")
    if found.get("client_id") != url:
        raise InvalidInput("client_id", "expected the URL that it was read at, letter for letter")
    for name in ("client_secret", "client_secret_expires_at"):
        if name in found:
            raise InvalidInput(name, "expected none in a document that everybody can read")
    if found.get("software_statement") is not None:
        raise InvalidInput("software_statement", "expected none, this server trusts nobody's")
    return found


def _text(answer: EgressResponse) -> str:
    if answer.status != 200:
        raise InvalidInput("document", f"expected the status 200, not {answer.status}")
    if not _JSON.fullmatch(answer.headers.get("content-type", "").partition(";")[0].strip()):
        raise InvalidInput("document", "expected the content type application/json")
    if answer.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise InvalidInput("document", "expected no content encoding")
    if len(answer.body) > MAX_BYTES:
        raise InvalidInput("document", f"expected at most {MAX_BYTES} bytes")
    try:
        return answer.body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput("document", "expected UTF-8") from None


def _lifetime(answer: EgressResponse) -> int:
    """How long a document is good, in milliseconds: what its host says (RFC 9111 section 5.2.2), within our bounds."""
    said = answer.headers.get("cache-control", "")
    if _NEVER.search(said):
        return SHORTEST
    found = _MAX_AGE.search(said)
    return max(SHORTEST, min(LONGEST, int(found[1]) * SECOND)) if found else USUAL


_POLICY = RefreshPolicy(
    fresh=LONGEST,
    retry=PAUSE,
    first_retry=PAUSE,
    unknown_asks=1,
    unknown_within=SHORTEST,
    wait_s=TIMEOUT_S,
    wait_after_failure=False,
)
