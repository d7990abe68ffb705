"""What a subclass brings: one fixture that it must override, three that it may."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NoReturn, TypeVar

import pytest

from consentcore.api import Storage, StorageCapabilities
from consentcore.testing.processes import Opener
from consentcore.testing.scenario import Scenario, populate

Test = TypeVar("Test", bound=Callable[..., object])


def needs(capability: str) -> Callable[[Test], Test]:
    """A test of what only some storages promise: skipped where the storage does not declare it.

    :param capability: the name of a field of :class:`~consentcore.api.StorageCapabilities`.
    """
    assert capability in StorageCapabilities.__dataclass_fields__

    def marked(test: Test) -> Test:
        test.needs = capability  # type: ignore[attr-defined]
        return test

    return marked


class StorageFixtures:
    """Override :meth:`storage`; and what your storage or your test set-up can do besides.

    :cvar capabilities: of the test class, not of the storage. ``fault_injection``: :meth:`break_backend` is
        overridden. ``dump``: :meth:`dump` is overridden. ``processes``: :meth:`opener` is overridden.
    """

    capabilities: frozenset[str] = frozenset()

    @pytest.fixture(autouse=True)
    def _is_promised(self, request: pytest.FixtureRequest) -> None:
        needed = getattr(request.function, "needs", None)
        if needed and not getattr(request.getfixturevalue("storage").capabilities, needed):
            pytest.skip(f"the storage does not declare {needed!r}")

    @pytest.fixture
    def storage(self) -> Storage:
        """Give an empty, migrated storage, and close it afterwards."""
        raise NotImplementedError(f"{type(self).__name__} must override the fixture 'storage'")

    @pytest.fixture
    def second_storage(self, storage: Storage) -> Storage:
        """Give another storage object on the same data, as a second process would have (``multi_process``)."""
        if storage.capabilities.multi_process:
            pytest.fail("the storage declares multi_process: override the fixture 'second_storage'")
        pytest.skip("the storage does not declare multi_process")

    @pytest.fixture
    def break_backend(self) -> Callable[[], AbstractContextManager[object]]:
        """Give a function whose context manager makes the backend unreachable inside its block."""
        self._not_offered("fault_injection", "break_backend")

    @pytest.fixture
    def dump(self) -> Callable[[], bytes]:
        """Give a function that returns everything that is stored, as a thief of the database would see it."""
        self._not_offered("dump", "dump")

    @pytest.fixture
    def opener(self, storage: Storage) -> Opener:  # noqa: ARG002 - there has to be one
        """Give what opens the storage anew in another process: a function of a module, or a partial of one."""
        self._not_offered("processes", "opener")

    @pytest.fixture
    def world(self, storage: Storage) -> Scenario:
        """A client, an owner and their active grant."""
        return populate(storage)

    def _not_offered(self, capability: str, fixture: str) -> NoReturn:
        if capability in self.capabilities:
            pytest.fail(f"capability {capability!r} is declared: override the fixture {fixture!r}")
        pytest.skip(f"the test class does not declare {capability!r}")
