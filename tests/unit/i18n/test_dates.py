"""Dates and numbers by language."""

from __future__ import annotations

import subprocess
import sys

import pytest

from consentcore.i18n import Catalogs, Language

NOON = 1_795_446_240_000
"""23 November 2026, 15:04 UTC, in ms."""


def language(tag):
    return Language(tag, Catalogs())


@pytest.mark.parametrize(
    ("tag", "day", "moment"),
    [
        ("en", "23 November 2026", "23 November 2026, 16:04 CET"),
        ("en-AU", "23 November 2026", "23 November 2026, 16:04 CET"),
        ("fr", "23 novembre 2026", "23 novembre 2026, 16:04 CET"),
        ("de", "23. November 2026", "23. November 2026, 16:04 MEZ"),
        ("es", "23 de noviembre de 2026", "23 de noviembre de 2026, 16:04 CET"),
        ("qps", "23 November 2026", "23 November 2026, 16:04 CET"),
    ],
)
def test_cp_62_months_have_names_and_times_their_zone(tag, day, moment):
    assert language(tag).day(NOON, "Europe/Paris") == day
    assert language(tag).moment(NOON, "Europe/Paris") == moment


@pytest.mark.parametrize(
    ("tag", "clock"),
    [("en", "16:04:00 CET"), ("fr", "16:04:00 CET"), ("de", "16:04:00 MEZ"), ("es", "16:04:00 CET")],
)
def test_cp_62_a_time_without_its_day_has_its_zone_too(tag, clock):
    assert language(tag).clock(NOON, "Europe/Paris") == clock
    assert language(tag).clock(NOON, "Europe/Paris", seconds=False) == clock.replace(":00 ", " ")
    assert language(tag).clock(NOON).endswith(":04:00 UTC")


FIRST_OF_MARCH = 1_772_323_440_000
"""1 March 2026, 00:04 UTC, in ms."""


@pytest.mark.parametrize(
    ("tag", "zone", "expected"),
    [
        # Académie française and Office québécois de la langue française: only the first of a month is ordinal.
        ("fr", "UTC", "1er mars 2026, 00:04 UTC"),
        ("fr-CA", "UTC", "1er mars 2026, 00 h 04 UTC"),
        ("fr", "America/New_York", "28 février 2026, 19:04 HNE"),
        ("fr", "Europe/Paris", "1er mars 2026, 01:04 CET"),
        # DIN 5008: the number is ordinal and has a full stop, no zero before it where the month has its name.
        ("de", "UTC", "1. März 2026, 00:04 UTC"),
        ("de", "Europe/Vienna", "1. März 2026, 01:04 MEZ"),
        # Real Academia Española (Ortografía 2010): small letters, "de" before month and year; "1" as good as "primero".
        ("es", "UTC", "1 de marzo de 2026, 0:04 UTC"),
        ("es", "Europe/Madrid", "1 de marzo de 2026, 1:04 CET"),
        ("en", "UTC", "1 March 2026, 00:04 UTC"),
        # Zones without letters of their own in the database of IANA: the offset (CLDR: "UTC-03:00").
        ("en", "America/Sao_Paulo", "28 February 2026, 21:04 UTC-03:00"),
        ("de", "America/Sao_Paulo", "28. Februar 2026, 21:04 UTC-03:00"),
        ("fr", "Asia/Kathmandu", "1er mars 2026, 05:49 UTC+05:45"),
        ("es", "Asia/Kathmandu", "1 de marzo de 2026, 5:49 UTC+05:45"),
    ],
)
def test_cp_62_the_first_of_a_month_and_every_zone_are_written_as_people_write_them(tag, zone, expected):
    assert language(tag).moment(FIRST_OF_MARCH, zone) == expected
    assert expected.startswith(f"{language(tag).day(FIRST_OF_MARCH, zone)},")


@pytest.mark.parametrize("day", range(2, 32))
def test_cp_62_no_other_day_of_a_month_is_ordinal_in_french(day):
    january = 1_767_268_800_000  # 1 January 2026, 12:00 UTC
    assert language("fr").day(january + (day - 1) * 86_400_000) == f"{day} janvier 2026"


@pytest.mark.parametrize(
    ("tag", "month"),
    [
        ("en", "November 2026"),
        ("fr", "Novembre 2026"),
        ("de", "November 2026"),
        ("es", "Noviembre de 2026"),
        ("qps", "November 2026"),
    ],
)
def test_a_month_is_a_heading(tag, month):
    assert language(tag).month(NOON, "Europe/Paris") == month


def test_a_month_is_that_of_the_place_where_somebody_lives():
    midnight = NOON - NOON % 86_400_000 + 7 * 86_400_000 + 82_800_000  # 30 November, 23:00 UTC
    assert language("en").month(midnight) == "November 2026"
    assert language("en").month(midnight, "Europe/Paris") == "December 2026"


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd"])
def test_a_zone_that_is_not_known_is_utc(name):
    assert language("en").moment(NOON, name) == "23 November 2026, 15:04 UTC"
    assert language("de").moment(NOON, name) == "23. November 2026, 15:04 UTC"


def test_cp_62_numbers_have_the_separators_of_the_language_and_none_in_english():
    assert [language(tag).number(12345) for tag in ("en", "de", "qps")] == ["12345", "12.345", "12345"]


def test_lines_may_begin_at_the_right():
    assert [language(tag).direction for tag in ("en", "ar-EG", "he")] == ["ltr", "rtl", "rtl"]


def test_english_alone_loads_no_library():
    code = (
        "import sys\n"
        "from consentcore.i18n import Languages\n"
        "from consentcore.domain.message import plural_message\n"
        "english = Languages().default\n"
        "english.moment(0); english.number(7); english.translate(plural_message('a', 'b', n=2))\n"
        "sys.exit('babel' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
