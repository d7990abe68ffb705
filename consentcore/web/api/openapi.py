"""The description of the API and of the webhooks (OpenAPI 3.1), kept as ``openapi.json`` beside this module."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any


@lru_cache(maxsize=1)
def _kept() -> str:
    return files("consentcore.web.api").joinpath("openapi.json").read_text(encoding="utf-8")


def openapi_document(issuer: str) -> dict[str, Any]:
    """The document of a server.

    :param issuer: what paths are relative to.
    """
    document: dict[str, Any] = json.loads(_kept())
    document["servers"] = [{"url": issuer.rstrip("/")}]
    return document
