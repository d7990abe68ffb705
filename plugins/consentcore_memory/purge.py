"""Removing what has no more use. Evidence is not among the tables named here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from consentcore.api import DELIVERY_LOG_MS, Code, DeliveryState, Token
from consentcore_memory.state import State


def purge(state: State, now: int, limit: int) -> dict[str, int]:
    """Remove at most ``limit`` rows a kind; how many of each."""
    nonces = _forget_nonces(state, now, limit)
    tokens = state.tokens.drop(list(islice(_useless_tokens(state, now), limit)))
    codes = state.codes.drop(list(islice(_useless_codes(state, now), limit)))
    families = state.families.drop(list(islice(_empty_families(state), limit)))
    over = [row.session_hash for row in state.sessions.values() if row.expires_at <= now]
    sessions = state.sessions.drop(over[:limit])
    stale = [row.ticket_hash for row in state.tickets.values() if row.expires_at <= now]
    tickets = state.tickets.drop(stale[:limit])
    old = [row.token_hash for row in state.registration_tokens.values() if row.expires_at <= now]
    registration_tokens = state.registration_tokens.drop(old[:limit])
    logged = list(islice(_old_deliveries(state, now), limit))
    state.attempts.drop(logged)
    spent = [row.request_hash for row in state.pushed.values() if row.expires_at <= now]
    pushed = state.pushed.drop(spent[:limit])
    return {
        "nonces": nonces,
        "tokens": tokens,
        "codes": codes,
        "families": families,
        "sessions": sessions,
        "tickets": tickets,
        "registration_tokens": registration_tokens,
        "pushed": pushed,
        "used_once": _reusable(state, now, limit),
        "deliveries": state.deliveries.drop(logged),
    }


def _reusable(state: State, now: int, limit: int) -> int:
    return state.used_once.drop([key for key, until in state.used_once.items() if until <= now][:limit])


def _forget_nonces(state: State, now: int, limit: int) -> int:
    stale = [row for row in state.tokens.values() if row.token.nonce is not None and row.grace_until <= now]
    for row in stale[:limit]:
        bare = replace(row.token, nonce=None, nonce_key_id="")
        state.tokens.put(row.token.token_hash, replace(row, token=bare, sealed_access=b""))
    return min(len(stale), limit)


def _useless_tokens(state: State, now: int) -> Iterator[bytes]:
    """Tokens that can neither be used nor tell of a theft any more."""
    for row in state.tokens.values():
        if row.token.expires_at <= now or _dead(state, row.token, now):
            yield row.token.token_hash


def _useless_codes(state: State, now: int) -> Iterator[bytes]:
    """Codes that ran out unused, and used ones whose replay endangers no token any more."""
    families = {row.token.family_id for row in state.tokens.values()}
    for code in state.codes.values():
        spent = code.used_at is not None and code.family_id not in families
        ran_out = code.used_at is None and code.expires_at <= now
        if spent or ran_out or _dead(state, code, now):
            yield code.code_hash


def _empty_families(state: State) -> Iterator[str]:
    used = {row.token.family_id for row in state.tokens.values()}
    used |= {code.family_id for code in state.codes.values()}
    return (row.family_id for row in state.families.values() if row.family_id not in used)


def _old_deliveries(state: State, now: int) -> Iterator[str]:
    for row in state.deliveries.values():
        if row.state is not DeliveryState.PENDING and row.created_at <= now - DELIVERY_LOG_MS:
            yield row.delivery_id


def _dead(state: State, thing: Code | Token, now: int) -> bool:
    family, grant = state.families.get(thing.family_id), state.grants.get(thing.grant_id)
    return family is None or family.killed_at is not None or grant is None or not grant.is_active(now)
