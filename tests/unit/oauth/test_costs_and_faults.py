"""What an answer costs in statements, and what happens when the storage fails."""

from __future__ import annotations

import pytest

from consentcore.api import StorageConflict, StorageError, StorageUnavailable

SECRET = "factories-client-secret"
READS = ("read_authorize", "read_code", "find_token")
WRITES = ("issue_code", "consume_code", "rotate_refresh", "kill_family", "open_interaction")


class Counted:
    """The protocol face of a storage, with a list of the verbs that were called."""

    def __init__(self, real):
        self.real = real
        self.called = []

    def __getattr__(self, name):
        verb = getattr(self.real, name)

        def call(*args):
            self.called.append(name)
            return verb(*args)

        return call


@pytest.fixture
def counted(scenario):
    scenario.storage.protocol = Counted(scenario.storage.protocol)
    return scenario.storage.protocol


def test_one_read_and_one_write(scenario, counted):
    def calls(work):
        counted.called.clear()
        work()
        return list(counted.called)

    pending = scenario.pending()
    grant = scenario.grant_for(scenario.client)
    assert calls(scenario.pending) == ["read_authorize"]
    assert calls(lambda: scenario.server.authorization.issue_code(pending.request, grant)) == ["issue_code"]
    code = scenario.code()
    tokens = {}
    assert calls(lambda: tokens.update(scenario.exchange(code).json)) == ["read_code", "consume_code"]
    first = tokens["refresh_token"]
    assert calls(lambda: tokens.update(scenario.refresh(first).json)) == ["find_token", "rotate_refresh"]
    assert calls(lambda: scenario.introspect(tokens["access_token"])) == ["find_token"]
    assert calls(lambda: scenario.post("revoke", {"token": tokens["access_token"]})) == [
        "find_token",
        "kill_family",
    ]


def test_failures_do_not_write(scenario, counted):
    code = scenario.code(code_challenge="x" * 43)
    counted.called.clear()
    scenario.exchange(code, auth=("app", "wrong"))
    scenario.exchange(code, code_verifier="y" * 43)
    scenario.exchange(scenario.code(), redirect_uri="https://evil.example/")
    scenario.exchange("unknown")
    scenario.refresh("unknown")
    scenario.post("revoke", {"token": "unknown"})
    scenario.post("token", {"grant_type": "password"})
    assert set(counted.called) <= {*READS, "issue_code"}  # issue_code is the fixture's own


def fail_with(protocol, error, names):
    def broken(*_args):
        raise error

    for name in names:
        setattr(protocol, name, broken)


@pytest.mark.parametrize("names", [READS, WRITES], ids=["reads", "writes"])
@pytest.mark.parametrize("error", [StorageUnavailable("down"), StorageConflict("again"), StorageError("odd")])
def test_a_storage_that_fails_is_503_and_never_200(scenario, names, error):
    code, tokens = scenario.code(), scenario.tokens()
    fail_with(scenario.storage.protocol, error, names)
    asked = [
        (
            "token",
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": "https://app.example/callback",
            },
        ),
        ("token", {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}),
        ("revoke", {"token": tokens["access_token"]}),
    ]
    if names is READS:
        asked.append(("introspect", {"token": tokens["access_token"]}))
    for endpoint, parameters in asked:
        answer = scenario.post(endpoint, parameters)
        assert (answer.status, answer.error) == (503, "temporarily_unavailable")
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Cache-Control"] == "no-store"


def test_55_a_revocation_that_was_not_stored_is_not_answered_with_200(scenario):
    token = scenario.tokens()["access_token"]
    fail_with(scenario.storage.protocol, StorageUnavailable("disk full"), ["kill_family"])
    assert scenario.post("revoke", {"token": token}).status == 503
    assert scenario.introspect(token)["active"] is True


def test_a_replay_is_not_answered_before_the_family_is_dead(scenario):
    code = scenario.code()
    scenario.exchange(code)

    def broken(*_args):
        raise StorageUnavailable("down")

    scenario.server = scenario.make_server(compromised=broken)
    assert scenario.exchange(code).status == 503


def test_a_collision_is_tried_again(scenario):
    code = scenario.code()
    real, tries = scenario.storage.protocol.consume_code, []

    def collides_twice(redemption):
        tries.append(redemption)
        if len(tries) < 3:
            raise StorageConflict("serialization")
        return real(redemption)

    scenario.storage.protocol.consume_code = collides_twice
    assert scenario.exchange(code).status == 200
    assert len(tries) == 3


def test_who_has_waited_for_a_lock_twice_does_not_wait_again(scenario):
    """Else one writer that holds the database would take every thread for five times the waiting time."""
    code, tries = scenario.code(), []

    class Locked(StorageConflict, StorageUnavailable):
        pass

    def locked(redemption):
        tries.append(redemption)
        raise Locked("another writer")

    scenario.storage.protocol.consume_code = locked
    assert scenario.exchange(code).status == 503
    assert len(tries) == 2


def test_the_authorization_endpoint_leaves_a_failing_storage_to_the_page(scenario):
    fail_with(scenario.storage.protocol, StorageUnavailable("down"), READS)
    with pytest.raises(StorageUnavailable):
        scenario.authorize(client_id="app", response_type="code")
