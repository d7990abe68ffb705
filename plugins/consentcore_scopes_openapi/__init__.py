"""Scope catalog from OpenAPI 3.0 and 3.1 documents of API products: which operations each scope opens, and, where the
document has them, the words for people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from consentcore.api import PluginInfo, PluginKind, ScopeCatalog, hookimpl, setting

__all__ = ["ScopesOpenapiSettings", "consentcore_plugin", "consentcore_scope_catalog"]


@dataclass(frozen=True)
class ScopesOpenapiSettings:
    """Settings ``consentcore.plugin.scopes_openapi.*``."""

    path: Path = setting("OpenAPI document (JSON or YAML), or a folder of them.")
    internal: tuple[str, ...] = setting(
        "Scopes of these documents that are not for applications of others: ids, or patterns such as admin.*.",
        default=(),
    )
    locale: str = setting("Language of the words in the documents: a tag, such as fr.", default="en")


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="scopes_openapi",
        kind=PluginKind.SCOPES,
        summary="Reads scopes, and the operations that they open, from OpenAPI documents.",
        api="1.1",
        settings=ScopesOpenapiSettings,
    )


@hookimpl
def consentcore_scope_catalog(settings: ScopesOpenapiSettings) -> ScopeCatalog:
    """Read and check the documents.

    :raises ConfigurationError: with every problem that they have.
    """
    from consentcore_scopes_openapi.catalog import OpenapiCatalog

    return OpenapiCatalog(settings.path, settings.internal, settings.locale)
