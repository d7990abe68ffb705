"""Plays an attack and sees what finds it."""

from __future__ import annotations

from dataclasses import dataclass, field

from consentcore.consent.evidence.anchored import NO_ANCHOR
from drill.attack import Attack, By, Who
from drill.stage import Stage
from tests.support.command_line import call


@dataclass(frozen=True)
class Outcome:
    """What was seen.

    :ivar found: by what it was found.
    :ivar said: what verification said.
    :ivar missed: what should have found it and has not; or what is not as it should be otherwise. Empty: all is well.
    """

    attack: Attack
    found: frozenset[By]
    said: tuple[str, ...] = ()
    missed: tuple[str, ...] = field(default=())


def play(stage: Stage, attack: Attack, *, brief: bool = False) -> Outcome:
    """Make the installation whole, attack it, and look: the command first, then whoever is let in, then a worker
    that has just begun, and the command again, because a worker must not heal what was wrong.

    :param brief: leave the worker out where it is not expected to find anything, and the second look.
    """
    stage.make_whole(attack.anchored)
    stage.stop()
    attack.does(stage)
    stage.stop()
    code, said = _verified(stage)
    found = set()
    if attack.works is not None and not attack.works(stage):
        found.add(By.REFUSED)
    if (not brief or By.WORKER in attack.found) and stage.work():
        found.add(By.WORKER)
    code_after, said_after = (code, said) if brief else _verified(stage)
    if code == code_after == 1:
        found.add(By.VERIFY)
    missed = [f"not found: {by}" for by in sorted(attack.found - found)]
    missed += [f"found, and not expected to be: {by}" for by in sorted(found - attack.found)]
    if code != code_after:
        missed.append(f"audit verify ends with {code}, and with {code_after} after a worker")
    if attack.says and not any(attack.says in line for line in said):
        missed.append(f"audit verify does not say {attack.says!r}")
    if attack.who is Who.NO_ANCHOR and NO_ANCHOR not in said_after:
        missed.append("audit verify does not say that without an anchor it is invisible")
    return Outcome(attack, frozenset(found), said, tuple(missed))


def _verified(stage: Stage) -> tuple[int, tuple[str, ...]]:
    done = call("audit", "verify", "-c", str(stage.ini))
    return done.code, tuple(line for line in done.err.splitlines() if "chmod 600" not in line)
