"""The conformance kit: what every plugin of a kind must do, as tests that a plugin author inherits.

    from consentcore.testing import StorageConformance

    class TestMyStorage(StorageConformance):
        @pytest.fixture
        def storage(self, tmp_path):
            storage = MyStorage(tmp_path)
            storage.migrate()
            yield storage
            storage.close()

Beside it: :mod:`factories <consentcore.testing.factories>` for every record, :mod:`fakes
<consentcore.testing.fakes>` for clock, keys and envelopes. Names are loaded when they are first asked for, so
that the factories do not need pytest.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consentcore.testing.anchor import AnchorConformance
    from consentcore.testing.extension import ExtensionConformance
    from consentcore.testing.fakes import FakeEnvelope, ManualClock, fixed_keys, memory_storage
    from consentcore.testing.keys import KeyProviderConformance
    from consentcore.testing.login import LoginConformance
    from consentcore.testing.notifier import NotifierConformance
    from consentcore.testing.redirect_login import RedirectLoginConformance
    from consentcore.testing.resources import ResourceDirectoryConformance
    from consentcore.testing.scopes import ScopeCatalogConformance
    from consentcore.testing.storage import StorageConformance

__all__ = [
    "AnchorConformance",
    "ExtensionConformance",
    "FakeEnvelope",
    "KeyProviderConformance",
    "LoginConformance",
    "ManualClock",
    "NotifierConformance",
    "RedirectLoginConformance",
    "ResourceDirectoryConformance",
    "ScopeCatalogConformance",
    "StorageConformance",
    "fixed_keys",
    "memory_storage",
]

_HOMES = {
    "AnchorConformance": "anchor",
    "ExtensionConformance": "extension",
    "FakeEnvelope": "fakes",
    "KeyProviderConformance": "keys",
    "LoginConformance": "login",
    "ManualClock": "fakes",
    "NotifierConformance": "notifier",
    "RedirectLoginConformance": "redirect_login",
    "ResourceDirectoryConformance": "resources",
    "ScopeCatalogConformance": "scopes",
    "StorageConformance": "storage",
    "fixed_keys": "fakes",
    "memory_storage": "fakes",
}

if "pytest" in sys.modules:
    # Before any of them is imported: a failing assertion of the kit must show the values, as in one's own tests.
    sys.modules["pytest"].register_assert_rewrite(
        *(
            f"{__name__}.{name}"
            for name in (
                "anchor",
                "extension",
                "keys",
                "login",
                "notifier",
                "notifier_answers",
                "processes",
                "redirect_login",
                "resources",
                "scopes",
                "storage",
                "threads",
                "scenario",
            )
        )
    )


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
