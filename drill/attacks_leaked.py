"""Attacks by somebody who has the database, and a key that has leaked. The operator has rotated by
``keys rotate --now``, the log says that the key is over, and records were sealed anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from consentcore.consent import forgetting, ledger
from consentcore.domain.clock import HOUR, SystemClock
from consentcore.domain.owner import OwnerIdentity, OwnerTicket
from consentcore.domain.token import Code
from consentcore.jose.rules import registry
from consentcore.keys.seals import seal_of, sealed
from consentcore.oauth.signing_keys import ALGORITHMS, SigningKeys
from drill.attack import NOTHING, Attack, By, Who
from drill.attacks_access import ONLY_REFUSED
from drill.attacks_backup import consent_with
from drill.attacks_ledger import REFUSED, VERIFY
from drill.means import (
    FORGED,
    consents,
    digest,
    ended_session_works,
    forged_works,
    sign_in_works,
    somebody_is_told,
    token_works,
)
from drill.stage import Stage
from drill.story import ADA, GRACE, NEW_PASSWORD
from tests.support.command_line import call
from tests.support.platform import PREFIX, Platform, Request, answer, sign_in

REVOKED = "which was revoked"
WORD = ("--as-they-stand", "all", "--reason", "the database is on another network")
SECRET = "e" * 43
KNOWN = "known to eve 1"
With = Callable[[Stage, Platform], object]


def reseal(stage: Stage, *words: str) -> int:
    """``keys reseal``; its exit code."""
    return call("keys", "reseal", *words, "-c", str(stage.ini)).code


def leaked(attack: With, *, word: tuple[str, ...] = WORD) -> Callable[[Stage], None]:
    """A key leaks, the operator rotates at once, a worker states that, and records are sealed anew; then the attack, with
    the product under the leaked key; and the operator seals anew once more.

    :param word: what the operator has given their word for.
    """

    def whole(stage: Stage) -> None:
        stage.rotate_at_once()
        stage.work()
        stage.stop()
        assert reseal(stage, *word) == 0, "nothing was sealed anew"
        platform = stage.started(stage.with_keys_of("now"))
        attack(stage, platform)
        platform.runtime.close()
        assert reseal(stage) == 0
        assert reseal(stage, "--as-they-stand", "tokens", "--reason", "again") == (2 if word else 0)

    return whole


def _write(change: Callable[[Stage, Any], object]) -> With:
    """Write through the product: what it stores is sealed with the leaked key."""

    def attack(stage: Stage, platform: Platform) -> None:
        with platform.runtime.storage.transaction() as uow:
            change(stage, uow)

    return attack


def _token(stage: Stage, platform: Platform) -> None:
    known = digest(stage.facts.tokens["grace shiftplan"]["access_token"])
    found = platform.runtime.storage.bare.protocol.find_token("api", known)
    forged = replace(found.token, token_hash=digest(FORGED))
    (row,) = stage.rows("token", lambda row: bytes(row["token_hash"]) == known)
    seal = seal_of(platform.runtime.keys, forged, found.family_proof)
    stage.insert("token", **{**row, "token_hash": forged.token_hash, "seal": seal})


def _code(stage: Stage, platform: Platform) -> None:
    now = SystemClock().now()
    code = Code(
        code_hash=digest(SECRET),
        family_id="f" * 32,
        grant_id=stage.facts.grants["grace shiftplan"],
        client_id="shiftplan",
        redirect_uri="https://coolsite.example/callback",
        redirect_uri_given=True,
        code_challenge="",
        scopes=("sites.read",),
        created_at=now,
        expires_at=now + HOUR,
        family_proof=b"p" * 16,
    )
    assert platform.runtime.storage.protocol.issue_code(sealed(platform.runtime.keys, code))


def _code_works(stage: Stage) -> bool:
    body = {
        "grant_type": "authorization_code",
        "code": SECRET,
        "redirect_uri": "https://coolsite.example/callback",
        "client_id": "shiftplan",
        "client_secret": stage.platform.secrets["shiftplan"],
    }
    answer = stage.platform.browser().post(f"{PREFIX}/token", body, expect_errors=True)
    return bool(answer.status_int == 200)


def _wider_grant(stage: Stage, platform: Platform) -> None:
    keys, bare = platform.runtime.keys, platform.runtime.storage.bare
    with bare.transaction() as uow:
        grant = uow.grants.get(stage.facts.grants["grace shiftplan"], lock=True)
        wider = replace(grant, scopes=tuple(sorted({*grant.scopes, "alarms.read@1"})), key_id=keys.current_id)
        wider = replace(wider, seal=ledger.seal_of(keys, wider))
        uow.grants.update(wider, expected_sequence=grant.sequence)


def _wider_and_amended(stage: Stage, platform: Platform) -> None:
    _wider_grant(stage, platform)
    browser = stage.platform.browser()
    login = browser.get(Request(client_id="shiftplan", scope="sites.read").url).follow()
    answer(sign_in(browser, login, GRACE, NEW_PASSWORD), "approve")
    stage.stop()


def _is_wider(stage: Stage) -> bool:
    """Whether a row that counts covers what nobody agreed to."""
    row = consents(stage, "grace shiftplan")
    return "alarms.read" in row["scopes"] and row["key_id"] == stage.runtime.keys.current_id


def _session(stage: Stage, platform: Platform) -> None:
    """The row behind a cookie that the attacker holds, sealed with the leaked key."""
    stage.put_back("early", "owner_session")
    now = SystemClock().now()
    with platform.runtime.storage.bare.transaction() as uow:
        (session,) = uow.owners.sessions(stage.facts.owners["grace"], now)[-1:]
        uow.owners.end_session(session.session_hash)
        uow.owners.add_session(sealed(platform.runtime.keys, session))


def _ticket(stage: Stage, uow: Any) -> None:
    now = SystemClock().now()
    uow.tickets.add(OwnerTicket(digest(SECRET), "password_reset", stage.facts.owners["ada"], now, now + HOUR))


def _ticket_works(stage: Stage) -> bool:
    with stage.runtime.storage.reading() as uow:
        return uow.tickets.get(digest(SECRET), SystemClock().now()) is not None


def _identity(stage: Stage, uow: Any) -> None:
    uow.identities.add(OwnerIdentity("https://login.example", "eve", stage.facts.owners["ada"], 1))


def _identity_works(stage: Stage) -> bool:
    with stage.runtime.storage.reading() as uow:
        return uow.identities.get("https://login.example", "eve") is not None


def _notice(stage: Stage, platform: Platform) -> None:
    """Of a withdrawal that never was."""
    _forge_notice(stage, platform, notice_id="e" * 36)


def _replaced_notice(stage: Stage, platform: Platform) -> None:
    """The notice of a consent says that it was withdrawn, and is to be told anew."""
    (event_id,) = stage.sql(
        "SELECT event_id FROM consent_event WHERE grant_id = :id", id=stage.facts.grants["grace shiftplan"]
    )[0]
    for table in ("delivery_attempt", "delivery", "notice"):
        stage.sql(f"DELETE FROM {table}")
    _forge_notice(stage, platform, notice_id=event_id)


def _forge_notice(stage: Stage, platform: Platform, **changes: Any) -> None:
    then = next(row for row in stage.backups["now"].rows["notice"] if row["kind"] == "consent.revoked")
    stage.insert("notice", **{**then, "notice_id": "f" * 36, "expanded_at": 1, "feed_index": None})
    bare = platform.runtime.storage.bare
    with bare.reading() as uow:
        notice = uow.notices.several(["f" * 36])["f" * 36]
    stage.sql("DELETE FROM notice WHERE notice_id = :id", id="f" * 36)
    with bare.transaction() as uow:
        uow.notices.add(sealed(platform.runtime.keys, replace(notice, **changes)))


def _delivery(stage: Stage, platform: Platform) -> None:
    """One that was sent waits again, with another text, or for somebody else."""
    for kind, lie in (("webhook", {"body": b"a lie"}), ("smtp", {"target": "client"})):
        for row in stage.rows("delivery", lambda row, kind=kind: row["notifier"] == kind):
            known = {one.record.delivery_id: one.record for one in _all(platform, "deliveries")}
            forged = sealed(platform.runtime.keys, replace(known[row["delivery_id"]], **lie))
            stage.sql(
                "DELETE FROM delivery_attempt; DELETE FROM delivery WHERE delivery_id = :id",
                id=forged.delivery_id,
            )
            new = {**lie, "seal": forged.seal, "state": "pending", "next_at": 1, "finished_at": None}
            stage.insert("delivery", **{**row, **new})
            break


def _all(platform: Platform, kind: str) -> list[Any]:
    from consentcore.ports.seals import SealedKind

    with platform.runtime.storage.bare.reading() as uow:
        return list(uow.seals.page(SealedKind(kind), limit=1000)[0])


def _address(stage: Stage, uow: Any) -> None:
    uow.owners.update(replace(uow.owners.get(stage.facts.owners["ada"]), email="eve@example.org"))


def _application(_stage: Stage, uow: Any) -> None:
    uow.clients.update(replace(uow.clients.get("coolsite"), redirect_uris=("https://eve.example/",)))


def _endpoint(stage: Stage, uow: Any) -> None:
    uow.clients.update_endpoint(
        replace(uow.clients.endpoint(stage.facts.endpoint), url="https://eve.example/")
    )


def _words(stage: Stage, platform: Platform) -> None:
    one = _all(platform, "words")[0].record
    forged = sealed(platform.runtime.keys, replace(one, content=one.content.replace("a", "e")))
    stage.sql(
        "UPDATE pinned_scope SET content = :content, seal = :seal WHERE scope_id = :id",
        content=forged.content,
        seal=forged.seal,
        id=one.scope_id,
    )


def _page_date(stage: Stage, platform: Platform) -> None:
    for row in _all(platform, "pages"):
        forged = sealed(platform.runtime.keys, replace(row.record, created_at=1))
        stage.sql(
            "UPDATE notice_snapshot SET created_at = 1, seal = :seal WHERE snapshot_hash = :id",
            seal=forged.seal,
            id=forged.snapshot_hash,
        )


def _tombstone(stage: Stage, platform: Platform) -> None:
    (row, *_) = stage.rows("disclosure")
    one = forgetting.make_tombstone(platform.runtime.keys, row["digest"], 1, "erasure")
    stage.sql("DELETE FROM disclosure WHERE digest = :id", id=one.subject)
    stage.insert(
        "tombstone", subject=one.subject, forgotten_at=1, reason="erasure", key_id=one.key_id, seal=one.seal
    )


def _checkpoint_date(stage: Stage, platform: Platform) -> None:
    from consentcore.consent.evidence import heads

    with platform.runtime.storage.bare.reading() as uow:
        first = uow.ledger.checkpoints(limit=1)[0]
    seal = heads.seal_of(platform.runtime.keys, replace(first, created_at=1))
    stage.sql(
        "UPDATE checkpoint SET created_at = 1, seal = :seal WHERE size = :size", seal=seal, size=first.size
    )


class _Jwt:
    """An access token that APIs check by themselves (RFC 9068)."""

    text = ""

    def sign(self, stage: Stage, platform: Platform) -> None:
        """Sign one for Ada's data."""
        signing = SigningKeys(platform.runtime.keys)
        self.text = signing.sign("at+jwt", json.dumps({"sub": stage.facts.owners["ada"]}).encode())

    def __call__(self, stage: Stage) -> bool:
        """Whether it verifies with what is published."""
        published = KeySet.import_key_set(json.loads(json.dumps(stage.runtime.server.jwks())))
        try:
            jws.deserialize_compact(self.text, published, list(ALGORITHMS), registry(ALGORITHMS))
        except JoseError:
            return False
        return True


def _password(stage: Stage, platform: Platform) -> None:
    with platform.runtime.storage.transaction() as uow:
        platform.runtime.login.set_password(uow, stage.facts.owners["ada"], KNOWN)


def _attack(
    what: str, does: With, found: frozenset[By], says: str = "", works: Callable[[Stage], bool] | None = None
) -> Attack:
    return Attack(f"{what} with the leaked key", Who.LEAKED, leaked(does), found, says, works)


jwt = _Jwt()
ATTACKS = (
    _attack("a consent forged", lambda stage, _: consent_with("now")(stage), VERIFY, "which was over before"),
    _attack(
        "a grant's row widened, and amended by its owner before anybody looks,",
        _wider_and_amended,
        ONLY_REFUSED,
        works=_is_wider,
    ),
    _attack("a grant's row widened", _wider_grant, REFUSED, REVOKED, token_works("grace shiftplan")),
    _attack("an access token inserted", _token, ONLY_REFUSED, works=forged_works),
    _attack("an authorization code inserted", _code, ONLY_REFUSED, works=_code_works),
    _attack("a JWT signed", jwt.sign, ONLY_REFUSED, works=jwt),
    _attack("a session that was over inserted", _session, REFUSED, works=ended_session_works),
    _attack("a link that resets a password inserted", _write(_ticket), ONLY_REFUSED, works=_ticket_works),
    _attack(
        "an identity elsewhere inserted for an owner", _write(_identity), REFUSED, REVOKED, _identity_works
    ),
    _attack("a password replaced", _password, REFUSED, REVOKED, sign_in_works(ADA, KNOWN)),
    _attack("a notice inserted", _notice, ONLY_REFUSED, works=somebody_is_told),
    _attack("a notice replaced", _replaced_notice, REFUSED, "its notice", somebody_is_told),
    _attack("a delivery changed", _delivery, ONLY_REFUSED, works=somebody_is_told),
    _attack("an owner's address changed", _write(_address), VERIFY, REVOKED),
    _attack("an application's redirect URIs changed", _write(_application), VERIFY, REVOKED),
    _attack("where webhooks go changed", _write(_endpoint), VERIFY, REVOKED),
    _attack("the pinned text of a scope changed", _words, VERIFY, REVOKED),
    _attack("when a page was first shown changed", _page_date, VERIFY, REVOKED),
    _attack("a personal value deleted, with a tombstone", _tombstone, VERIFY, "is not ours"),
    Attack(
        "the time of a checkpoint from before its end changed with the leaked key",
        Who.LEAKED,
        leaked(_checkpoint_date),
        NOTHING,
        why="its head, on which all proofs lean, cannot be another; anchors and receipts know when there was one",
    ),
    Attack(
        "a password replaced with the leaked key before records were sealed anew, which nobody gave their word for",
        Who.LEAKED,
        leaked(_password, word=()),
        REFUSED,
        REVOKED,
        sign_in_works(ADA, KNOWN),
    ),
)
