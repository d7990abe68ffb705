"""Every attack of the drill, in its short form: what has to find it does, and the documentation says the same."""

from __future__ import annotations

import pytest

from drill import EXPECTED
from drill.attack import Who
from drill.judge import play
from drill.stage import stage
from drill.table import PAGE, page


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    with stage(tmp_path_factory.mktemp("drill")) as made:
        yield made


def test_rt_09_the_table_of_attacks_says_what_is_played():
    text = PAGE.read_text()
    assert text == page(text), "make reference"


def test_rt_09_what_nothing_finds_is_said_to_be_so():
    assert [one.what for one in EXPECTED if not one.found and not one.why] == []


@pytest.mark.slow
@pytest.mark.parametrize("attack", EXPECTED, ids=lambda one: f"{one.who.name}: {one.what}")
def test_rt_09_an_attack_is_found_by_what_the_table_says(attacked, attack):
    outcome = play(attacked, attack, brief=True)
    assert not outcome.missed, outcome
    assert attack.who is not Who.NO_ANCHOR or any("no anchor" in line for line in outcome.said)
