"""What openapi.json promises about webhooks, held against what was really sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from consentcore.web.api.openapi import openapi_document

MAX_BYTES = 20_000


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    return openapi_document("https://consent.example.com")


def schema(name: str) -> Draft202012Validator:
    """A schema of the document by name."""
    return _validator({"$ref": f"urn:api#/components/schemas/{name}"})


def _validator(wanted: dict[str, Any]) -> Draft202012Validator:
    resource = Resource(contents=document(), specification=DRAFT202012)
    registry = Registry().with_resource("urn:api", resource)
    return Draft202012Validator(wanted, registry=registry, format_checker=FormatChecker())


def violations(headers: Mapping[str, str], body: bytes) -> Iterator[str]:
    """What is wrong with a webhook; nothing to say about a request that is none.

    Stricter than receivers may be: a member that is not described is wrong.
    """
    if "webhook-id" not in headers:
        return
    for name, parameter in document()["components"]["parameters"].items():
        if name not in headers:
            yield f"no header {name}"
        else:
            yield from (
                f"{name}: {one.message}" for one in _validator(parameter["schema"]).iter_errors(headers[name])
            )
    if headers.get("content-type") != "application/json":
        yield "content-type is not application/json"
    if len(body) >= MAX_BYTES:
        yield f"{len(body)} bytes are too many"
    yield from _wrong_with(json.loads(body))


def _wrong_with(event: dict[str, Any]) -> Iterator[str]:
    kind = event.get("type", "")
    webhook = document()["webhooks"].get(kind)
    if webhook is None:
        yield f"{kind!r} is not described"
        return
    described = webhook["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    name = described.rpartition("/")[2]
    yield from (f"{kind}: {one.json_path}: {one.message}" for one in schema(name).iter_errors(event))
    schemas = document()["components"]["schemas"]
    unknown = set(event) - set(schemas[name]["properties"])
    unknown |= set(event.get("data", {})) - set(schemas[f"{name}Data"]["properties"])
    yield from (f"{kind}: {member} is not described" for member in sorted(unknown))
