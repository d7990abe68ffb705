"""Puts into the store what the operations ask about, through the storage port."""

from __future__ import annotations

import hashlib
import secrets
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from bench.dpop import Prover
from bench.operations import Client, Operation, World
from bench.servers import Failed
from consentcore.domain import client as domain
from consentcore.domain.clock import DAY, HOUR, MINUTE
from consentcore.domain.exchange import Consumed, Redemption
from consentcore.domain.grant import Grant
from consentcore.domain.grant_states import GrantState
from consentcore.domain.owner import Owner, OwnerSession
from consentcore.domain.scope import ScopeType
from consentcore.domain.secret import ACCESS, CLIENT_SECRET, CODE, REFRESH, SESSION, digest, mint
from consentcore.domain.token import Code, NewToken, TokenKind
from consentcore.keys.seals import sealed
from consentcore.oauth.codes import PROOF_BYTES
from consentcore.oauth.token_seals import sealed_token
from consentcore.web.session import cookie_name

if TYPE_CHECKING:
    from consentcore.runtime import Runtime

OWNERS = 200
FAMILIES = 200
REDIRECT_URI = "https://app.example/callback"
BATCH = 500
THREADS = 4


@dataclass
class Seeder:
    """Knows the runtime and the grants that further codes are made under."""

    runtime: Runtime
    world: World
    grants: list[Grant]
    prover: Prover

    def top_up(self, operation: Operation, seconds: float) -> None:
        """Make sure that what ``operation`` uses up lasts for about so many seconds."""
        world, wanted = self.world, int(operation.single_use_per_s * seconds)
        # Where the disk is slow, less is used up, and seeding takes as long as that.
        until = time.monotonic() + 2 * seconds
        while operation.name == "code" and len(world.codes) < wanted and time.monotonic() < until:
            self.add_codes(BATCH)
        if operation.name == "dpop":
            self.make_proofs(wanted)
        while operation.name == "revoke" and len(world.revocable) < wanted and time.monotonic() < until:
            self.add_revocable(BATCH)

    def add_revocable(self, count: int) -> None:
        """Store families that nothing but a revocation uses."""
        self.world.revocable.extend(refresh for _, refresh in self.add_families(count))

    def make_proofs(self, count: int) -> None:
        """Replace the proofs by new ones: they are good for a minute."""
        self.world.proofs.clear()
        self.world.proofs.extend(self.prover.proof() for _ in range(count))

    def add_codes(self, count: int) -> None:
        """Store codes that are good for ten minutes."""
        self.world.codes.extend(text for text, _ in self._codes(count))

    def add_families(self, count: int) -> list[tuple[str, str]]:
        """Store codes and exchange them; the access and refresh tokens."""
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(self._redeem, (code for _, code in self._codes(count))))

    def _codes(self, count: int) -> list[tuple[str, Code]]:
        made = [self._code(number) for number in range(count)]
        rest = iter(made)
        while batch := list(islice(rest, BATCH)):
            with self.runtime.storage.transaction() as uow:
                for _, code in batch:
                    uow.tokens.add_code(code)
        return made

    def _code(self, number: int) -> tuple[str, Code]:
        grant, text, now = self.grants[number % len(self.grants)], mint(CODE), self.runtime.clock.now()
        code = Code(
            code_hash=digest(text),
            family_id=str(uuid.uuid4()),
            grant_id=grant.grant_id,
            client_id=grant.client_id,
            redirect_uri=REDIRECT_URI,
            redirect_uri_given=True,
            code_challenge=self.world.client.challenge,
            scopes=grant.scope_ids,
            created_at=now,
            expires_at=now + 10 * MINUTE,
            family_proof=secrets.token_bytes(PROOF_BYTES),
        )
        return text, sealed(self.runtime.keys, code)

    def _redeem(self, code: Code) -> tuple[str, str]:
        access, refresh, now = mint(ACCESS), mint(REFRESH), self.runtime.clock.now()
        seal = partial(sealed_token, self.runtime.keys, source=code, proof=code.family_proof, now=now)
        outcome = self.runtime.storage.protocol.consume_code(
            Redemption(
                code.code_hash,
                code.client_id,
                now,
                seal(NewToken(digest(access), code.scopes, now + HOUR), kind=TokenKind.ACCESS),
                seal(NewToken(digest(refresh), code.scopes, now + DAY), kind=TokenKind.REFRESH),
            )
        )
        if outcome != Consumed():
            raise Failed(f"a code could not be exchanged while seeding: {outcome}")
        return access, refresh


def seed(runtime: Runtime) -> Seeder:
    """Store one confidential client, owners with a grant and a session each, and tokens."""
    scopes = [scope for scope in runtime.catalog.scopes.values() if scope.type is ScopeType.READ][:2]
    client = _client(" ".join(scope.scope_id for scope in scopes))
    now = runtime.clock.now()
    grants = list(_grants(client.client_id, tuple(sorted(scope.reference for scope in scopes)), now))
    world = World(client, runtime.settings.oauth.prefix)
    with runtime.storage.transaction() as uow:
        uow.clients.add(_registered(client, now))
        for number, grant in enumerate(grants):
            uow.owners.add(Owner(grant.owner_id, f"owner{number}@example.org", now))
            uow.grants.add(grant)
            cookie, session = _session(runtime, grant.owner_id, now)
            uow.owners.add_session(session)
            world.cookies.append(cookie)
    seeder = Seeder(runtime, world, grants, Prover(runtime.settings.endpoint_url("token")))
    world.bound.extend(refresh for _, refresh in seeder.add_families(FAMILIES))
    pairs = seeder.add_families(FAMILIES)
    world.access.extend(access for access, _ in pairs)
    world.refresh.extend(refresh for _, refresh in pairs)
    return seeder


def _client(scope: str) -> Client:
    verifier = secrets.token_urlsafe(48)
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return Client("bench", mint(CLIENT_SECRET), REDIRECT_URI, scope, challenge, verifier)


def _registered(client: Client, now: int) -> domain.Client:
    return domain.Client(
        client_id=client.client_id,
        name="Benchmark",
        created_at=now,
        secrets=(domain.ClientSecret(digest(client.secret), now),),
        redirect_uris=(client.redirect_uri,),
        scopes=tuple(client.scope.split()),
    )


def _grants(client_id: str, scopes: tuple[str, ...], now: int) -> Iterator[Grant]:
    for _ in range(OWNERS):
        yield Grant(
            grant_id=str(uuid.uuid4()),
            owner_id=str(uuid.uuid4()),
            client_id=client_id,
            state=GrantState.ACTIVE,
            scopes=scopes,
            created_at=now,
            changed_at=now,
            expires_at=now + 30 * DAY,
        )


def _session(runtime: Runtime, owner_id: str, now: int) -> tuple[str, OwnerSession]:
    """The cookie of a signed-in browser, as consentcore.web.session writes it, and what the store keeps of it."""
    sid = mint(SESSION)
    mac = urlsafe_b64encode(runtime.keys.mac("session", sid.encode())[:24]).decode()
    cookie = f"{cookie_name(bool(runtime.settings.web.secure_cookies))}={sid}.{mac}"
    return cookie, OwnerSession(digest(sid), owner_id, now, now + 12 * HOUR, now)
