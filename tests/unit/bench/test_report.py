"""Ratios are taken within a round, and a round on a slow disk does not count."""

from __future__ import annotations

import json
import math

import pytest

from bench.__main__ import main
from bench.count import Cost
from bench.measure import Options, Result
from bench.report import as_json, as_text, machine, summary
from bench.stats import Point

OPTIONS = Options(operations=("refresh",))


def made(requests_s, cpu_us, *, fsync_ms=0.1, errors=0):
    return Point(requests_s, 1.0, 2.0, math.nan, cpu_us, None, 20.0, 100, errors, fsync_ms)


def result(**overrides):
    rounds = [
        {"bare": made(8000, 100), "raw2": made(4000, 200), "refresh": made(3000, 300)},
        {"bare": made(4000, 100), "raw2": made(1000, 200), "refresh": made(800, 300)},
        {
            "bare": made(8000, 100),
            "raw2": made(9000, 200),
            "refresh": made(90, 900, fsync_ms=3.0, errors=2),
        },
    ]
    costs = {"refresh": Cost(1.0, 1.0, 1.0, 0.0, 900.4)}
    drivers = {"select": 40.0, "insert_commit": 200.0}
    return Result("A database", rounds, costs, drivers, [(60.0, 61.5)], **overrides)


def test_ratios_are_medians_of_each_rounds_own_ratio():
    figures = summary(result(), "refresh")
    assert figures["of_floor"] == pytest.approx((0.75 + 0.8) / 2)
    assert figures["cpu_of_floor"] == pytest.approx(1.5)
    assert figures["of_bare"] == pytest.approx((3 / 8 + 0.2) / 2)
    assert figures["requests_s"] == 1900


def test_a_slow_disk_does_not_matter_where_nothing_is_written():
    slow = [{"bare": made(1, 1), "raw1": made(4000, 200), "introspect": made(1000, 200, fsync_ms=9.0)}] * 2
    quick = [{"bare": made(1, 1), "raw1": made(4000, 200), "introspect": made(3000, 200)}]
    assert summary(Result("A database", slow + quick), "introspect")["requests_s"] == 1000


def test_errors_of_every_round_are_told():
    assert summary(result(), "refresh")["errors"] == 2
    assert result().errors == 2


def test_table_has_a_row_for_each_operation_and_says_what_was_left_out():
    text = as_text(result(problems=["refresh: 2 x refresh: 503"]), OPTIONS)
    row = next(line for line in text.splitlines() if line.startswith("refresh")).split()
    assert row[1] == "1900"
    assert row[5:9] == ["2", "1+1", "1", "900"]
    assert "refresh 1" in text
    assert "60.0 -> 61.5" in text
    assert "ERROR refresh: 2 x refresh: 503" in text


def test_refresh_with_a_proof_is_held_against_the_plain_one_of_the_same_round():
    rounds = [
        {"bare": made(1, 1), "raw2": made(1, 1), "refresh": made(900, 300), "dpop": made(750, 390)},
        {"bare": made(1, 1), "raw2": made(1, 1), "refresh": made(200, 500), "dpop": made(160, 600)},
    ]
    found = Result("A database", rounds, {}, {"select": 40.0, "insert_commit": 200.0})
    assert "DPoP refresh / Bearer refresh: CPU 1.25, with the database's 1.25, time 1.23" in as_text(
        found, OPTIONS
    )
    assert as_json([found], OPTIONS, [], machine())["databases"][0]["bound_of_plain_refresh"]["cpu"] == 1.25
    assert "DPoP" not in as_text(result(), OPTIONS)


def test_json_has_null_where_there_is_no_figure():
    text = json.dumps(as_json([result()], OPTIONS, ["postgresql"], machine()), allow_nan=False)
    found = json.loads(text)
    assert found["absent"] == ["postgresql"]
    operation = found["databases"][0]["operations"]["refresh"]
    assert operation["p99_ms"] is None
    assert operation["database_cpu_us"] is None
    assert found["databases"][0]["sql"]["refresh"]["commits"] == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--ops", "refresh,dance"], "expected some of authorize, code, refresh, dpop, introspect, revoke"),
        (["--rounds", "0"], "expected a number from 1 to 100"),
        (["--seconds", "nan"], "expected seconds from 0.1 to 600"),
        (["--databases", ","], "expected some of sqlite, postgresql"),
    ],
)
def test_wrong_use_is_told(arguments, complaint, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert complaint in capsys.readouterr().err
