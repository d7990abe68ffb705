"""``python -m chaos``: consents and revocations while everything around them fails, and the truth afterwards.

Exit code: 0 when every promise was kept, 1 when not, 2 for wrong use, 75 when something could not be tried here: no
PostgreSQL, or no libfaketime (then everything else is tried). The same seed does the same things, not at the same
moments.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from chaos.hostile import mail_server, receiver
from chaos.people import PASSWORD, SCOPE, Broken, Person
from chaos.stage import Stage
from chaos.verdict import problems, settle
from tests.support.postgres_server import Unavailable

PEACE_S = 240.0
THINK_S = 0.2
NOT_TESTED = 75
"""EX_TEMPFAIL of sysexits.h, as in the product: it could not be done now."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do it; the exit code."""
    chosen = _parser().parse_args(arguments)
    seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(10**6)
    folder = Path(tempfile.mkdtemp(prefix="ccchaos", dir=chosen.dir))
    print(f"chaos: {chosen.rounds} consents and revocations on {chosen.database}, seed {seed}", flush=True)
    untried: list[str] = []
    try:
        found = _run(folder, chosen, random.Random(seed), untried)
    except Broken as error:
        found = [str(error)]
    except Unavailable as error:
        shutil.rmtree(folder, ignore_errors=True)
        print(f"NOT TESTED: {chosen.database}: {error}")
        return NOT_TESTED
    for problem in found:
        print(f"BROKEN: {problem}")
    if found or chosen.keep:
        print(f"everything that was said: {folder}/log")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    print("chaos: " + (f"{len(found)} promises broken" if found else "every promise was kept"))
    for line in untried:
        print(f"NOT TESTED: {line}")
    if found:
        return 1
    return NOT_TESTED if untried else 0


def _run(folder: Path, chosen: argparse.Namespace, chance: random.Random, untried: list[str]) -> list[str]:
    with ExitStack() as stack:
        wanted = chosen.database == "postgresql"
        database = stack.enter_context(_postgres()) if wanted else (None, "")
        hooks, mails = stack.enter_context(receiver()), stack.enter_context(mail_server())
        stage = Stage(folder, database, hooks, mails, chance)
        if stage.faketime is None:
            untried.append("clock jumps, libfaketime is missing (make faketime)")
        stack.callback(stage.kill)
        people = _populate(stage, chosen.people)
        stage.start()
        stage.wait()
        began = time.monotonic()
        with _faults(stage, chance, chosen.pause):
            _live(stage, people, chosen.rounds)
        troubled_s = time.monotonic() - began
        stage.wait()
        settled_s = settle(stage, PEACE_S)
        found = problems(stage, people)
        codes = stage.stop()
        if any(codes):
            found.append(f"the processes ended with {codes}")
        _figures(stage, people, troubled_s, settled_s)
    return found


def _populate(stage: Stage, count: int) -> list[Person]:
    stage.json("init")
    base = f"http://127.0.0.1:{stage.hooks.port}"
    app = stage.json(
        *("client", "create", "--name", "App", "--redirect-uri", f"{base}/callback", "--scope", SCOPE),
        *("--webhook-url", f"{base}/hooks"),
    )
    stage.hooks.secret = app["webhook_secret"]
    _add_gone(stage, app["client_id"], f"{base}/gone")
    api = stage.json("client", "create", "--name", "API", "--resource-server", "--scope", SCOPE)
    people = []
    for number in range(count):
        email = f"owner{number}@example.org"
        stage.json("owner", "create", "--email", email, "--password-stdin", stdin=PASSWORD)
        people.append(Person(email, app, api, stage))
    return people


def _add_gone(stage: Stage, client_id: str, url: str) -> None:
    from consentcore.config import load_ini
    from consentcore.runtime import build_runtime
    from consentcore.webhooks.secrets import make_endpoint

    runtime = build_runtime(load_ini(str(stage.ini)))
    with runtime.storage.transaction() as uow:
        uow.clients.add_endpoint(make_endpoint(runtime.keys, client_id, url, runtime.clock.now()).endpoint)
    runtime.close()


def _live(stage: Stage, people: Sequence[Person], rounds: int) -> None:
    """At least so many rounds, and until everything has gone wrong once."""
    left, lock = [rounds], threading.Lock()

    def live(person: Person) -> None:
        while True:
            with lock:
                if left[0] <= 0 and stage.has_seen_everything():
                    return
                left[0] -= 1
            person.round()
            time.sleep(THINK_S)

    with ThreadPoolExecutor(len(people)) as pool:
        for done in [pool.submit(live, person) for person in people]:
            done.result()


@contextmanager
def _faults(stage: Stage, chance: random.Random, pause: float) -> Iterator[None]:
    """One fault after the other; every kind comes before any comes again."""
    over = threading.Event()
    failed: list[BaseException] = []

    def break_things() -> None:
        try:
            while not over.is_set():
                faults = stage.faults()
                for name in chance.sample(sorted(faults), len(faults)):
                    if over.wait(chance.uniform(0.1, 2 * pause)):
                        return
                    faults[name]()
                    stage.done[name] += 1
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    thread = threading.Thread(target=break_things, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(180)
    if failed:
        raise failed[0]


@contextmanager
def _postgres() -> Iterator[tuple[Any, str]]:
    from tests.support.postgres import own_server

    with own_server() as own:
        yield own, own.url(own.create())


def _figures(stage: Stage, people: Sequence[Person], troubled_s: float, settled_s: float) -> None:
    hooks, mails = stage.hooks, stage.mails
    consents, revocations = sum(len(one.granted) for one in people), sum(one.revoked for one in people)
    faults = ", ".join(f"{name} {count}" for name, count in sorted(stage.done.items()))
    again = sum(hooks.taken.values()) - len(hooks.taken), sum(mails.taken.values()) - len(mails.taken)
    print(
        f"{consents} consents and {revocations} revocations confirmed in {troubled_s:.0f} s, "
        f"with {sum(one.retries for one in people)} requests repeated by the people\n"
        f"{sum(stage.done.values())} faults: {faults}\n"
        f"webhooks: {len(hooks.taken)} events told, {again[0]} of them again, {hooks.refused} tries misled\n"
        f"mails: {len(mails.taken)} told, {again[1]} of them again, {mails.refused} tries misled\n"
        f"everything told {settled_s:.1f} s after the last fault",
        flush=True,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument(
        "--rounds", type=int, default=200, help="consents, each with its revocation; default 200"
    )
    parser.add_argument("--people", type=int, default=4, help="who act at the same time; default 4")
    parser.add_argument(
        "--pause", type=float, default=0.5, help="seconds between faults, on average; default 0.5"
    )
    parser.add_argument("--seed", type=int, help="of the order of faults; printed")
    parser.add_argument("--dir", type=Path, help="folder for temporary files")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the log")
    return parser


if __name__ == "__main__":
    sys.exit(main())
