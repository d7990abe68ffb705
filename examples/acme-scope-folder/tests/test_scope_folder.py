"""The conformance kit, and what is special about this catalog."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from acme_scope_folder import ScopeFolder

from consentcore.api import ConfigurationError
from consentcore.testing import ScopeCatalogConformance

SAMPLE = Path(__file__).parent.parent / "sample"


class TestScopeFolder(ScopeCatalogConformance):
    @pytest.fixture
    def catalog(self):
        return ScopeFolder(SAMPLE)


def test_scopes_of_every_file_are_there_with_their_product():
    found = {scope.scope_id: scope.product for scope in ScopeFolder(SAMPLE).scopes()}
    assert found == {"water.read": "Water API", "water.valve": "Water API", "parking.read": "Parking API"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "expected JSON"),
        ("[]", "expected JSON"),
        (json.dumps({"scopes": [7]}), "expected objects"),
        (json.dumps({"scopes": [{"id": "a.read", "label": "x" * 75, "sees": "What it sees."}]}), "label"),
        (json.dumps({"scopes": [{"id": "a.read", "lable": "A", "sees": "What it sees."}]}), "lable"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(tmp_path, text, said):
    (tmp_path / "odd.json").write_text(text)
    with pytest.raises(ConfigurationError, match=said) as refused:
        ScopeFolder(tmp_path)
    assert str(tmp_path / "odd.json") in str(refused.value)


def test_empty_directory_is_no_catalog(tmp_path):
    with pytest.raises(ConfigurationError, match="at least one"):
        ScopeFolder(tmp_path)
