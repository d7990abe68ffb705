"""What is live: a small model of grants, families, codes and tokens, kept beside the real thing.

It knows no hashes, transactions or statements, only the rules: a token is live while its grant is active, its client
enabled, its family sound and its time not over. Times are milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

OFFLINE = "offline_access"
SECOND, HOUR, DAY = 1000, 3_600_000, 86_400_000
CODE_MS, ACCESS_MS, REFRESH_MS, OFFLINE_MS, GRACE_MS = 60 * SECOND, HOUR, DAY, 2 * DAY, 60 * SECOND
GRANT_MS = 5 * DAY
INTERACTION_MS = 600 * SECOND


@dataclass
class ModelClient:
    client_id: str
    public: bool
    enabled: bool = True


@dataclass
class ModelGrant:
    owner: int
    client: ModelClient
    scopes: set[str]
    expires_at: int
    ended: bool = False
    events: list[str] = field(default_factory=list)
    grant_id: str = ""

    def active(self, now: int) -> bool:
        return not self.ended and now < self.expires_at


@dataclass
class ModelFamily:
    """The tokens that descend from one code.

    :ivar forgotten: a purge has come after the last of its tokens ran out, so that nobody can tell any more
        whether something of it comes again. Nothing in it can live.
    """

    grant: ModelGrant
    killed: bool = False
    forgotten: bool = False
    ends_at: int = 0

    @property
    def client(self) -> ModelClient:
        return self.grant.client

    def alive(self, now: int) -> bool:
        return not self.killed and self.grant.active(now) and self.client.enabled


@dataclass
class ModelCode:
    clear: str
    family: ModelFamily
    scopes: tuple[str, ...]
    expires_at: int
    verifier: str
    used: bool = False

    def allowed(self) -> list[str]:
        return [scope for scope in self.scopes if scope in self.family.grant.scopes]


@dataclass
class ModelToken:
    """:ivar gone: purged after it ran out.

    :ivar successors: access and refresh token of its rotation.
    """

    clear: str
    kind: str
    family: ModelFamily
    scopes: tuple[str, ...]
    expires_at: int
    rotated_at: int | None = None
    successors: tuple[ModelToken, ModelToken] | None = None
    gone: bool = False

    def live(self, now: int) -> bool:
        return self.family.alive(now) and now < self.expires_at and self.rotated_at is None

    def allowed(self) -> list[str]:
        return [scope for scope in self.scopes if scope in self.family.grant.scopes]

    def in_grace(self, now: int) -> bool:
        if self.rotated_at is None or self.successors is None:
            return False
        return now < self.rotated_at + GRACE_MS and self.successors[1].rotated_at is None


@dataclass
class Expected:
    """What a token request must be answered with.

    :ivar error: "" for success.
    :ivar repeated: the tokens that were given before.
    :ivar successor: the refresh token
        that was, where the access token is another one.
    :ivar alarm: whether the family is killed and the operator
        told; None when a purge leaves that open.
    """

    error: str = ""
    scopes: tuple[str, ...] = ()
    alarm: bool | None = False
    repeated: tuple[ModelToken, ModelToken] | None = None
    successor: ModelToken | None = None


class Model:
    """Everything that ever happened."""

    def __init__(self) -> None:
        self.grants: list[ModelGrant] = []
        self.codes: list[ModelCode] = []
        self.tokens: list[ModelToken] = []

    def standing(self, owner: int, client: ModelClient, now: int) -> ModelGrant | None:
        found = [grant for grant in self.grants if (grant.owner, grant.client) == (owner, client)]
        return next((grant for grant in found if grant.active(now)), None)

    def approve(
        self, who: tuple[int, ModelClient], asked: set[str], allowed: set[str], *, opened: int, now: int
    ) -> ModelGrant:
        owner, client = who
        end = opened + GRANT_MS
        grant = self.standing(owner, client, now)
        if grant is None:
            for old in self.grants:
                if (old.owner, old.client, old.ended) == (owner, client, False):
                    old.ended = True
                    old.events.append("expired")
            grant = ModelGrant(owner, client, set(allowed), end, events=["granted"])
            self.grants.append(grant)
            return grant
        kept = grant.scopes - asked
        grant.expires_at = min(grant.expires_at, end) if kept - {OFFLINE} else end
        grant.scopes = kept | allowed
        grant.events.append("amended")
        return grant

    def issue(
        self, clear: str, grant: ModelGrant, scopes: tuple[str, ...], verifier: str, now: int
    ) -> ModelCode:
        family = ModelFamily(grant, ends_at=now + CODE_MS)
        code = ModelCode(clear, family, scopes, now + CODE_MS, verifier)
        self.codes.append(code)
        return code

    def exchange(self, code: ModelCode, by: ModelClient, verifier: str, now: int) -> Expected:
        """Judge the exchange of a code, and note what it does to the code and its family."""
        if not by.enabled:
            return Expected("invalid_client")
        refused = Expected("invalid_grant")
        family = code.family
        if family.client is not by or not family.grant.active(now):
            return refused
        right = verifier == code.verifier
        if code.used and not family.killed and (right or not by.public):
            # A public client's name proves nothing: only who knows the verifier can have stolen the code.
            return self._thief(family)
        if code.used or family.killed or now >= code.expires_at or not right or not code.allowed():
            return refused
        code.used = True
        return Expected(scopes=tuple(code.allowed()))

    def refresh(self, token: ModelToken, by: ModelClient, wanted: tuple[str, ...], now: int) -> Expected:
        """Judge the use of a refresh token, and note what it does to the family."""
        if not by.enabled:
            return Expected("invalid_client")
        refused = Expected("invalid_grant")
        family = token.family
        if family.client is not by or token.kind != "refresh" or token.gone or not family.alive(now):
            return refused
        if token.rotated_at is not None and not token.in_grace(now):
            return self._thief(family)
        if token.rotated_at is None and now >= token.expires_at:
            return refused
        if not token.allowed():
            return refused
        if not set(wanted) <= set(token.allowed()):
            return Expected("invalid_scope")
        scopes = wanted or tuple(token.allowed())
        if token.successors is None:
            return Expected(scopes=scopes)
        access, successor = token.successors
        if set(access.allowed()) == set(scopes):
            return Expected(scopes=tuple(access.allowed()), repeated=token.successors)
        return Expected(scopes=scopes, successor=successor)

    def exchanged(
        self, code: ModelCode, access: str, refresh: str, scopes: tuple[str, ...], now: int
    ) -> None:
        end = code.family.grant.expires_at
        lifetime = OFFLINE_MS if OFFLINE in scopes else REFRESH_MS
        self._store(code.family, access, "access", scopes, min(now + ACCESS_MS, end))
        self._store(code.family, refresh, "refresh", scopes, min(now + lifetime, end))

    def rotated(
        self, token: ModelToken, access: str, refresh: str, scopes: tuple[str, ...], now: int
    ) -> None:
        end = token.family.grant.expires_at
        until = min(now + OFFLINE_MS if OFFLINE in token.allowed() else token.expires_at, end)
        token.rotated_at = now
        token.successors = (
            self._store(token.family, access, "access", scopes, min(now + ACCESS_MS, end)),
            self._store(token.family, refresh, "refresh", token.scopes, until),
        )

    def added(self, successor: ModelToken, access: str, scopes: tuple[str, ...], now: int) -> None:
        family = successor.family
        self._store(family, access, "access", scopes, min(now + ACCESS_MS, family.grant.expires_at))

    def purged(self, now: int) -> None:
        for token in self.tokens:
            token.gone |= token.expires_at <= now
        for code in self.codes:
            code.family.forgotten |= code.family.ends_at <= now

    def _store(
        self, family: ModelFamily, clear: str, kind: str, scopes: tuple[str, ...], expires_at: int
    ) -> ModelToken:
        token = ModelToken(clear, kind, family, tuple(scopes), expires_at)
        family.ends_at = max(family.ends_at, expires_at)
        self.tokens.append(token)
        return token

    @staticmethod
    def _thief(family: ModelFamily) -> Expected:
        family.killed = True
        return Expected("invalid_grant", alarm=None if family.forgotten else True)
