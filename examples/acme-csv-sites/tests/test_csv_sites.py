"""The conformance kit, and what is special about this directory."""

from __future__ import annotations

from pathlib import Path

import pytest
from acme_csv_sites import CsvSites

from consentcore.api import ConfigurationError
from consentcore.testing import ResourceDirectoryConformance, factories

SAMPLE = Path(__file__).parent.parent / "sample" / "sites.csv"


class TestCsvSites(ResourceDirectoryConformance):
    @pytest.fixture
    def directory(self):
        return CsvSites(SAMPLE)

    @pytest.fixture
    def owner(self):
        return factories.owner(email="ada@example.org")

    @pytest.fixture
    def stranger(self):
        return factories.owner(email="grace@example.org")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected the columns"),
        ("email,id\n", "expected the columns"),
        ("email,id,name,address,city\nada@example.org,,Home,,\n", "line 2"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(tmp_path, text, said):
    (tmp_path / "sites.csv").write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        CsvSites(tmp_path / "sites.csv")


def test_file_that_is_not_there_is_said_to_be():
    with pytest.raises(ConfigurationError, match="cannot be read"):
        CsvSites(Path("nowhere.csv"))
