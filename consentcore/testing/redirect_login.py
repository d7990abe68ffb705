"""What a login plugin must do that signs people in somewhere else: inherit :class:`RedirectLoginConformance`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit

import pytest

from consentcore.api import (
    REASONS,
    AskedLogin,
    Authenticated,
    GradedLogin,
    PostedLogin,
    RedirectLogin,
    RedirectTo,
    Refused,
    Returned,
    SignInRequest,
    Storage,
    Unavailable,
)
from consentcore.testing.threads import together

CALLBACK = "https://consent.example/login/callback"
OUT = "https://consent.example/login/out"
OUTCOMES = (Authenticated, Refused, Unavailable)

ASKED = SignInRequest(
    max_age=3600,
    acr_values=("urn:example:gold", "urn:example:silver"),
    login_hint="ada & é",
    select_account=True,
)
"""More than most providers can do."""
Provider = Callable[[RedirectTo], Mapping[str, str]]
"""Plays the provider, and a person who signs in there with a good account: what comes back for what was sent."""
ODD_ANSWERS: list[dict[str, str]] = [
    {},
    {"code": ""},
    {"error": "access_denied"},
    {"error": "server_error", "error_description": "<script>"},
    {"code": "ü" * 3000, "iss": "\x00"},
    {"code": "nonsense", "iss": "https://evil.example"},
    {"SAMLResponse": "PHNhbWxwOlJlc3BvbnNlLz4="},
    {"SAMLResponse": "%%% no base64 %%%", "id_token": "a.b.c"},
]


class RedirectLoginConformance:
    """Every promise of :class:`consentcore.api.RedirectLogin` that can be tested without knowing the protocol.

    The kit takes the time from the fixture :meth:`now`; override it when your provider's clock cannot be set. The
    answers of a :class:`consentcore.api.PostedLogin` come in forms, as :meth:`provider` gives them.
    """

    @pytest.fixture
    def storage(self) -> Storage:
        """Give an empty, migrated storage."""
        raise NotImplementedError(f"{type(self).__name__} must override the fixture 'storage'")

    @pytest.fixture
    def login(self, storage: Storage) -> RedirectLogin:
        """Give the plugin on that storage, with a provider that answers, and letting new people in."""
        raise NotImplementedError(f"{type(self).__name__} must override the fixture 'login'")

    @pytest.fixture
    def broken_login(self, storage: Storage) -> RedirectLogin:
        """Give the plugin with a provider that nobody answers at."""
        raise NotImplementedError(f"{type(self).__name__} must override the fixture 'broken_login'")

    @pytest.fixture
    def provider(self) -> Provider:
        """Give a function that plays the provider for one person, who is the same each time."""
        raise NotImplementedError(f"{type(self).__name__} must override the fixture 'provider'")

    @pytest.fixture
    def now(self) -> int:
        """Milliseconds since the epoch."""
        import time

        return time.time_ns() // 1_000_000

    @staticmethod
    def _begin(login: RedirectLogin, now: int, *, fresh: bool = False) -> RedirectTo:
        sent = login.begin(callback_url=CALLBACK, fresh=fresh, now=now)
        assert isinstance(sent, RedirectTo)
        return sent

    @staticmethod
    def _returned(login: RedirectLogin, params: Mapping[str, str], sent: RedirectTo, now: int) -> Returned:
        return Returned(params, sent.transient, CALLBACK, now, posted=isinstance(login, PostedLogin))

    @staticmethod
    def _state_field(login: RedirectLogin) -> str:
        return login.state_field if isinstance(login, PostedLogin) else "state"

    def test_it_says_what_it_is_called_and_where_it_leads(self, login: RedirectLogin) -> None:
        assert login.label.strip()
        if login.origin:
            parts = urlsplit(login.origin)
            assert login.origin == f"{parts.scheme}://{parts.netloc}"

    def test_browser_is_sent_with_a_state_of_its_own(self, login: RedirectLogin, now: int) -> None:
        sent = [self._begin(login, now) for _ in range(20)]
        for one in sent:
            parts = urlsplit(one.url)
            assert parts.scheme in {"https", "http"}
            assert parts.netloc
            assert one.state in parse_qs(parts.query).get(self._state_field(login), [])
            assert len(one.state) >= 22, "128 bits"
            assert len(one.transient) <= 1000
            assert not one.transient or one.transient not in one.url
        assert len({one.state for one in sent}) == len(sent)

    @pytest.mark.parametrize("fresh", [False, True])
    def test_person_becomes_one_owner_for_ever(
        self, storage: Storage, login: RedirectLogin, provider: Provider, now: int, *, fresh: bool
    ) -> None:
        found = []
        for _ in range(2):
            sent = self._begin(login, now, fresh=fresh)
            outcome = login.complete(self._returned(login, provider(sent), sent, now))
            assert isinstance(outcome, Authenticated)
            assert outcome.owner_id
            assert outcome.auth_time is None or 0 < outcome.auth_time <= now
            found.append(outcome.owner_id)
        assert found[0] == found[1]
        with storage.reading() as uow:
            assert uow.owners.get(found[0]) is not None

    @pytest.mark.parametrize(
        "asked", [SignInRequest(), SignInRequest(fresh=True), ASKED], ids=["", "fresh", "more"]
    )
    def test_what_an_application_asks_hinders_nobody(
        self, login: RedirectLogin, provider: Provider, now: int, asked: SignInRequest
    ) -> None:
        """Whether the sign-in is what was asked for is judged by who asked."""
        if isinstance(login, AskedLogin):
            sent = login.begin_asked(callback_url=CALLBACK, asked=asked, now=now)
        else:
            sent = self._begin(login, now, fresh=asked != SignInRequest())
        assert isinstance(sent, RedirectTo)
        outcome = login.complete(self._returned(login, provider(sent), sent, now))
        assert isinstance(outcome, Authenticated | Refused)
        if isinstance(outcome, Refused):
            assert outcome.reason in {"stale", "unmet", "unselected"}

    def test_it_says_of_a_sign_in_what_it_can_say(
        self, login: RedirectLogin, provider: Provider, now: int
    ) -> None:
        """For a :class:`GradedLogin`."""
        known = login.acr_values if isinstance(login, GradedLogin) else ()
        sent = self._begin(login, now)
        outcome = login.complete(self._returned(login, provider(sent), sent, now))
        assert isinstance(outcome, Authenticated)
        assert not known or outcome.acr in known

    def test_answer_to_another_question_is_not_believed(
        self, login: RedirectLogin, provider: Provider, now: int
    ) -> None:
        first, second = self._begin(login, now), self._begin(login, now)
        if first.transient == second.transient:
            pytest.skip(
                "nothing distinguishes one question from another but the state, which the caller checks"
            )
        outcome = login.complete(self._returned(login, provider(first), second, now))
        assert isinstance(outcome, Refused | Unavailable)

    @pytest.mark.parametrize("params", ODD_ANSWERS)
    def test_odd_answers_are_refused_without_an_error(
        self, login: RedirectLogin, now: int, params: dict[str, str]
    ) -> None:
        sent = self._begin(login, now)
        came = {**params, self._state_field(login): sent.state}
        outcome = login.complete(self._returned(login, came, sent, now))
        assert isinstance(outcome, Refused | Unavailable)
        if isinstance(outcome, Refused):
            assert outcome.reason in REASONS | {""}

    def test_provider_that_is_down_is_said_to_be(
        self, login: RedirectLogin, broken_login: RedirectLogin, provider: Provider, now: int
    ) -> None:
        begun = broken_login.begin(callback_url=CALLBACK, fresh=False, now=now)
        assert isinstance(begun, RedirectTo | Unavailable)
        sent = self._begin(login, now)
        outcome = broken_login.complete(self._returned(broken_login, provider(sent), sent, now))
        assert isinstance(outcome, Refused | Unavailable)
        if isinstance(outcome, Unavailable):
            assert outcome.retry_after_s >= 1

    def test_state_comes_back_as_the_provider_sends_it(
        self, login: RedirectLogin, provider: Provider, now: int
    ) -> None:
        """What the caller reads out of the answer, before anything else of it is believed."""
        sent = self._begin(login, now)
        assert provider(sent).get(self._state_field(login)) == sent.state
        if self._state_field(login) == "RelayState":
            assert len(sent.state.encode()) <= 80, "SAML 2.0 Bindings section 3.4.3"

    def test_several_threads_may_sign_in_at_a_time(
        self, login: RedirectLogin, provider: Provider, now: int
    ) -> None:
        """Who is known already; two who are new at the same moment may be told to try again."""

        def sign_in(_: int) -> object:
            sent = self._begin(login, now)
            return login.complete(self._returned(login, provider(sent), sent, now))

        sign_in(0)
        found = together(4, sign_in)
        assert all(isinstance(one, Authenticated) for one in found)
        assert len({one.owner_id for one in found if isinstance(one, Authenticated)}) == 1

    def test_signing_out_leads_somewhere_or_nowhere(
        self, login: RedirectLogin, broken_login: RedirectLogin
    ) -> None:
        for one in (login, broken_login):
            url = one.end(return_url=OUT)
            assert not url or urlsplit(url).scheme in {"https", "http"}
