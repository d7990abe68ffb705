"""The URL of a PostgreSQL database, with one host or several."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import URL, exc, make_url

from consentcore.api import ConfigurationError

EXPECTED = "expected postgresql://user:password@host/name or sqlite:////absolute/path"
_PORT = 5432
_OF_PSYCOPG = frozenset({"autocommit", "prepare_threshold"})
"""What the driver takes beside the options of libpq."""
_SEVERAL = re.compile(
    r"(?P<start>[a-z+]+://(?:[^/?#]*@)?)(?P<hosts>[^/?#@]*,[^/?#@]*)(?P<rest>(?:[/?#].*)?)", re.DOTALL
)
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::(?P<port>[0-9]{1,5}))?")


def parse(text: str, setting: str) -> URL:
    """Read the URL as libpq does: ``postgresql://user@first,second:5433/name`` names several hosts.

    :param setting: whose value it is, for the error.
    :raises ConfigurationError: when it is none, or of another database.
    """
    try:
        several = _SEVERAL.fullmatch(text)
        url = _of_several(several) if several else make_url(text)
        if url.drivername in {"postgres", "postgresql"}:
            url = url.set(drivername="postgresql+psycopg")
    except (exc.ArgumentError, ValueError):
        raise ConfigurationError([f"{setting}: not a database URL; {EXPECTED}"]) from None
    if url.get_backend_name() == "sqlite":
        raise ConfigurationError([f"{setting}: a SQLite database needs the path of a file; {EXPECTED}"])
    if url.drivername != "postgresql+psycopg":
        raise ConfigurationError([f"{setting}: {url.drivername!r} is not supported; {EXPECTED}"])
    if "@" in (url.host or "") or any("@" in host[1:] for host in _hosts(url)):  # @name is an abstract socket
        # Every error would name the rest of the password as a part of the host.
        raise ConfigurationError(
            [f"{setting}: an @ in user or password is written %40, in an INI %%40; {EXPECTED}"]
        )
    for name in url.query:
        _check_option(name, setting)
    return url


def _check_option(name: str, setting: str) -> None:
    if name in _OF_PSYCOPG:
        return
    from psycopg import ProgrammingError
    from psycopg.conninfo import make_conninfo

    try:
        make_conninfo("", **{name: "1"})
    except ProgrammingError:
        raise ConfigurationError(
            [f"{setting}: {name!r} is no option of a connection to PostgreSQL"]
        ) from None


def names_several(url: URL) -> bool:
    """Whether there is more than one host to ask."""
    given = url.query.get("host", ())
    return (not isinstance(given, str) and len(given) > 1) or any("," in host for host in _hosts(url))


def _hosts(url: URL) -> Sequence[str]:
    given = url.query.get("host", ())
    return [*((given,) if isinstance(given, str) else given), url.host or ""]


def _of_several(found: re.Match[str]) -> URL:
    hosts = [_HOST.fullmatch(text) for text in found["hosts"].split(",")]
    named = [(one["host"].strip("[]"), int(one["port"] or _PORT)) for one in hosts if one is not None]
    if len(named) < len(hosts) or any(port > 65_535 for _, port in named):
        raise ValueError("no host")
    parts = {"host": ",".join(host for host, _ in named), "port": ",".join(str(port) for _, port in named)}
    return make_url(found["start"] + (found["rest"] or "/")).update_query_dict(parts)
