"""Authorization details of the bundled catalog's type, as a client asks for them (RFC 9396)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from consentcore.api import Grant, Resource
from tests.support import tiny_plugins as tiny
from tests.support.directories import HOMES
from tests.support.platform import Platform, Request, answer, exchange, to_consent_page
from tests.support.storages import platform_on

if TYPE_CHECKING:
    import pytest

ADA = "ada@example.org"
OFFICE = Resource("lyon-1", "Lyon office", "12 rue Garibaldi", group=("Lyon",))
SHED = Resource("lyon-2", "Warehouse 2", "3 quai Perrache", group=("Lyon",))
TYPE = "meter_readings"
READ_DAILY = {"type": TYPE, "actions": ["read"], "datatypes": ["daily"]}
BOTH = {"type": TYPE, "actions": ["read", "download"], "datatypes": ["daily", "interval"]}


def asking(*details: object, scope: str = "", **fields: object) -> Request:
    """A request for these details."""
    extra = fields.pop("extra", {})
    return Request(scope=scope, extra={**extra, "authorization_details": written(*details)}, **fields)


def written(*details: object) -> str:
    """The parameter."""
    return json.dumps(details)


def with_sites(detail: dict, *sites: str) -> dict:
    """What is told of a detail of which these sites were chosen."""
    chosen = [{"type": "site", "identifiers": sorted(sites)}] if sites else []
    return {**detail, "resources": chosen}


def registered(platform: Platform, *types: str, client_id: str = "coolsite", **members: object) -> None:
    """Let a client ask for details of these types."""
    with platform.runtime.storage.transaction() as uow:
        client = uow.clients.get(client_id)
        uow.clients.update(replace(client, authorization_details_types=types or (TYPE,), **members))


def rich_platform(
    storage_name: str, request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Platform]:
    """A platform whose application may ask for readings of meters; Ada has two sites."""
    place = folder / "site"
    place.mkdir()
    monkeypatch.syspath_prepend(place)
    tiny.install(place, "homes", "1.0", code=HOMES, homes="tiny_homes")
    monkeypatch.setenv("CONSENTCORE_EXTENSIONS", "homes")
    platform = platform_on(storage_name, request, folder)
    sys.modules["tiny_homes"].DIRECTORY.owned[ADA] = [OFFICE, SHED]
    registered(platform)
    yield platform
    platform.runtime.close()


def tick(page, *references: str) -> None:
    """Choose resources on the consent page."""
    for field in page.forms[0].fields["resource"]:
        if field._value in references:
            field.checked = True


def granted(platform: Platform, request: Request, *references: str):
    """Approve a request for these resources; the answer of the token endpoint."""
    _, page = to_consent_page(platform, request)
    tick(page, *(references or ("site|lyon-1",)))
    return exchange(platform, request, answer(page, "approve")["code"])


def grant_of(platform: Platform) -> Grant:
    """The one grant that has details."""
    with platform.runtime.storage.reading() as uow:
        (grant,) = [one for one in uow.grants.all() if one.authorization_details]
        return grant
