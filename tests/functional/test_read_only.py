"""A database that has become read-only under a running server: the probe, the command and the log say so."""

from __future__ import annotations

import re

import psycopg
import pytest

from tests.support.fronts import direct
from tests.support.patience import eventually

pytestmark = [pytest.mark.slow, pytest.mark.postgres]


def test_server_on_a_database_that_can_only_be_read_is_not_ready_until_it_can_be_written_to(
    tmp_path, empty_postgres_url
):
    with direct(tmp_path, database=empty_postgres_url.replace("%", "%%")) as front:
        name = psycopg.conninfo.conninfo_to_dict(empty_postgres_url)["dbname"]

        def set_to(value):
            with psycopg.connect(empty_postgres_url, autocommit=True) as connection:
                connection.execute("SET default_transaction_read_only = off")
                connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {value}')

        assert front.ask("GET", "/readyz").status_code == 200
        set_to("on")
        answer = front.ask("GET", "/readyz", headers={"X-Request-ID": "probe-1"})
        assert answer.status_code == 503
        (problem,) = answer.json()["checks"]["storage"]
        assert "can be read, but not written to: default_transaction_read_only is on" in problem
        assert re.search(r" ERROR consentcore\.web \[probe-1\] not ready: .*read_only is on\n", front.log)
        checked = front.house.run("plugins", "check")
        assert checked.returncode == 1, checked.stderr
        assert "default_transaction_read_only is on" in checked.stderr
        set_to("off")
        assert eventually(lambda: front.ask("GET", "/readyz").status_code == 200)
        assert front.house.run("plugins", "check").returncode == 0
