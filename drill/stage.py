"""The installation that is attacked: what happened in it, its backups, and how it is made whole again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from consentcore.app import app_from_runtime
from consentcore.config import load_ini
from consentcore.consent.evidence.signer import LogSigner
from consentcore.runtime import Runtime, build_runtime
from consentcore.worker.worker import Worker
from consentcore_sqlalchemy.tables import metadata
from drill.story import Facts, early, late, middle
from tests.support.leaks import rotated_at_once
from tests.support.platform import INI, ISSUER, Platform, make_platform
from tests.support.postgres import Databases
from tests.support.sinks import Sink, http_sink
from tests.support.witness import Witness, witness

FILE_ANCHOR = """\
consentcore.extensions = anchor_file
consentcore.plugin.anchor_file.file = {folder}/anchor/checkpoints
"""
WITNESS_TOO = """\
consentcore.extensions = anchor_file anchor_witness
consentcore.plugin.anchor_file.file = {folder}/anchor/checkpoints
consentcore.plugin.anchor_witness.witnesses = {url}/ {key}
consentcore.plugin.anchor_witness.allow_networks = 127.0.0.0/8
"""
ANCHORS = {"none": "", "file": FILE_ANCHOR, "file and witness": WITNESS_TOO}
"""What the installation may be anchored in."""

Rows = dict[str, list[dict[str, Any]]]


@dataclass
class Backup:
    """What somebody kept: every row, the file anchor, the keys.

    :ivar database: the file of it, or the name of it on the server.
    """

    rows: Rows
    anchor: bytes
    keys: bytes
    database: str


@dataclass
class Stage:
    """One installation, and the means to attack it.

    :ivar facts: what the story left to attack.
    :ivar backups: by when they were taken: ``early``, ``middle``, and ``now``, from which it is made whole.
    """

    folder: Path
    url: str
    sink: Sink
    witness: Witness
    servers: Databases | None = None
    facts: Facts = field(default_factory=Facts)
    backups: dict[str, Backup] = field(default_factory=dict)
    told: int = 0
    _platform: Platform | None = None
    _secrets: dict[str, str] = field(default_factory=dict)

    # --- the product ---

    @property
    def ini(self) -> Path:
        return self.folder / "test.ini"

    @property
    def platform(self) -> Platform:
        """The product on the database as it is now; started when it is first asked for."""
        if self._platform is None:
            self._platform = self.started(self.ini)
        return self._platform

    @property
    def runtime(self) -> Runtime:
        return self.platform.runtime

    def started(self, ini: Path) -> Platform:
        """The product with these settings, as a process that has just begun."""
        runtime = build_runtime(load_ini(str(ini)))
        made = Platform(runtime, app_from_runtime(runtime), secrets=dict(self._secrets))
        made.client_secret = made.secrets["coolsite"]
        return made

    def stop(self) -> None:
        """End it: what it remembered is gone."""
        if self._platform is not None:
            self._platform.runtime.close()
            self._platform = None

    def work(self) -> str:
        """Let a worker that has just begun do all that is due; why it signs nothing, or ""."""
        self.stop()
        worker = Worker(self.runtime)
        worker.run_once()
        return worker.housekeeping.evidence_trouble

    def messages(self) -> int:
        """How many mails and webhooks have gone out so far."""
        return len(list((self.folder / "mail").rglob("*.eml"))) + len(self.sink.received)

    # --- what an attacker does ---

    def sql(self, script: str, **values: Any) -> list[Any]:
        """Run statements beside the product; the rows of the last one."""
        rows: list[Any] = []
        values = {**self.facts.names, **values}
        with self._connection() as connection:
            for statement in filter(str.strip, script.split(";")):
                names = set(sa.text(statement).compile().params)
                done = connection.execute(
                    sa.text(statement), {key: value for key, value in values.items() if key in names}
                )
                rows = list(done.all()) if done.returns_rows else []
        return rows

    def one(self, script: str, **values: Any) -> Any:
        """The first value of the first row."""
        return self.sql(script, **values)[0][0]

    def insert(self, table: str, **row: Any) -> None:
        """Write a row by hand."""
        self.write(table, [row])

    def write(self, table: str, rows: Iterable[dict[str, Any]]) -> None:
        """Write rows by hand."""
        many = list(rows)
        if many:
            with self._connection() as connection:
                connection.execute(metadata.tables[table].insert(), many)

    def rows(
        self, table: str, where: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> list[dict[str, Any]]:
        """The rows of a table as they are."""
        with self._connection() as connection:
            return [
                dict(row)
                for row in connection.execute(metadata.tables[table].select()).mappings()
                if where(dict(row))
            ]

    def put_back(
        self, backup: str, *tables: str, where: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> None:
        """Make rows what they were then: those of today go, those of the backup come."""
        for name in reversed(tables):
            table = metadata.tables[name]
            keys = list(table.primary_key)
            for row in self.rows(name, where):
                self._delete(table, keys, row)
        for name in tables:
            self.write(name, [row for row in self.backups[backup].rows[name] if where(row)])

    def put_back_all(self, backup: str) -> None:
        """The whole database as it was then."""
        self.put_back(backup, *(table.name for table in metadata.sorted_tables))

    def put_back_log(self, backup: str) -> None:
        """Checkpoints, tiles and statements as they were then, and later events without a place. What is noted beside
        records stays as it is, so that it fits them."""
        beside = ("record/", "unstated/", "ended/", "ending/")
        self.put_back(backup, "checkpoint")
        self.put_back(backup, "log_object", where=lambda row: not row["path"].startswith(beside))
        kept = {
            row["event_id"]
            for row in self.backups[backup].rows["consent_event"]
            if row["leaf_index"] is not None
        }
        for row in self.rows("consent_event"):
            if row["event_id"] not in kept:
                self.sql(
                    "UPDATE consent_event SET leaf_index = NULL WHERE event_id = :id", id=row["event_id"]
                )

    def put_back_anchor(self, backup: str) -> None:
        """The file anchor as it was then."""
        (self.folder / "anchor" / "checkpoints").write_bytes(self.backups[backup].anchor)

    def rotate_at_once(self) -> None:
        """What ``keys rotate --now`` does, as if it had been two minutes ago: the log states it a minute after."""
        rotated_at_once(self.folder / "keys")

    def with_keys_of(self, backup: str) -> Path:
        """An INI of the attacker's own, with the keys of then."""
        (self.folder / "leaked").write_bytes(self.backups[backup].keys)
        (self.folder / "leaked").chmod(0o600)
        ini = self.folder / "attacker.ini"
        ini.write_text(self.ini.read_text().replace("%(here)s/keys", "%(here)s/leaked"))
        return ini

    def _delete(self, table: sa.Table, keys: list[Any], row: dict[str, Any]) -> None:
        with self._connection() as connection:
            connection.execute(table.delete().where(*(key == row[key.name] for key in keys)))

    @contextmanager
    def _connection(self) -> Iterator[sa.Connection]:
        url = sa.make_url(self.url)
        driver = url.drivername if self.servers is None else "postgresql+psycopg"
        engine = sa.create_engine(url.set(drivername=driver), poolclass=sa.NullPool)
        with engine.connect() as connection:
            off = (
                "PRAGMA foreign_keys = OFF"
                if self.servers is None
                else "SET session_replication_role = replica"
            )
            connection.exec_driver_sql(off)
            yield connection
            connection.commit()

    # --- backups ---

    def back_up(self, name: str) -> None:
        """Keep everything as it is now."""
        self.stop()
        rows = {table.name: self.rows(table.name) for table in metadata.sorted_tables}
        anchor = self.folder / "anchor" / "checkpoints"
        kept = anchor.read_bytes() if anchor.exists() else b""
        self.backups[name] = Backup(rows, kept, (self.folder / "keys").read_bytes(), self._copy(name))

    def make_whole(self, anchored: str = "file") -> None:
        """Everything as it was before any attack.

        :param anchored: one of :data:`ANCHORS`.
        """
        self.stop()
        now = self.backups["now"]
        if self.servers is None:
            target = Path(self.url.removeprefix("sqlite:///"))
            for stale in target.parent.glob(f"{target.name}-*"):
                stale.unlink()
            shutil.copyfile(now.database, target)
        else:
            name = self._database
            self.servers.drop(name)
            self.servers.execute(f"CREATE DATABASE {name} TEMPLATE {now.database}")
        (self.folder / "anchor" / "checkpoints").write_bytes(now.anchor)
        (self.folder / "keys").write_bytes(now.keys)
        self.anchor_in(anchored)

    def anchor_in(self, anchored: str) -> None:
        """Write the INI with these anchors."""
        extra = ANCHORS[anchored].format(folder=self.folder, url=self.witness.url, key=self.witness.key)
        login = "login_local"
        url = f"consentcore.plugin.sqlalchemy.url = {self.url}\n"
        self.ini.write_text(INI.format(issuer=ISSUER, storage="sqlalchemy", login=login, extra=extra + url))

    @property
    def _database(self) -> str:
        return sa.make_url(self.url).database or ""

    def _copy(self, name: str) -> str:
        if self.servers is not None:
            source = self._database
            return self.servers.create(template=source)
        target = self.folder / f"{name}.backup"
        with self._connection() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(self.url.removeprefix("sqlite:///"), target)
        return str(target)


@contextmanager
def stage(folder: Path, *, servers: Databases | None = None) -> Iterator[Stage]:
    """Build the installation, let the story happen, take the backups."""
    with http_sink(contract=False) as sink, witness() as party:
        (folder / "anchor").mkdir()
        url = servers.url(servers.create(servers.migrated())) if servers else ""
        begun = make_platform(folder, storage="sqlalchemy", url=url)
        found = url or f"sqlite:///{folder}/consentcore.sqlite"
        made = Stage(folder, found, sink, party, servers, _platform=None, _secrets=dict(begun.secrets))
        party.trust(
            LogSigner(begun.runtime.keys, begun.runtime.evidence.origin).key(begun.runtime.keys.current_id)
        )
        begun.runtime.close()
        made.anchor_in("file and witness")
        for name, happens in (("early", early), ("middle", middle), ("now", late)):
            happens(made)
            assert made.work() == "", "the log is not signed"
            made.back_up(name)
        yield made
        made.stop()
        for one in made.backups.values() if servers else ():
            servers.drop(one.database)
        if servers:
            servers.drop(made._database)
