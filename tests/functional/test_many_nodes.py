"""Two web nodes and two workers on one PostgreSQL behind nginx: any of them is killed, and what one knows all know."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from consentcore.api import DeliveryState
from consentcore.oauth.client_auth.credentials import ASSERTION_TYPE
from tests.support import client_keys
from tests.support.browser import Browser
from tests.support.deployment import COMMAND
from tests.support.fronts import CALLBACK, PREFIX, two_nodes
from tests.support.load import load
from tests.support.patience import PATIENCE_S, eventually
from tests.support.postgres import storage_at
from tests.support.processes import all_gone, children_of
from tests.support.proofs import Prover
from tests.support.sinks import Answer, http_sink

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

ADA, PASSWORD = "ada@example.org", "a perfectly fine password"
WRONG_SECRETS = 3
SETTINGS = {
    "notifiers": "webhook",
    "server.workers": 1,
    "worker.embedded": "false",
    "worker.lease_s": 20,  # what a killed worker held is its own for so long
    "plugin.webhook.timeout_s": 5,
    "limits.failures_per_client": WRONG_SECRETS,
}


@dataclass
class House:
    """Both nodes, both workers, an application, and a person with a browser."""

    front: object
    nodes: tuple
    workers: list
    sink: object
    database: str
    app: dict
    browser: Browser = field(init=False)

    def __post_init__(self):
        self.browser = Browser(str(self.front.certificate.path))

    @property
    def auth(self):
        return self.app["client_id"], self.app["client_secret"]

    def ask(self):
        """The application sends the browser for a decision, whatever was said before."""
        query = {
            "response_type": "code",
            "client_id": self.app["client_id"],
            "redirect_uri": self.callback,
            "scope": "sites.read",
            "prompt": "consent",
        }
        return self.browser.open(f"{self.front.url}{PREFIX}/authorize?{urlencode(query)}")

    @property
    def callback(self):
        return f"{self.front.url}{CALLBACK}"

    def sign_in(self):
        """To the consent page, with a sign-in where there was none."""
        self.ask()
        if "/login" in self.browser.page.url:
            self.browser.press("Sign in", email=ADA, password=PASSWORD)
        assert self.browser.page.button("Approve")

    def approve(self):
        """The code that comes of it."""
        page = self.browser.press("Approve")
        (code,) = parse_qs(urlsplit(page.url).query)["code"]
        return {"grant_type": "authorization_code", "code": code, "redirect_uri": self.callback}

    def post(self, node, endpoint, body, **options):
        """A request at one node, as the proxy would pass it on."""
        headers = {"Host": urlsplit(self.front.url).netloc, "X-Forwarded-Proto": "https"}
        headers.update(options.pop("headers", {}))
        url = f"{node.issuer}{PREFIX}/{endpoint}"
        return requests.post(url, data=body, headers=headers, timeout=PATIENCE_S, **options)

    def events(self):
        """Ids of what stands in the ledger."""
        with self.storage() as storage, storage.reading() as uow:
            ada = uow.owners.by_email(ADA)
            return sorted(one.event_id for one in uow.ledger.of_owner(ada.owner_id, limit=1000))

    def deliveries(self):
        """How many there are in each state."""
        with self.storage() as storage:
            return [one.state for one in storage.delivery_log.deliveries()]

    @contextmanager
    def storage(self):
        storage = storage_at(self.database)
        yield storage
        storage.close()


@contextmanager
def worker(house):
    """A worker process of its own; ended with the block."""
    log = house.folder / f"worker-{time.monotonic_ns()}.log"
    with log.open("wb") as output:
        process = subprocess.Popen([COMMAND, "worker", "-c", house.ini], stdout=output, stderr=output)
    try:
        eventually(lambda: "worker started" in log.read_text(), log.read_text)
        yield process
    finally:
        process.kill()
        process.wait(PATIENCE_S)


@pytest.fixture(scope="module")
def house(postgres_server, tmp_path_factory):
    name = postgres_server.create(postgres_server.migrated())
    database = postgres_server.url(name)
    with ExitStack() as stack:
        sink = stack.enter_context(http_sink())
        folder = tmp_path_factory.mktemp("nodes")
        front, nodes = stack.enter_context(two_nodes(folder, database=database, **SETTINGS))
        workers = [stack.enter_context(worker(nodes[0])) for _ in range(2)]
        app = nodes[0].json(
            *("client", "create", "--name", "CoolSite", "--redirect-uri", f"{front.url}{CALLBACK}"),
            *("--scope", "sites.read", "--webhook-url", sink.url()),
        )
        nodes[0].json("owner", "create", "--email", ADA, "--password-stdin", stdin=PASSWORD)
        yield House(front, nodes, workers, sink, database, app)
    postgres_server.drop(name)


def kill(process):
    """End a process as the kernel ends it that is out of memory, and wait until its children are gone as well."""
    pids = [process.pid, *(child.pid for child in children_of(process.pid))]
    os.kill(process.pid, signal.SIGKILL)
    process.wait(PATIENCE_S)
    eventually(lambda: all_gone(pids), lambda: pids)


def kill_node(node):
    kill(node.server)
    node.server = None


def sends(pid, port):
    """Whether a process has a connection to ``port`` (proc_pid_net(5))."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    there = {f"socket:[{row[9]}]" for row in rows if row[2].endswith(f":{port:04X}") and row[3] == "01"}
    with suppress(FileNotFoundError):  # what was closed meanwhile: whoever waits looks again
        return any(str(one.readlink()) in there for one in Path(f"/proc/{pid}/fd").iterdir())
    return False


def test_wrong_secrets_are_counted_over_both_nodes(house):
    """A round is done again when the minute, within which they are counted, turns in it."""

    def fourth(number):
        statuses = [
            house.post(node, "introspect", {"token": "x"}, auth=(f"guessed-{number}", "wrong")).status_code
            for node in (*house.nodes[:1] * WRONG_SECRETS, house.nodes[1])
        ]
        assert statuses[:WRONG_SECRETS] == [401] * WRONG_SECRETS
        return statuses[-1]

    numbers = iter(range(3))
    assert any(fourth(number) == 429 for number in numbers)


def test_assertion_that_one_node_has_seen_is_refused_by_the_other(house):
    key = json.dumps({"keys": [client_keys.EC.as_dict(private=False)]})
    made = house.nodes[0].json(
        *("client", "create", "--name", "Signer", "--redirect-uri", house.callback, "--scope", "sites.read"),
        *("--auth-method", "private_key_jwt", "--jwks", key),
    )
    now = int(time.time())
    claims = {
        "iss": made["client_id"],
        "sub": made["client_id"],
        "aud": house.front.url,
        "jti": client_keys.fresh_jti(),
        "iat": now,
        "exp": now + 60,
    }
    body = {
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": client_keys.signed(claims),
        "token": "x",
    }
    answers = [house.post(node, "introspect", body) for node in house.nodes]
    assert [answer.status_code for answer in answers] == [200, 401]


def test_proof_that_one_node_has_seen_is_refused_by_the_other(house):
    prover, url = Prover(), f"{house.front.url}{PREFIX}/token"
    house.sign_in()

    def post(node, body, proof):
        return house.post(node, "token", body, auth=house.auth, headers={"DPoP": proof})

    one, two = house.nodes
    first = post(one, house.approve(), prover.proof(url, time.time()))
    assert first.json()["token_type"] == "DPoP"
    proof = prover.proof(url, time.time())
    body = {"grant_type": "refresh_token", "refresh_token": first.json()["refresh_token"]}
    second = post(one, body, proof)
    assert second.status_code == 200
    body["refresh_token"] = second.json()["refresh_token"]
    again = post(two, body, proof)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_dpop_proof")
    assert post(two, body, prover.proof(url, time.time())).status_code == 200


def test_91_worker_is_killed_while_it_sends_and_the_other_tells_everything(house):
    """At first the receiver hangs; what the killed one held is sent by the other once its lease is over."""
    with load(house.front) as running:
        house.sink.answer = Answer(delay_s=PATIENCE_S)
        house.sign_in()
        house.approve()
        sending = eventually(
            lambda: [one for one in house.workers if sends(one.pid, house.sink.port)], despite=OSError
        )
        kill(sending[0])
        house.sink.answer = Answer()
        house.ask()
        house.approve()
        running.goes_on()
    eventually(lambda: DeliveryState.PENDING not in house.deliveries(), house.deliveries)
    told = {got.headers["webhook-id"] for got in house.sink.received}
    assert sorted(told) == house.events()
    assert set(house.deliveries()) == {DeliveryState.DELIVERED}


def test_both_nodes_are_killed_in_turn_under_load_and_session_form_and_code_go_on(house):
    """Only what was under way at a node that is killed may fail."""
    one, two = house.nodes
    with load(house.front) as running:
        house.sign_in()
        with running.losing():
            kill_node(two)
        running.goes_on()
        assert house.ask().button("Approve"), "who has signed in at either is signed in at the one that stays"
        two.start()
        with running.losing():
            kill_node(one)
        running.goes_on()
        code = house.approve()  # a form of the node that is gone
        tokens = house.post(two, "token", code, auth=house.auth).json()
        asked = house.post(two, "introspect", {"token": tokens["access_token"]}, auth=house.auth)
        assert asked.json()["active"] is True
    assert len(running.lost) <= 2 * running.size, "one of each that sends requests, each time"
