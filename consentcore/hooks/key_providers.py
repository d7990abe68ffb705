"""The key provider of a plugin, asked so that whatever it does ends in words with its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from consentcore.domain.errors import ConfigurationError
from consentcore.hooks.calling import call
from consentcore.hooks.errors import cause

if TYPE_CHECKING:
    from consentcore.ports.keys import KeyProvider


class AskedProvider:
    """:class:`consentcore.ports.keys.KeyProvider` of somebody else.

    :param whose: what its plugin is called in a problem; where it is set says whoever asks.
    """

    def __init__(self, made: KeyProvider, whose: str) -> None:
        self._made = made
        self._whose = whose

    def master_keys(
        self,
    ) -> Sequence[tuple[str, bytes] | tuple[str, bytes, int] | tuple[str, bytes, int, int]]:
        """What it gives.

        :raises ConfigurationError: when it raises, with its words.
        :raises ConnectionError: when what it asks does not answer: a later try may succeed.
        """
        read = call(lambda: list(self._made.master_keys()))
        error = read.error
        if error is None:
            return read.answer
        if isinstance(error, ConfigurationError):
            raise ConfigurationError([f"{self._whose}: {line}" for line in error.problems]) from error
        problem = f"{self._whose}: master_keys failed: {cause(error)}"
        if isinstance(error, OSError) and not error.filename:  # with a name it is a file, else a connection
            raise ConnectionError(problem) from error
        raise ConfigurationError([problem]) from error
