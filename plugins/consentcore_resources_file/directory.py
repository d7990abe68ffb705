"""The directory: all of the file in memory."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from consentcore.api import ConfigurationError, Owner, Resource, ResourcePage
from consentcore_resources_file.rules import EVERYBODY, read_owners

BUNDLED = Path(__file__).with_name("portfolio.toml")
MAX_BYTES = 16 * 1024 * 1024


class FileDirectory:
    """:class:`consentcore.api.ResourceDirectory` from a file, read once.

    :param path: the file; None means the bundled portfolio.
    :param aliases: ``WHO=AS``: an address that has what another one of the file has.
    :raises ConfigurationError: with one line per problem, each naming the file, the owner and the key.
    """

    def __init__(
        self, path: Path | None, *, aliases: Sequence[str] = (), allow_everything: bool = True
    ) -> None:
        self._path = path or BUNDLED
        self._allow_everything = allow_everything
        self._owned, problems = read_owners(_parse(self._path))
        if problems:
            raise ConfigurationError([f"{self._path}: {problem}" for problem in problems])
        for alias in aliases:
            who, _, other = alias.casefold().partition("=")
            if other not in self._owned:
                raise ConfigurationError(
                    [
                        f"consentcore.plugin.resources_file.aliases: {alias}: expected WHO=AS, AS being in the file"
                    ]
                )
            self._owned[who] = self._owned[other]
        kinds = {one.kind for owned in self._owned.values() for one in owned}
        self._kinds = tuple(sorted(kinds))

    @property
    def kinds(self) -> Sequence[str]:
        return self._kinds

    @property
    def allows_everything(self) -> bool:
        return self._allow_everything

    def list(
        self, owner: Owner, *, kinds: Sequence[str], query: str = "", after: str = "", limit: int = 100
    ) -> ResourcePage:
        words = query.casefold().split()
        found = [one for one in self._of(owner) if (not kinds or one.kind in kinds) and _says(one, words)]
        start = int(after) if after.isascii() and after.isdecimal() and len(after) < 9 else 0
        end = start + limit
        return ResourcePage(found[start:end], str(end) if end < len(found) else "", len(found))

    def describe(self, owner: Owner, ids: Sequence[str]) -> Sequence[Resource]:
        wanted = set(ids)
        return [one for one in self._of(owner) if one.resource_id in wanted]

    def _of(self, owner: Owner) -> Sequence[Resource]:
        owned = self._owned.get(owner.email.casefold())
        return self._owned.get(EVERYBODY, ()) if owned is None else owned


def _says(one: Resource, words: Sequence[str]) -> bool:
    text = " ".join((one.label, one.detail, *one.group)).casefold()
    return all(word in text for word in words)


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
