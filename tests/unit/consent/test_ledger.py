"""Canonical JSON (RFC 8785)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentcore.consent.ledger import GRANT_SEAL, _sealed_fields, canonical, seal_of
from consentcore.domain.errors import InvalidInput
from consentcore.domain.grant_states import GrantState
from consentcore.testing import factories
from consentcore.testing.fakes import fixed_keys

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(max_size=6), JSON, max_size=5))
def test_canonical_text_keeps_the_value_and_forgets_the_order(value):
    text = canonical(value)
    assert json.loads(text) == value
    assert canonical(dict(reversed(value.items()))) == text


@pytest.mark.parametrize("value", [{"a": "\ud800"}, {"a": 2**53}, {"a": float("nan")}])
def test_what_has_no_canonical_form_is_refused(value):
    with pytest.raises(InvalidInput):
        canonical(value)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
GRANTS = st.builds(
    factories.grant,
    owner_id=TEXTS,
    client_id=TEXTS,
    grant_id=TEXTS,
    state=st.sampled_from(GrantState),
    scopes=st.lists(TEXTS, max_size=3).map(tuple),
    resources=st.lists(TEXTS, max_size=3).map(tuple),
    declined=st.lists(TEXTS, max_size=2).map(tuple),
    replaces=TEXTS,
    head=st.binary(max_size=4),
    created_at=st.integers(-(2**53) + 1, 2**53 - 1),
)


@given(GRANTS)
def test_seal_of_a_grant_is_over_its_canonical_text(grant):
    """As releases of before have made it: RFC 8785, whatever the texts hold."""
    keys = fixed_keys()
    wanted = keys.mac(GRANT_SEAL, canonical(_sealed_fields(grant)).encode(), grant.key_id)
    assert seal_of(keys, grant) == wanted


def test_grant_whose_text_has_no_form_is_refused():
    with pytest.raises(InvalidInput):
        seal_of(fixed_keys(), factories.grant("o", "c", replaces="\ud800"))
