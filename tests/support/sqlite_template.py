"""An SQLite database that is migrated once per test process and copied for each test."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

from tests.support.postgres import storage_at


def migrated_sqlite(path: Path) -> None:
    """Put a migrated, empty database at ``path``, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_template(), path)


@functools.cache
def _template() -> Path:
    folder = tempfile.mkdtemp(prefix="consentcore-template-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / "template.sqlite"
    storage = storage_at(f"sqlite:///{path}")
    storage.migrate()
    storage.close()  # the last connection folds the write-ahead log into the file
    return path
