"""What the service's answers mean: try again, a collision, or that it cannot be had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from transaction.interfaces import TransientError

from consentcore.api import StorageConflict, StorageError, StorageNotMigrated, StorageUnavailable

REFUSED = "ConditionalCheckFailedException"
CANCELED = "TransactionCanceledException"
_NO_CONDITION = {"", "None"}
_CONDITION = "ConditionalCheckFailed"

BUSY = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingError",
        "ThrottlingException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""Codes of what passes by itself."""

_UNSURE = frozenset({"InternalServerError", "ServiceUnavailable"})
"""Those of them after which something may have been written."""

_MEANWHILE = frozenset({"TransactionConflict", "TransactionConflictException"})
_MISSING = frozenset({"ResourceNotFoundException", "TableNotFoundException"})
_INVALID = frozenset({"ValidationException", "ValidationError", "ItemCollectionSizeLimitExceeded"})


class Collision(StorageConflict, TransientError):  # type: ignore[misc]  # the library has no types
    """A conflict that ``transaction`` managers, and so pyramid_retry, know as worth another try."""


class Refused(Exception):
    """A condition of a write did not hold: nothing was written. Stays inside the plugin."""


def codes_of(error: ClientError) -> Sequence[str]:
    """Why the service said no: its code, or the reasons of a canceled transaction that are ones."""
    response: Any = error.response
    code = str(response.get("Error", {}).get("Code", ""))
    if code != CANCELED:
        return [code]
    reasons = [str(reason.get("Code", "")) for reason in response.get("CancellationReasons", ())]
    return [reason for reason in reasons if reason not in _NO_CONDITION] or [code]


def is_refusal(error: Exception) -> bool:
    """Whether a condition did not hold, and nothing else was wrong with any part of the write."""
    if not isinstance(error, ClientError):
        return False
    return set(codes_of(error)) <= {REFUSED, _CONDITION}


def may_pass(error: Exception, *, repeatable: bool) -> bool:
    """Whether the same request may succeed in a moment; what was refused besides, is judged then.

    :param repeatable: whether it may be made again where it is not sure that nothing was written.
    """
    if not isinstance(error, ClientError):
        return repeatable and isinstance(error, HTTPClientError)
    codes = set(codes_of(error))
    if codes & _UNSURE and not repeatable:
        return False
    return bool(codes & BUSY) and codes <= BUSY | {_CONDITION}


def storage_error(error: Exception, table: str) -> StorageError:
    """What leaves the plugin for an error of the client library."""
    if isinstance(error, ClientError):
        codes = codes_of(error)
        if any(code in _MEANWHILE for code in codes):
            return Collision("others write the same things at the same time")
        if any(code in _MISSING for code in codes):
            return StorageNotMigrated(f"DynamoDB has no table {table!r}: run consentcore init")
        if any(code in _INVALID for code in codes):
            said = error.response.get("Error", {}).get("Message", "")
            return StorageError(f"DynamoDB does not take what was to be stored: {', '.join(codes)}: {said}")
        return StorageUnavailable(f"DynamoDB does not serve table {table!r}: {', '.join(codes)}")
    assert isinstance(error, BotoCoreError)
    return StorageUnavailable(f"DynamoDB cannot be asked: {type(error).__name__}")
