"""From what somebody typed to the words of a service, and back in its errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from consentcore.domain.errors import InvalidInput


@contextmanager
def named_as(options: Mapping[str, str]) -> Iterator[None]:
    """Let an InvalidInput name the option or argument that was typed instead of the member that it became.

    :param options: what was typed, by member; a field is a member, or one followed by a blank and which of several.
    """
    try:
        yield
    except InvalidInput as error:
        member, blank, which = error.field.partition(" ")
        raise InvalidInput(options.get(member, member) + blank + which, error.expected) from None
