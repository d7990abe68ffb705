"""Codes and tokens.

A family of tokens has no table: its state stands on the row of the code that it descends from, so that a token row
stays small and a look-up has one join less.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, LargeBinary, Table, Text, UniqueConstraint, text

from consentcore_sqlalchemy.tables.base import Hash, Id, Json, Ms, metadata

code = Table(
    "code",
    metadata,
    Column("code_hash", Hash, primary_key=True),
    Column("family_id", Id, nullable=False),
    Column("grant_id", Id, nullable=False),
    Column("client_id", Id, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("redirect_uri_given", Boolean, nullable=False),
    Column("code_challenge", Text, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("created_at", Ms, nullable=False),
    Column("expires_at", Ms, nullable=False),
    Column("used_at", Ms),
    # when to look at the row for removal; moved by the purge only, so that the hot path never touches its index
    Column("purge_at", Ms, nullable=False, index=True),
    # the family
    Column("killed_at", Ms),
    Column("ends_at", Ms, nullable=False),
    # its latest rotation: only that one can still be in its grace
    Column("rotated_hash", Hash),
    Column("successor_hash", Hash),
    Column("access_hash", Hash),
    Column("grace_until", Ms),
    Column("nonce", Hash),
    Column("nonce_key_id", Text),
    Column("audience", Json, nullable=False, server_default="[]"),
    Column("sealed_access", LargeBinary),
    Column("auth_time", Ms),
    Column("acr", Text, nullable=False, server_default=text("''")),
    # the key that the exchange has to prove
    Column("confirmation", Text, nullable=False, server_default=text("''")),
    # what shows that we wrote it; NULL once the family was killed, the code used
    Column("family_proof", LargeBinary),
    Column("seal", LargeBinary),
    # what it stands for besides scopes
    Column("authorization_details", Json, nullable=False, server_default=text("'[]'")),
    UniqueConstraint("family_id"),
    # room for the updates of rotations on the same page, which then touch no index
    postgresql_with={"fillfactor": 70},
)


token = Table(
    "token",
    metadata,
    Column("token_hash", Hash, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("family_id", Id, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("created_at", Ms, nullable=False),
    Column("expires_at", Ms, nullable=False, index=True),
    Column("rotated_at", Ms),
    Column("audience", Json, nullable=False, server_default="[]"),
    # the key that whoever presents it has to prove
    Column("confirmation", Text, nullable=False, server_default=text("''")),
    # what shows that we wrote it; NULL once it was rotated
    Column("seal", LargeBinary),
    # what it stands for besides scopes
    Column("authorization_details", Json, nullable=False, server_default=text("'[]'")),
)
