"""The conformance kit against a storage that can do as little as a storage may."""

from __future__ import annotations

import pytest

from consentcore.testing import StorageConformance
from tests.support.restricted_storage import RestrictedStorage


class TestRestrictedStorage(StorageConformance):
    @pytest.fixture
    def storage(self):
        return RestrictedStorage()
