"""What the rules of the machine are written with."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from consentcore.domain.interaction import Interaction
from tests.lifecycle.scenario import SCOPES, Answer, LifeScenario

if TYPE_CHECKING:
    from tests.lifecycle.model import Expected

AT_ONCE = 3


@dataclass
class Asked:
    """A request that waits, or waited, for its owner."""

    interaction: Interaction
    owner: int
    client: int
    scopes: tuple[str, ...]
    verifier: str
    opened: int
    answered: bool = False


@dataclass
class Tally:
    steps: int = 0
    examples: int = 0


def scope_sets(smallest: int = 1) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(SCOPES), min_size=smallest, max_size=3, unique=True).map(tuple)


any_client = st.integers(0, 2)
any_owner = st.integers(0, 1)
mostly = st.sampled_from([True, True, True, False])
recent = st.integers(0, 40)
"""How far back: the latest things are the likeliest to matter, and what a failure shrinks to."""
pool = ThreadPoolExecutor(AT_ONCE)


def latest(things: list, back: int):
    return things[-1 - back % len(things)]


def at_once(work: Callable[[int], object], count: int = AT_ONCE) -> list:
    return list(pool.map(work, range(count)))


def needs(things: Callable[[Any], list]) -> Callable[[Callable], Callable]:
    """Let a rule that finds nothing to work on begin a consent instead."""

    def decorate(step: Callable) -> Callable:
        @wraps(step)
        def run(self, *args, **kwargs) -> None:
            if things(self):
                step(self, *args, **kwargs)
            else:
                self.connect(owner=0, client=1, scopes=SCOPES)

        return run

    return decorate


def answered(answer: Answer, expected: Expected) -> bool:
    """Whether it is a success; asserts that it is the answer that was expected."""
    assert (answer.error or "") == expected.error, (answer, expected)
    assert answer.status == {"": 200, "invalid_client": 401}.get(expected.error, 400)
    if expected.error:
        return False
    assert answer.members["scope"] == " ".join(expected.scopes)
    return True


class Alarms:
    """Asserts how many alarms a block raises: one, none, or, where a purge leaves it open, at most one."""

    def __init__(self, scenario: LifeScenario, expected: bool | None) -> None:
        self.scenario, self.expected = scenario, expected

    def __enter__(self) -> None:
        self.before = len(self.scenario.alarms)

    def __exit__(self, kind, _value, _trace) -> None:
        if kind is None:
            raised = len(self.scenario.alarms) - self.before
            wanted = {True: (1,), False: (0,), None: (0, 1)}[self.expected]
            assert raised in wanted, f"{raised} alarms instead of {wanted}"
