"""Fixtures for every test."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

# Everything is on loopback, whatever proxy the machine has for the rest.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,::1,localhost"
# A shell that starts the tests in the background has them, and what they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import pytest
from hypothesis import HealthCheck, settings

from tests.support.amazon import (  # noqa: F401 - pytest finds fixtures by their names here
    aws,
    dynamo,
    dynamo_client,
    dynamodb_endpoint,
    dynamodb_lines,
)
from tests.support.imports import forgetting
from tests.support.names import has_address
from tests.support.postgres import empty_postgres_url, postgres_server, postgres_url  # noqa: F401 - likewise

# How long an example takes, or is looked for, on a busy machine is nobody's fault.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture(autouse=True)
def packages_forgotten(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What a test imported from its folders is gone after it, whichever test the process runs next."""
    with forgetting(tmp_path_factory.getbasetemp()):
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every process of a parallel run has to find the same tests, whichever Python it runs on."""
    if moving := [item.nodeid for item in items if has_address(item.nodeid)]:
        raise pytest.UsageError(
            f"expected ids=case_name (tests/support/names.py), not an address in memory: {moving[0]}"
        )
