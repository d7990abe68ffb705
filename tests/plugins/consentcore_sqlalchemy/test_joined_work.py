"""What a transaction of a request brings into a process, and that others do without."""

from __future__ import annotations

import json
import subprocess
import sys

SCRIPT = """
import json, sys
from transaction import TransactionManager
from tests.support.postgres import storage_at
storage = storage_at(sys.argv[1])
mapper = []
with storage.transaction() as uow:
    uow.grants.of_owner("nobody", [])
with storage.reading() as uow:
    uow.grants.of_owner("nobody", [])
mapper.append("sqlalchemy.orm" in sys.modules)
manager = TransactionManager(explicit=True)
manager.begin()
storage.join(manager, write=False).grants.of_owner("nobody", [])
mapper.append("sqlalchemy.orm" in sys.modules)
manager.abort()
print(json.dumps(mapper))
"""


def test_object_mapper_is_loaded_by_the_first_request_that_joins_and_by_nothing_before(
    sqlite_storage, sqlite_path
):
    """It is a third of all the memory that SQLAlchemy takes of a process."""
    command = [sys.executable, "-c", SCRIPT, f"sqlite:///{sqlite_path}"]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    assert json.loads(found.stdout) == [False, True]
