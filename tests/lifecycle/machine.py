"""Anything, in any order: the life cycle of tokens as a state machine, each answer held against the model."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from consentcore.domain.parties import ActorType
from consentcore.oauth.messages import Redirect
from consentcore.testing import ManualClock
from tests.lifecycle.model import DAY, GRACE_MS, INTERACTION_MS, Expected, Model, ModelClient, ModelToken
from tests.lifecycle.scenario import Answer, LifeScenario, code_in
from tests.lifecycle.tools import (
    Alarms,
    Asked,
    Tally,
    answered,
    any_client,
    any_owner,
    at_once,
    latest,
    mostly,
    needs,
    recent,
    scope_sets,
)

VERIFIER, WRONG = "v" * 43, "w" * 43
ENDINGS = {ActorType.OWNER: "withdrawn", ActorType.CLIENT: "closed", ActorType.OPERATOR: "revoked"}
SECURITY = ("code_replayed", "refresh_reused")
EXAMPLE_MS = 20 * DAY
"""How far the clock moves on between two examples on one store, so that nothing of one lives in the next."""


class LifeCycle(RuleBasedStateMachine):
    """Two owners; two confidential applications, one of them with PKCE, and a public one.

    Which rules may run does not depend on what is there: some races end one way or the other, and Hypothesis
    wants to repeat what it did. Hence :func:`needs`, and indices instead of bundles.

    :cvar make_storage: gives the store for an example. :cvar time: shared by all examples on a store.
    """

    make_storage: Callable[[], object]
    time: ManualClock
    tally: Tally

    def __init__(self) -> None:
        super().__init__()
        self.tally.examples += 1
        self.time.advance(EXAMPLE_MS)
        self.scenario = LifeScenario.begin(self.make_storage(), self.time)
        self.scenario.storage.purge(self.now, 100_000)
        self.model = Model()
        self.asked: list[Asked] = []
        self.real = [
            self.scenario.add_client(),
            self.scenario.add_client(),
            self.scenario.add_client(public=True),
        ]
        self.clients = [ModelClient(client.client_id, client.public) for client in self.real]
        self.owners = [self.scenario.add_owner() for _ in range(2)]

    @property
    def now(self) -> int:
        return self.scenario.clock.now()

    # the owner's side

    @rule(owner=any_owner, client=any_client, scopes=scope_sets(), remember=mostly)
    def ask(self, owner, client, scopes, remember):
        """An authorization request; a remembered consent answers it at once, where the policy lets it."""
        model = self.clients[client]
        if not model.enabled:
            return
        verifier = "" if client == 0 else VERIFIER
        pending = self.scenario.requested(self.real[client], self.owners[owner][1], scopes, verifier)
        standing = self.model.standing(owner, model, self.now)
        assert (pending.context.grant and pending.context.grant.grant_id) == (standing and standing.grant_id)
        covered = standing is not None and set(scopes) <= standing.scopes and not model.public
        assert covered == (not self.scenario.reasons(pending))
        if covered and remember:
            redirect = self.scenario.server.authorization.issue_code(pending.request, pending.context.grant)
            assert isinstance(redirect, Redirect)
            self.model.issue(code_in(redirect.url), standing, scopes, verifier, self.now)
        interaction = self.scenario.ask(request=pending.request, owner=self.owners[owner][0])
        self.asked.append(Asked(interaction, owner, client, scopes, verifier, self.now))

    @rule(owner=any_owner, client=any_client, scopes=scope_sets())
    def connect(self, owner, client, scopes):
        """The way that everybody goes: ask for it, be allowed all of it, exchange the code."""
        if not self.clients[client].enabled:
            return
        self.ask(owner, client, scopes, remember=False)
        self.approve(0, scopes)
        self.exchange(0, by=0, own=True, right=True)

    @rule(back=recent, wanted=scope_sets())
    @needs(lambda self: self.asked)
    def approve(self, back, wanted):
        asked = latest(self.asked, back)
        allowed = tuple(scope for scope in asked.scopes if scope in wanted)
        if set(allowed) <= {"offline_access"}:  # a yes to nothing but staying is none
            allowed = asked.scopes
        found = self.scenario.approved(asked.interaction, self.owners[asked.owner][0], allowed)
        assert (found is not None) == self._waits(asked)
        if found is None:
            return
        asked.answered = True
        code, grant_id = found
        client = self.clients[asked.client]
        now = self.now
        grant = self.model.approve(
            (asked.owner, client), set(asked.scopes), set(allowed), opened=asked.opened, now=now
        )
        grant.grant_id = grant.grant_id or grant_id
        assert grant.grant_id == grant_id
        self.model.issue(code, grant, allowed, asked.verifier, self.now)

    @rule(back=recent)
    @needs(lambda self: self.asked)
    def deny(self, back):
        asked = latest(self.asked, back)
        denied = self.scenario.denied(asked.interaction, self.owners[asked.owner][0])
        assert denied == self._waits(asked)
        asked.answered |= denied

    def _waits(self, asked: Asked) -> bool:
        in_time = self.now < asked.opened + INTERACTION_MS
        return in_time and not asked.answered and self.clients[asked.client].enabled

    @rule(back=recent, actor=st.sampled_from(sorted(ENDINGS)))
    @needs(lambda self: self.model.grants)
    def revoke_grant(self, back, actor):
        grant = latest(self.model.grants, back)
        stood = grant.active(self.now)
        assert self.scenario.revoked(grant.grant_id, actor) == stood
        if stood:
            grant.ended = True
            grant.events.append(ENDINGS[actor])

    # the client's side

    @rule(back=recent, by=any_client, own=mostly, right=mostly)
    @needs(lambda self: self.model.codes)
    def exchange(self, back, by, own, right):
        """Any code there ever was, by any client, with any verifier."""
        code = latest(self.model.codes, back)
        by = self._index(code.family.client) if own else by
        verifier = code.verifier if right else WRONG
        expected = self.model.exchange(code, self.clients[by], verifier, self.now)
        with self._alarms(expected):
            answer = self.scenario.exchanged(self.real[by], code.clear, verifier)
        if answered(answer, expected):
            self.model.exchanged(code, *answer.pair, expected.scopes, self.now)

    @rule(back=recent, by=any_client, own=mostly, scopes=scope_sets(0))
    @needs(lambda self: self.model.tokens)
    def refresh(self, back, by, own, scopes):
        """With any token there ever was, access tokens too."""
        token = latest(self.model.tokens, back)
        self._refresh(token, self._index(token.family.client) if own else by, scopes)

    @rule(back=recent, narrow=scope_sets(0))
    @needs(lambda self: self._live_refresh_tokens())
    def go_on(self, back, narrow):
        """As a client does: with the newest token of a family that lives."""
        token = latest(self._live_refresh_tokens(), back)
        wanted = tuple(scope for scope in narrow if scope in token.scopes)
        self._refresh(token, self._index(token.family.client), wanted)

    def _refresh(self, token: ModelToken, by: int, scopes: tuple[str, ...]) -> None:
        expected = self.model.refresh(token, self.clients[by], scopes, self.now)
        with self._alarms(expected):
            answer = self.scenario.refreshed(self.real[by], token.clear, scopes)
        if answered(answer, expected):
            self._rotated(token, answer, expected)

    def _rotated(self, token: ModelToken, answer: Answer, expected: Expected) -> None:
        if expected.successor is not None:
            access, refresh = answer.pair
            assert refresh == expected.successor.clear
            self.model.added(expected.successor, access, expected.scopes, self.now)
        elif expected.repeated is not None:
            assert answer.pair == tuple(one.clear for one in expected.repeated)
        else:
            self.model.rotated(token, *answer.pair, expected.scopes, self.now)

    @rule(back=recent, by=any_client, own=mostly)
    @needs(lambda self: self.model.tokens)
    def revoke_token(self, back, by, own):
        token = latest(self.model.tokens, back)
        client = token.family.client if own else self.clients[by]
        answer = self.scenario.sent("revoke", self.real[self._index(client)], token=token.clear)
        assert answer.status == (200 if client.enabled else 401)
        if client is token.family.client and client.enabled and not token.gone:
            token.family.killed = True

    # several at once

    @rule(back=recent)
    @needs(lambda self: self.model.tokens)
    def refresh_at_once(self, back):
        """A client whose workers all use the token at the same time."""
        token = latest(self.model.tokens, back)
        client = self._index(token.family.client)
        expected = self.model.refresh(token, self.clients[client], (), self.now)
        with self._alarms(expected):
            answers = at_once(lambda _: self.scenario.refreshed(self.real[client], token.clear))
        won = [answer for answer in answers if answered(answer, expected)]
        if expected.successor is None:
            assert len({answer.pair for answer in won}) <= 1
            won = won[:1]
        for answer in won:
            self._rotated(token, answer, expected)

    @rule(back=recent)
    @needs(lambda self: self.model.codes)
    def exchange_at_once(self, back):
        """A code that several send at the same time: one gets tokens, and they are dead at once."""
        code = latest(self.model.codes, back)
        client = self._index(code.family.client)
        first = self.model.exchange(code, self.clients[client], code.verifier, self.now)
        then = self.model.exchange(code, self.clients[client], code.verifier, self.now)
        with self._alarms(Expected(alarm=then.alarm if first.alarm is False else first.alarm)):
            answers = at_once(lambda _: self.scenario.exchanged(self.real[client], code.clear, code.verifier))
        won = [answer for answer in answers if answer.status == 200]
        assert len(won) == (not first.error)
        assert all((answer.error or "") == then.error for answer in answers if answer.status != 200)
        for answer in won:
            self.model.exchanged(code, *answer.pair, first.scopes, self.now)

    @rule(back=recent, token_only=st.booleans())
    @needs(lambda self: self._live_refresh_tokens())
    def revoke_while_refreshing(self, back, token_only):
        """Whoever is first: nothing lives afterwards."""
        token = latest(self._live_refresh_tokens(), back)
        expected = self.model.refresh(token, token.family.client, (), self.now)
        client, grant = self.real[self._index(token.family.client)], token.family.grant

        def work(number):
            if number:
                return self.scenario.refreshed(client, token.clear)
            if token_only:
                return self.scenario.sent("revoke", client, token=token.clear).status == 200
            return self.scenario.revoked(grant.grant_id, ActorType.OWNER)

        revoked, answer = at_once(work, 2)
        assert revoked
        if token_only:
            token.family.killed = True
        else:
            grant.ended = True
            grant.events.append("withdrawn")
        if answer.status == 200:
            self._rotated(token, answer, expected)
        else:
            assert answer.error == "invalid_grant"

    # everything else

    @rule(client=any_client, enabled=mostly)
    def switch(self, client, enabled):
        self.scenario.update_client(self.real[client], enabled=enabled)
        self.clients[client].enabled = enabled

    @rule(ms=st.sampled_from([1, 4_999, GRACE_MS - 1, GRACE_MS, 60_000, 600_000, 3_600_000, DAY, 2 * DAY]))
    def wait(self, ms):
        self.scenario.clock.advance(ms)

    @rule()
    def purge(self):
        self.scenario.storage.purge(self.now, 100_000)
        self.model.purged(self.now)

    # what has to hold

    @invariant()
    def what_is_live_is_live_and_nothing_else(self):
        self.tally.steps += 1
        for token in self.model.tokens:
            wanted = token.live(self.now)
            answer = self._introspect(token)
            if answer is None:
                continue
            assert answer.get("active", False) is wanted, (token, answer)
            if wanted:
                assert answer["scope"] == " ".join(token.allowed())
                assert answer["grant_id"] == token.family.grant.grant_id
                assert answer["exp"] == min(token.expires_at, token.family.grant.expires_at) // 1000
            else:
                assert answer in ({"active": False}, {})

    def _introspect(self, token: ModelToken) -> dict | None:
        client = token.family.client
        real = self.real[self._index(client)]
        if token.kind == "access":
            return self.scenario.introspected(self.scenario.api, token.clear)
        if client.public or not client.enabled:
            assert self.scenario.stands(real, token.clear) is token.live(self.now)
            return None
        return self.scenario.introspected(real, token.clear)

    def teardown(self):
        for grant in self.model.grants:
            told = [event for event in self.scenario.events(grant.grant_id) if event not in SECURITY]
            assert told == grant.events

    # helpers

    def _index(self, client: ModelClient) -> int:
        return self.clients.index(client)

    def _live_refresh_tokens(self) -> list[ModelToken]:
        return [token for token in self.model.tokens if token.kind == "refresh" and token.live(self.now)]

    def _alarms(self, expected: Expected) -> Alarms:
        return Alarms(self.scenario, expected.alarm)


def machine(name: str, make_storage: Callable[[], object]) -> type[LifeCycle]:
    """A machine of its own over one store."""
    members = {
        "make_storage": staticmethod(make_storage),
        "time": ManualClock(),
        "tally": Tally(),
    }
    return type(name, (LifeCycle,), members)
