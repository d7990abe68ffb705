"""Writes the databases of this folder: run once, in a checkout of commit 26e6d57 with its environment (see README.md).

    cd CHECKOUT && .venv/bin/python …/tests/upgrade/from_26e6d57/make.py
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = Path.cwd()
sys.path[:0] = [str(CHECKOUT / "tests"), str(CHECKOUT / "tests" / "functional"), str(HERE)]
for wheel in ("consentcore_shelf", "consentcore_town"):
    sys.path.insert(0, str(next((HERE / "wheels").glob(f"{wheel}-*.whl"))))

from ports import reserved_port  # noqa: E402 - of the checkout
from postgres import _programs, running_server  # noqa: E402 - of the checkout
from story import tell  # noqa: E402 - beside this file

from consentcore.runtime import build_runtime  # noqa: E402
from consentcore.settings import load_ini  # noqa: E402

PORT = 18080
"""Where the endpoints of the databases point; the tests put the port of their own receiver there."""
KEYS = "# Two master keys of a story that was made up: the second one is in use since October 2026.\n{}{}"


def write_keys(path: Path) -> None:
    """Two keys whose ages fit the story, the same in every database."""
    lines = [
        f"k{name} {base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest()).rstrip(b'=').decode()} {made}\n"
        for name, made in (
            ("2222aaaa", "2026-10-01T08:00:00+00:00 from=2026-10-01T09:00:00+00:00"),
            ("1111aaaa", "2025-05-05T07:00:00+00:00"),
        )
    ]
    path.write_text(KEYS.format(*lines))
    path.chmod(0o600)


def write_inis(folder: Path, storage: str, line: str, mail_port: int) -> tuple[Path, Path]:
    """The INI of the story, and the same with the extension of this folder."""
    text = (HERE / "story.ini").read_text()
    head, tail = text.replace("consentcore.storage = sqlalchemy", f"consentcore.storage = {storage}").split("\n[server:main]")
    head += f"{line}\nconsentcore.plugin.smtp.port = {mail_port}\n"
    plain, town = folder / "story.ini", folder / "town.ini"
    plain.write_text(f"{head}\n[server:main]{tail}")
    named = head.replace("consentcore.extensions =", "consentcore.extensions = town")
    town.write_text(f"{named}consentcore.plugin.town.folder = {folder}/town\n\n[server:main]{tail}")
    return plain, town


def write(folder: Path, name: str, storage: str, line: str) -> int:
    """Tell the story into one database; the port that its endpoints have."""
    write_keys(folder / "keys")
    with reserved_port() as mail_port:
        plain, town = write_inis(folder, storage, line, mail_port)
        runtime = build_runtime(load_ini(str(plain)))
        runtime.storage.migrate()
        runtime.close()
        house, port = tell(plain, town, mail_port)
    (HERE / f"{name}.json").write_text(json.dumps(house.facts, indent=1, ensure_ascii=False) + "\n")
    return port


def main() -> None:
    """Write all three."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_keys(HERE / "keys")
        database = folder / "consentcore.sqlite"
        port = write(folder, "sqlite", "sqlalchemy", f"consentcore.plugin.sqlalchemy.url = sqlite:///{database}")
        with sqlite3.connect(database) as connection:
            connection.execute("UPDATE webhook_endpoint SET url = replace(url, ?, ?)", (f":{port}/", f":{PORT}/"))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        shutil.copyfile(database, HERE / "consentcore.sqlite")
    with tempfile.TemporaryDirectory() as name:
        shelf = Path(name) / "shelf.json"
        port = write(Path(name), "shelf", "shelf", f"consentcore.plugin.shelf.path = {shelf}")
        (HERE / "shelf.txt").write_text(shelf.read_text().replace(f":{port}/", f":{PORT}/"))
    with tempfile.TemporaryDirectory() as name, running_server() as server:
        database = server.create()
        url = server.url(database)
        port = write(Path(name), "postgresql", "sqlalchemy", f"consentcore.plugin.sqlalchemy.url = {url}")
        server_execute(url, f"UPDATE webhook_endpoint SET url = replace(url, ':{port}/', ':{PORT}/')")
        dump = [_programs() / "pg_dump", "--inserts", "--no-owner", "--no-privileges", "--rows-per-insert=50", url]
        text = subprocess.run(dump, check=True, capture_output=True, text=True).stdout
        kept = [line for line in text.splitlines() if not re.match(r"\\(un)?restrict|-- Dumped|SET transaction_timeout", line)]
        (HERE / "postgresql.sql").write_text("\n".join(kept) + "\n")


def server_execute(url: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


if __name__ == "__main__":
    main()
