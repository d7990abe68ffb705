"""Sites that a data owner has to choose from, out of a CSV file as a customer system exports it every night."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from consentcore.api import (
    ConfigurationError,
    Owner,
    PluginInfo,
    PluginKind,
    Resource,
    ResourceDirectory,
    ResourcePage,
    hookimpl,
    setting,
)

COLUMNS = {"email", "id", "name", "address", "city"}


@dataclass(frozen=True)
class CsvSitesSettings:
    """``consentcore.plugin.csv_sites.*``."""

    path: Path = setting(
        "CSV file in UTF-8 with the columns email, id, name, address and city; read at start."
    )


class CsvSites:
    """See ``consentcore.api.ResourceDirectory``.

    :raises ConfigurationError: when the file cannot be read, or a line lacks something.
    """

    kinds = ("site",)
    allows_everything = False

    def __init__(self, path: Path) -> None:
        self._owned: dict[str, list[Resource]] = {}
        try:
            with path.open(encoding="utf-8", newline="") as file:
                rows = csv.DictReader(file)
                if not set(rows.fieldnames or ()) >= COLUMNS:
                    raise ConfigurationError([f"{path}: expected the columns {', '.join(sorted(COLUMNS))}"])
                for row in rows:
                    if not all(row[column] for column in ("email", "id", "name")):
                        raise ConfigurationError(
                            [f"{path} line {rows.line_num}: expected email, id and name"]
                        )
                    site = Resource(row["id"], row["name"], row["address"] or "", group=_group(row["city"]))
                    self._owned.setdefault(row["email"].casefold(), []).append(site)
        except (OSError, UnicodeError, csv.Error) as error:
            raise ConfigurationError([f"{path}: {type(error).__name__}: cannot be read"]) from None
        for sites in self._owned.values():
            sites.sort(key=lambda site: (site.group, site.label, site.resource_id))

    def list(
        self, owner: Owner, *, kinds: Sequence[str], query: str = "", after: str = "", limit: int = 100
    ) -> ResourcePage:
        """A page of the owner's sites."""
        words = query.casefold().split()
        found = [site for site in self._of(owner) if (not kinds or "site" in kinds) and _says(site, words)]
        start = int(after) if after.isascii() and after.isdecimal() and len(after) < 9 else 0
        more = str(start + limit) if start + limit < len(found) else ""
        return ResourcePage(found[start : start + limit], more, len(found))

    def describe(self, owner: Owner, ids: Sequence[str]) -> Sequence[Resource]:
        """Those of the owner's sites."""
        wanted = set(ids)
        return [site for site in self._of(owner) if site.resource_id in wanted]

    def _of(self, owner: Owner) -> Sequence[Resource]:
        return self._owned.get(owner.email.casefold(), ())


def _says(site: Resource, words: Sequence[str]) -> bool:
    text = " ".join((site.label, site.detail, *site.group)).casefold()
    return all(word in text for word in words)


def _group(city: str | None) -> tuple[str, ...]:
    return (city,) if city else ()


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="csv_sites",
        kind=PluginKind.EXTENSION,
        summary="Sites to choose from, out of a CSV file.",
        api="1.1",
        settings=CsvSitesSettings,
        capabilities=frozenset({"local"}),
    )


@hookimpl
def consentcore_resources(settings: CsvSitesSettings) -> ResourceDirectory:
    """Read the file."""
    return CsvSites(settings.path)
