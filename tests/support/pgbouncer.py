"""The real PgBouncer before the tests' PostgreSQL, in transaction mode as operators.md has it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.support.missing import missing
from tests.support.patience import PATIENCE_S, eventually
from tests.support.postgres_server import nobody, place

BINARY = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
PORT = 6432  # the name of a socket in a folder of its own
CONFIGURATION = """\
[databases]
* = {server}

[pgbouncer]
pool_mode = transaction
default_pool_size = {pool_size}
max_client_conn = 200
listen_addr =
listen_port = {port}
unix_socket_dir = {folder}
auth_type = any
logfile = {folder}/log
pidfile = {folder}/pid
"""


def require_pgbouncer() -> str:
    """Its program. Skip without; fail where it has to be."""
    if not BINARY:
        missing("PgBouncer: make pgbouncer", "REQUIRE_PGBOUNCER")
    return BINARY


@contextmanager
def pgbouncer(url: str, pool_size: int) -> Iterator[str]:
    """Run one before the server at ``url`` until the block ends; a URL through it, ``{}`` for a database's name.

    :param pool_size: how many connections to a database it shares among all that come.
    """
    program = require_pgbouncer()
    server = {"user": "postgres", **conninfo_to_dict(url)}
    database = server.pop("dbname")
    runs_as = nobody() if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="ccpb", dir=place(None, anybody=bool(runs_as))))
    try:
        text = CONFIGURATION.format(
            server=make_conninfo(**server),
            pool_size=pool_size,
            port=PORT,
            folder=folder,
        )
        (folder / "pgbouncer.ini").write_text(text)
        if runs_as:
            for path in (folder, *folder.iterdir()):
                os.chown(path, runs_as["user"], runs_as["group"])
        through = f"postgresql://postgres@/{{}}?host={folder}&port={PORT}"
        with _running([program, str(folder / "pgbouncer.ini")], folder, through.format(database), runs_as):
            yield through
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(command: list[str], folder: Path, through: str, runs_as: dict) -> Iterator[None]:
    def said() -> str:
        return (folder / "log").read_text() if (folder / "log").exists() else "it said nothing"

    def answers() -> bool:
        assert process.poll() is None, said()
        psycopg.connect(through).close()
        return True

    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **runs_as)
    try:
        eventually(answers, said, despite=psycopg.OperationalError)
        yield
    finally:
        process.kill()
        process.wait(PATIENCE_S)
