"""Storage in Amazon DynamoDB: one table, any number of nodes."""

from __future__ import annotations

from consentcore.api import Clock, KeyRing, PluginInfo, PluginKind, Storage, hookimpl
from consentcore_dynamodb.capabilities import CAPABILITIES
from consentcore_dynamodb.settings import DynamoSettings, check

__all__ = ["DynamoSettings", "consentcore_plugin", "consentcore_storage"]


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="dynamodb",
        kind=PluginKind.STORAGE,
        summary="Keeps everything in one table of Amazon DynamoDB (any number of nodes).",
        api="2.0",
        settings=DynamoSettings,
        capabilities=CAPABILITIES.words,
    )


@hookimpl
def consentcore_storage(settings: DynamoSettings, clock: Clock, keys: KeyRing) -> Storage:  # noqa: ARG001
    """Make the storage; it connects at first use.

    :raises ConfigurationError: when boto3 is not installed, or a setting cannot be right.
    """
    check(settings)
    from consentcore_dynamodb.storage import DynamoStorage

    return DynamoStorage(settings)
