"""PostgreSQL: how many connections there are, and how old they become."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest
import time_machine

from consentcore.api import StorageUnavailable
from tests.support.postgres import storage_at

pytestmark = pytest.mark.postgres


def test_pool_opens_as_many_as_are_set_and_keeps_its_size(postgres_url):
    storage = storage_at(postgres_url, pool_size=2, pool_overflow=1, pool_timeout_s=0.1)
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(storage.transaction()).clients.list()
        with pytest.raises(StorageUnavailable, match="in use"):
            storage.protocol.find_token("c", b"t")
    assert storage._database.engine.pool.checkedin() == 2, "what was opened beyond it is closed again"
    storage.close()


def test_connection_that_is_too_old_is_replaced(postgres_url):
    storage = storage_at(postgres_url, pool_recycle_s=1800)

    def server_process():
        with storage._database.engine.connect() as connection:
            return connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()

    now = time.time()
    with time_machine.travel(now, tick=False) as moment:
        first = server_process()
        moment.move_to(now + 1799)
        assert server_process() == first
        moment.move_to(now + 1801)
        assert server_process() != first
    storage.close()
