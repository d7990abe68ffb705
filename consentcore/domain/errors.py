"""Errors of consentcore. ``str(error)`` may be shown to the person or program that caused it."""

from __future__ import annotations

from collections.abc import Sequence


class ConsentcoreError(Exception):
    """Base of every error that consentcore raises on purpose."""


class InvalidInput(ConsentcoreError):
    """A value from outside is not acceptable.

    :param field: the name of the field, setting or option as the person typed it.
    :param expected: what would have been right, as the end of "<field> ...".
    """

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}")
        self.field = field
        self.expected = expected


class NotFound(ConsentcoreError):
    """There is no such thing, or it belongs to somebody else; the two are never told apart."""

    def __init__(self, kind: str, identifier: str) -> None:
        super().__init__(f"no {kind} {identifier!r}")
        self.kind = kind
        self.identifier = identifier


class InvalidTransition(ConsentcoreError):
    """A grant cannot go from its state to the one asked for."""

    def __init__(self, grant_id: str, state: str, wanted: str) -> None:
        super().__init__(f"grant {grant_id} is {state} and cannot become {wanted}")
        self.grant_id = grant_id
        self.state = state
        self.wanted = wanted


class LinkGone(ConsentcoreError):
    """A mailed link that was used, ran out, was replaced by a newer one, or never was."""

    def __init__(self) -> None:
        super().__init__("the link is no longer good")


class InteractionGone(ConsentcoreError):
    """The pending authorization request was answered, has run out, or belongs to another browser."""


class ClientSuspended(ConsentcoreError):
    """The application that asks is suspended: it gets nothing meanwhile, and what stands stays."""


class ConfigurationError(ConsentcoreError):
    """The settings are not usable. ``problems`` holds one line each, all that were found."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class StorageError(ConsentcoreError):
    """The storage could not do what was asked; nothing was changed unless said otherwise."""


class StorageUnavailable(StorageError):
    """The storage cannot be reached, is locked, full or read-only; a later try may succeed."""


class StorageNotMigrated(StorageUnavailable):
    """The storage answers, but ``consentcore init`` has not made it, or not brought it up to this version."""


class StorageConflict(StorageError):
    """Two transactions collided and this one was rolled back; run it again from its start."""


class DirectoryUnavailable(ConsentcoreError):
    """What an owner has to choose from cannot be told now; a later try may succeed. ``str(error)`` is for the operator:
    whose directory it is, and what happened."""


class KeyUnavailable(ConsentcoreError):
    """A key id is named that the key ring does not hold."""
