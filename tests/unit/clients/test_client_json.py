"""A client as JSON: what it says, and that a further field is not forgotten."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

from consentcore.api import Client
from consentcore.clients.client_json import client_json
from consentcore.testing import factories
from consentcore.testing.factories import NOW


@dataclass(frozen=True)
class LaterClient(Client):
    """A client of a version that registers more."""

    region: str = ""
    tags: tuple[str, ...] = ()


def test_a_further_field_is_shown_by_itself():
    client = factories.client()
    plain = {each.name: getattr(client, each.name) for each in fields(client)}
    later = LaterClient(**plain, region="north", tags=("a", "b"))
    assert client_json(later, NOW) == {**client_json(client, NOW), "region": "north", "tags": ("a", "b")}


def test_nothing_of_a_client_is_shown_twice_and_no_secret():
    shown = client_json(factories.client(), NOW)
    others = {"public", "resources"}
    assert set(shown) == (set(asdict(factories.client())) - {"audiences", "seal"}) | others
    assert all(set(one) == {"created_at", "expires_at"} for one in shown["secrets"])
