"""The operations that are measured: what is asked, and what counts as a good answer."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from bench.wire import Answer, get, post


@dataclass(frozen=True)
class Client:
    """The confidential client that asks for everything, as its developer knows it."""

    client_id: str
    secret: str
    redirect_uri: str
    scope: str
    challenge: str
    verifier: str


@dataclass
class World:
    """What there is to ask about. Operations feed each other: a code from authorize is exchanged, and so on.

    :ivar cookies: of signed-in owners with a standing grant.
    :ivar codes: not exchanged yet.
    :ivar refresh: refresh tokens, one of each family.
    :ivar bound: the same, for refreshes with a proof of possession.
    :ivar proofs: of possession for the token endpoint, each good for one request of the next minute.
    :ivar access: live access tokens.
    :ivar revocable: tokens, one of each family, that nothing else uses.
    """

    client: Client
    prefix: str
    host: str = "bench.example"
    cookies: deque[str] = field(default_factory=deque)
    codes: deque[str] = field(default_factory=deque)
    refresh: deque[str] = field(default_factory=deque)
    bound: deque[str] = field(default_factory=deque)
    proofs: deque[str] = field(default_factory=deque)
    access: deque[str] = field(default_factory=deque)
    revocable: deque[str] = field(default_factory=deque)


class Operation(ABC):
    """One operation. ``floor`` names the operation of the floor with the same mix of statements."""

    name: ClassVar[str]
    floor: ClassVar[str]
    writes: ClassVar[bool] = True
    single_use_per_s: ClassVar[int] = 0
    """For what is used up: how many a second there should be at least."""

    def __init__(self, world: World) -> None:
        self.world = world

    @abstractmethod
    def next(self) -> bytes | None:
        """The next request; None when nothing is left."""

    @abstractmethod
    def accept(self, answer: Answer) -> str:
        """Judge an answer: "" for a good one, else the kind of error."""

    def form(self, path: str, fields: dict[str, str], proof: str = "") -> bytes:
        """A POST with the client's credentials in the body."""
        client = self.world.client
        credentials = {"client_id": client.client_id, "client_secret": client.secret}
        return post(self.world.host, path, {**fields, **credentials}, proof)


class Authorize(Operation):
    """``GET authorize`` by a signed-in owner whose consent is remembered: leads straight back with a code."""

    name = "authorize"
    floor = "raw2"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        client = world.client
        query = {
            "response_type": "code",
            "client_id": client.client_id,
            "redirect_uri": client.redirect_uri,
            "scope": client.scope,
            "state": "a-state-of-the-client",
            "code_challenge": client.challenge,
            "code_challenge_method": "S256",
        }
        self._target = f"{world.prefix}/authorize?{urlencode(query, quote_via=quote)}"

    def next(self) -> bytes | None:
        cookies = self.world.cookies
        cookies.rotate(-1)
        return get(self.world.host, self._target, cookies[0])

    def accept(self, answer: Answer) -> str:
        if answer.status not in (302, 303) or not answer.location.startswith(self.world.client.redirect_uri):
            return f"authorize: {answer.status} without a redirect to the client"
        code = parse_qs(urlsplit(answer.location).query).get("code")
        if not code:
            return "authorize: no code"
        self.world.codes.append(code[0])
        return ""


class Exchange(Operation):
    """``POST token`` with a code."""

    name = "code"
    floor = "raw2"
    single_use_per_s = 2500

    def next(self) -> bytes | None:
        world = self.world
        if not world.codes:
            return None
        fields = {
            "grant_type": "authorization_code",
            "code": world.codes.popleft(),
            "redirect_uri": world.client.redirect_uri,
            "code_verifier": world.client.verifier,
        }
        return self.form(f"{self.world.prefix}/token", fields)

    def accept(self, answer: Answer) -> str:
        tokens = _tokens(answer)
        if tokens is None:
            return f"code: {answer.status}"
        self.world.revocable.append(tokens[1])
        return ""


class Refresh(Operation):
    """``POST token`` with a refresh token, which is rotated: the successor is used in its turn."""

    name = "refresh"
    floor = "raw2"

    def next(self) -> bytes | None:
        pool = self.world.refresh
        if not pool:
            return None
        return self.form(
            f"{self.world.prefix}/token", {"grant_type": "refresh_token", "refresh_token": pool.popleft()}
        )

    def accept(self, answer: Answer) -> str:
        tokens = _tokens(answer)
        if tokens is None:
            return f"refresh: {answer.status}"
        self.world.refresh.append(tokens[1])
        return ""


class BoundRefresh(Operation):
    """The same with a proof of possession (RFC 9449): the new access token is bound to its key."""

    name = "dpop"
    floor = "raw2"
    single_use_per_s = 1500

    def next(self) -> bytes | None:
        pool, proofs = self.world.bound, self.world.proofs
        if not pool or not proofs:
            return None
        fields = {"grant_type": "refresh_token", "refresh_token": pool.popleft()}
        return self.form(f"{self.world.prefix}/token", fields, proofs.popleft())

    def accept(self, answer: Answer) -> str:
        tokens = _tokens(answer, "DPoP")
        if tokens is None:
            return f"dpop: {answer.status}"
        self.world.bound.append(tokens[1])
        return ""


class Introspect(Operation):
    """``POST introspect`` of a live access token by the client that it was issued to."""

    name = "introspect"
    floor = "raw1"
    writes = False

    def next(self) -> bytes | None:
        access = self.world.access
        access.rotate(-1)
        return self.form(f"{self.world.prefix}/introspect", {"token": access[0]})

    def accept(self, answer: Answer) -> str:
        try:
            active = answer.status == 200 and json.loads(answer.body)["active"]
        except (ValueError, KeyError, TypeError):
            return "introspect: not what RFC 7662 says"
        return "" if active is True else f"introspect: {answer.status} not active"


class Revoke(Operation):
    """``POST revoke`` of a refresh token: its family dies."""

    name = "revoke"
    floor = "raw2"
    single_use_per_s = 3500

    def next(self) -> bytes | None:
        pool = self.world.revocable
        return self.form(f"{self.world.prefix}/revoke", {"token": pool.popleft()}) if pool else None

    def accept(self, answer: Answer) -> str:
        return "" if answer.status == 200 else f"revoke: {answer.status}"


class Floor(Operation):
    """A request of the floor's application, with a body like that of a refresh."""

    def next(self) -> bytes | None:
        token = "ccr_" + "x" * 49
        return self.form(f"/{self.name}", {"grant_type": "refresh_token", "refresh_token": token})

    def accept(self, answer: Answer) -> str:
        return "" if answer.status == 200 else f"{self.name}: {answer.status}"


class Bare(Floor):
    """No SQL: what a request costs before anything is done."""

    name = floor = "bare"
    writes = False


class Raw1(Floor):
    """One indexed SELECT by the driver."""

    name = floor = "raw1"
    writes = False


class Raw2(Floor):
    """One indexed SELECT and one INSERT in one transaction, by the driver."""

    name = floor = "raw2"


def _tokens(answer: Answer, kind: str = "Bearer") -> tuple[str, str] | None:
    if answer.status != 200:
        return None
    try:
        members = json.loads(answer.body)
        if members["token_type"] != kind:
            return None
        return members["access_token"], members["refresh_token"]
    except (ValueError, KeyError, TypeError):
        return None


# In this order, because each feeds those after it.
MEASURED: dict[str, type[Operation]] = {
    kind.name: kind for kind in (Authorize, Exchange, Refresh, BoundRefresh, Introspect, Revoke)
}
FLOORS: dict[str, type[Operation]] = {kind.name: kind for kind in (Bare, Raw1, Raw2)}
