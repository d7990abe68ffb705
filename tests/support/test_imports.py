"""A package that one test wrote is not there for the next, so tests pass in any order."""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec

import pytest

from tests.support.imports import forgetting


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A package of two modules and one without a file of its own."""
    for name in ("consentcore_passing", "consentcore_spread"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "inner.py").write_text("")
    (tmp_path / "consentcore_passing" / "__init__.py").write_text("from . import inner")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_what_is_imported_from_the_folder_is_forgotten_with_all_it_holds(written, monkeypatch):
    with forgetting(written):
        importlib.import_module("consentcore_passing")
        importlib.import_module("consentcore_spread.inner")
        assert {"consentcore_passing.inner", "consentcore_spread"} <= set(sys.modules)
    assert not [
        name for name in sys.modules if name.startswith(("consentcore_passing", "consentcore_spread"))
    ]
    monkeypatch.undo()
    assert find_spec("consentcore_passing") is None, "as `plugins new` asks"


def test_what_was_there_before_and_what_is_elsewhere_stays(written, monkeypatch):
    passing = importlib.import_module("consentcore_passing")
    monkeypatch.delitem(sys.modules, "stringprep", raising=False)
    with forgetting(written):
        elsewhere = importlib.import_module("stringprep")
    assert sys.modules["consentcore_passing"] is passing
    assert sys.modules["stringprep"] is elsewhere


@pytest.mark.parametrize("turn", ["first", "second"])
def test_no_test_finds_what_another_one_imported(turn, tmp_path, monkeypatch):
    (tmp_path / "consentcore_of_a_turn.py").write_text(f"TURN = {turn!r}")
    monkeypatch.syspath_prepend(tmp_path)
    assert turn == importlib.import_module("consentcore_of_a_turn").TURN
