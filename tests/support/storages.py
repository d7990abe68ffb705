"""A platform on each storage that the product has to be the same on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.platform import Platform, make_platform

EVERY_STORAGE = (
    "memory",
    "sqlalchemy",
    pytest.param("postgres", marks=[pytest.mark.slow, pytest.mark.postgres]),
    "restricted",
    pytest.param("dynamodb", marks=pytest.mark.slow),
)
"""For ``params`` of a fixture, which gives :func:`platform_on` its parameter. ``restricted`` does as little as a
storage may, ``dynamodb`` is on moto."""


def platform_on(name: str, request: pytest.FixtureRequest, folder: Path, **options: object) -> Platform:
    """Make a platform on a storage; options are those of :func:`make_platform`."""
    if name == "postgres":
        return make_platform(
            folder, storage="sqlalchemy", url=request.getfixturevalue("postgres_url"), **options
        )
    patched = request.getfixturevalue("monkeypatch")
    if name == "restricted":
        from tests.support.restricted_storage import RESTRICTED, RestrictedStorage

        patched.setattr("consentcore_memory.CAPABILITIES", RESTRICTED)
        patched.setattr("consentcore_memory.storage.MemoryStorage", RestrictedStorage)
        return make_platform(folder, **options)
    if name == "dynamodb":
        from tests.support.dynamo import REGION, TABLE

        service = request.getfixturevalue("dynamo")
        patched.setattr("consentcore_dynamodb.engine._connect", lambda _settings: service)
        lines = {"region": REGION, "table": TABLE}
        extra = "".join(f"\nconsentcore.plugin.dynamodb.{name} = {value}" for name, value in lines.items())
        return make_platform(
            folder, storage="dynamodb", extra=f"{options.pop('extra', '')}{extra}", **options
        )
    return make_platform(folder, storage=name, **options)
