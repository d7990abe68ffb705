"""``/api/v1/events``: an application reads what it was told, and what it lost."""

from __future__ import annotations

import json
import random
import threading

import pytest

from consentcore.domain.errors import InvalidTransition
from consentcore.domain.grant_states import GrantState
from consentcore.domain.owner import Owner
from consentcore.webhooks.secrets import make_endpoint
from consentcore.worker.worker import Worker
from tests.support.client_api import EVENTS, GRANTS, call, everything, owner_of, people, withdraw
from tests.support.platform import Platform, decide, make_platform
from tests.support.sinks import http_sink


class TestEvents:
    def test_events_are_the_payloads_of_the_webhooks_with_their_ids(self, platform):
        ada, grace = owner_of(platform, "ada@example.org"), owner_of(platform, "grace@example.org")
        grant = decide(platform, ada)
        decide(platform, ada, "sites.read", "alarms.read")
        decide(platform, grace, allow=False)
        withdraw(platform, grant)
        found = call(platform, EVENTS).json["data"]
        assert [(one["type"], one["data"].get("change")) for one in found] == [
            ("consent.granted", "created"),
            ("consent.granted", "extended"),
            ("consent.denied", None),
            ("consent.revoked", None),
        ]
        assert {"subject", "grant_id"}.isdisjoint(found[2]["data"])
        assert [one["data"].get("sequence") for one in found] == [1, 2, None, 3]
        assert len({one["id"] for one in found}) == 4
        assert set(found[0]) == {"id", "type", "version", "timestamp", "data"}

    def test_list_says_what_the_webhooks_said(self, platform):
        runtime, ada = platform.runtime, owner_of(platform, "ada@example.org")
        with http_sink() as sink:
            minted = make_endpoint(runtime.keys, "coolsite", sink.url(), runtime.clock.now())
            with runtime.storage.transaction() as uow:
                uow.clients.add_endpoint(minted.endpoint)
            grant = decide(platform, ada)
            decide(platform, ada, "alarms.read", allow=False)
            call(platform, f"{GRANTS}/{grant.grant_id}", "DELETE", status=204)
            Worker(runtime).run_once()
            told = {got.headers["webhook-id"]: json.loads(got.body) for got in sink.received}
        listed = call(platform, EVENTS).json["data"]
        assert [one["type"] for one in listed] == ["consent.granted", "consent.denied", "consent.revoked"]
        assert {one.pop("id"): one for one in listed} == told

    def test_denial_with_an_earlier_grant_names_the_subject(self, platform):
        owner = owner_of(platform, "ada@example.org")
        decide(platform, owner)
        decide(platform, owner, "alarms.read", allow=False)
        granted, denied = call(platform, EVENTS).json["data"]
        assert denied["data"]["subject"] == granted["data"]["subject"]

    def test_pages_are_the_feed_and_the_end_can_be_gone_on_from(self, platform):
        for one in people(platform, 5):
            decide(platform, one)
        whole = everything(platform, EVENTS)
        assert len(whole) == 5
        for limit in (1, 2, 5, 6):
            assert everything(platform, EVENTS, limit) == whole
        last = whole[-1]["id"]
        end = call(platform, f"{EVENTS}?after={last}").json
        assert end == {"data": [], "has_more": False, "next_after": last}
        decide(platform, owner_of(platform, "ada@example.org"))
        assert len(call(platform, f"{EVENTS}?after={last}").json["data"]) == 1

    def test_place_that_is_not_there_says_what_to_do(self, platform):
        decide(platform, owner_of(platform, "ada@example.org"), client_id="shiftplan")
        foreign = call(platform, EVENTS, client_id="shiftplan").json["data"][0]["id"]
        for after in ("unknown", foreign):
            refused = call(platform, f"{EVENTS}?after={after}", status=410).json
            assert refused["error"] == "unknown_event"
            assert "/api/v1/grants" in refused["error_description"]

    def test_tests_of_an_endpoint_and_security_events_are_not_in_it(self, platform):
        runtime, grant = platform.runtime, decide(platform, owner_of(platform, "ada@example.org"))
        from consentcore.domain.event_kinds import EventType, NoticeKind
        from consentcore.domain.notice import Notice
        from consentcore.domain.parties import Audience

        with runtime.storage.transaction() as uow:
            uow.notices.add(
                Notice("evt-test", NoticeKind.TEST, "", "coolsite", "", (Audience.CLIENT,), 1, "{}")
            )
        runtime.compromised("no-such-family", grant.grant_id, EventType.CODE_REPLAYED)
        assert [one["type"] for one in call(platform, EVENTS).json["data"]] == ["consent.granted"]


class TestLostEverything:
    """An application without any memory pages while people go on deciding."""

    @pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
    def busy(self, request, tmp_path):
        url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
        made = make_platform(tmp_path, storage="sqlalchemy", url=url)
        yield made
        made.runtime.close()

    def test_it_is_whole_again(self, busy):
        owners = people(busy, 12)
        for one in owners[:4]:
            decide(busy, one)

        def live(mine: list[Owner], seed: int) -> None:
            chance = random.Random(seed)
            for _ in range(12):
                owner = chance.choice(mine)
                if chance.random() < 0.6:
                    decide(busy, owner, *chance.sample(["sites.read", "comfort.read", "alarms.read"], 2))
                else:
                    self.end_whatever_stands(busy, owner)

        lives = [
            threading.Thread(target=live, args=(owners[number::3], number), daemon=True)
            for number in range(3)
        ]
        for one in lives:
            one.start()
        known: dict[str, dict] = {one["grant_id"]: one for one in everything(busy, GRANTS, 5)}
        seen: list[dict] = []
        while any(one.is_alive() for one in lives):
            seen += everything(busy, EVENTS, 3, after=seen[-1]["id"] if seen else "")
        for one in lives:
            one.join()
        seen += everything(busy, EVENTS, 3, after=seen[-1]["id"] if seen else "")
        self.learn(known, seen)
        truth = {one["grant_id"]: one for one in everything(busy, GRANTS)}
        assert {key: (one["sequence"], one["scopes"]) for key, one in known.items()} == {
            key: (one["sequence"], one["scopes"]) for key, one in truth.items()
        }
        assert len({one["id"] for one in seen}) == len(seen)
        assert seen == everything(busy, EVENTS)
        for grant_id, one in truth.items():
            told = [item["data"]["sequence"] for item in seen if item["data"]["grant_id"] == grant_id]
            assert told == list(range(1, one["sequence"] + 1))

    @staticmethod
    def learn(known: dict[str, dict], seen: list[dict]) -> None:
        """What the guide tells an ISV to do: the higher sequence wins."""
        for item in seen:
            data = item["data"]
            if known.get(data["grant_id"], {"sequence": 0})["sequence"] < data["sequence"]:
                known[data["grant_id"]] = data

    @staticmethod
    def end_whatever_stands(platform: Platform, owner: Owner) -> None:
        with platform.runtime.storage.reading() as uow:
            standing = [
                one
                for one in uow.grants.all(client_id="coolsite", states=[GrantState.ACTIVE])
                if one.owner_id == owner.owner_id
            ]
        for grant in standing:
            try:
                withdraw(platform, grant)
            except InvalidTransition:
                continue
