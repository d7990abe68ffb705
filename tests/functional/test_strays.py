"""Deliveries of a notifier that is no longer named: told of, out of the alert, discarded by command, or sent when it
comes back."""

from __future__ import annotations

import logging
from contextlib import closing

import pytest
from prometheus_client.parser import text_string_to_metric_families

from consentcore.config import load_ini
from consentcore.domain.notice import DeliveryState
from consentcore.domain.parties import Audience
from consentcore.runtime import build_runtime
from consentcore.testing import factories
from consentcore.worker.worker import Worker, run_worker
from tests.support.command_line import Cli

COUNT = 3


@pytest.fixture
def house(tmp_path):
    """A house whose outbox has mails for devmail, which the configuration does not name any more."""
    cli = Cli(tmp_path)
    assert cli("init").code == 0
    with closing(opened(cli)) as runtime:
        now = runtime.clock.now()
        with runtime.storage.transaction() as uow:
            uow.owners.add(factories.owner(owner_id="owner-1", email="ada@example.org"))
            for number in range(COUNT):
                grant = factories.grant("owner-1", "client-1", grant_id=f"grant-{number}")
                uow.notices.add(
                    factories.notice(
                        grant, notice_id=f"n-{number}", audiences=(Audience.OWNER,), occurred_at=now - 600_000
                    )
                )
        Worker(runtime)._expander.expand_all(100)
        assert [one.notifier for one in waiting(runtime)] == ["devmail"] * COUNT
    name(cli, "webhook")
    return cli


def opened(cli: Cli):
    return build_runtime(load_ini(cli.ini))


def name(cli: Cli, notifiers: str) -> None:
    text = cli.ini.read_text()
    lines = [
        f"consentcore.notifiers = {notifiers}" if line.startswith("consentcore.notifiers") else line
        for line in text.splitlines()
    ]
    cli.ini.write_text("\n".join(lines) + "\n")


def waiting(runtime):
    return runtime.storage.delivery_log.deliveries(state=DeliveryState.PENDING)


def measured(runtime) -> dict[str, float]:
    families = text_string_to_metric_families(runtime.meters.text().decode())
    return {sample.name: sample.value for family in families for sample in family.samples}


def test_they_are_said_at_start_and_by_plugins_check(house, caplog):
    said = f"{COUNT} deliveries wait for devmail, which the configuration does not name"
    checked = house("plugins", "check")
    assert checked.code == 0
    assert f"note: {said}" in checked.out
    assert "consentcore -c INI webhooks discard devmail" in checked.out

    class Stopped:
        @staticmethod
        def is_set() -> bool:
            return True

        @staticmethod
        def wait(_seconds: float = 0) -> bool:
            return True

    with caplog.at_level(logging.WARNING, "consentcore.worker"):
        run_worker(str(house.ini), Stopped())
    assert said in caplog.text


def test_they_do_not_keep_the_alert_burning(house):
    with closing(opened(house)) as runtime:
        found = measured(runtime)
        assert found["consentcore_outbox_oldest_due_seconds"] == 0
        assert (found["consentcore_outbox_pending"], found["consentcore_outbox_unnamed"]) == (0, COUNT)
    name(house, "devmail webhook")
    with closing(opened(house)) as runtime:
        found = measured(runtime)
        assert found["consentcore_outbox_oldest_due_seconds"] >= 600
        assert (found["consentcore_outbox_pending"], found["consentcore_outbox_unnamed"]) == (COUNT, 0)


def test_they_go_on_when_the_notifier_comes_back(house):
    with closing(opened(house)) as runtime:
        assert Worker(runtime).run_once() == 0
        assert len(waiting(runtime)) == COUNT
    name(house, "devmail webhook")
    with closing(opened(house)) as runtime:
        assert Worker(runtime).run_once() == COUNT
        assert waiting(runtime) == []


def test_they_are_discarded_by_command_and_by_no_replay_sent(house):
    done = house("webhooks", "discard", "devmail", "--json")
    assert done.json == {"discarded": COUNT}
    assert house("webhooks", "discard", "devmail", "--json").json == {"discarded": 0}
    assert "devmail, which" not in house("plugins", "check").out
    assert house("webhooks", "replay", "--failed", "--json").json == {"replayed": []}
    with closing(opened(house)) as runtime:
        assert waiting(runtime) == []
        (gone, *_) = runtime.storage.delivery_log.deliveries()
        assert (gone.state, "discarded by the operator" in gone.last_error) == (DeliveryState.GONE, True)
        assert measured(runtime)["consentcore_outbox_unnamed"] == 0


def test_those_that_are_not_due_yet_are_discarded_too(house):
    with closing(opened(house)) as runtime:
        outbox, now = runtime.storage.outbox, runtime.clock.now()
        claimed = outbox.claim_deliveries(now, limit=1, lease_ms=60_000, notifiers=("devmail",))
        assert len(claimed) == 1  # another process has it at this moment
        assert house("webhooks", "discard", "devmail", "--json").json == {"discarded": COUNT - 1}
        assert len(waiting(runtime)) == 1


def test_what_is_going_to_be_sent_is_not_discarded(house):
    name(house, "devmail webhook")
    refused = house("webhooks", "discard", "devmail")
    assert refused.code == 2
    assert "expected one that the configuration does not name" in refused.err
    with closing(opened(house)) as runtime:
        assert len(waiting(runtime)) == COUNT
