"""Reading the file."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from consentcore.api import ConfigurationError, Scope
from consentcore_scopes_file.rules import read_scopes

BUNDLED = Path(__file__).with_name("energy.toml")
MAX_BYTES = 1024 * 1024


class FileCatalog:
    """:class:`consentcore.api.ScopeCatalog` from a file, read once.

    :param path: the file; None means the bundled energy catalog.
    :raises ConfigurationError: with one line per problem, each naming the file, the scope and the key.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path or BUNDLED
        scopes, problems = read_scopes(_parse(self.path))
        if problems:
            raise ConfigurationError([f"{self.path}: {problem}" for problem in problems])
        self._scopes = tuple(scopes)

    def scopes(self) -> Sequence[Scope]:
        return self._scopes


def _parse(path: Path) -> dict[str, object]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigurationError([f"{path}: expected a file of at most {MAX_BYTES} bytes"])
        return tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigurationError([f"{path}: cannot be read ({error.strerror})"]) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError([f"{path}: expected UTF-8 text"]) from error
    except (ValueError, RecursionError) as error:  # of a number without end too
        raise ConfigurationError([f"{path}: expected TOML ({error})"]) from error
