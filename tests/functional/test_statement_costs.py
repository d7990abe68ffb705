"""What the pages of owners cost in SQL statements, exactly: one more is a change that somebody has to want."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event

from consentcore.api import Actor, ActorType, Evidence, transact
from tests.support.platform import (
    Request,
    answer,
    connect,
    decide,
    make_platform,
    sign_in,
    to_consent_page,
)

ADA = "ada@example.org"


@pytest.fixture
def platform(tmp_path):
    made = make_platform(tmp_path, storage="sqlalchemy")
    yield made
    made.runtime.close()


@contextmanager
def counted():
    """The statements of whoever works meanwhile, without the beginnings of transactions."""
    seen = []

    def note(_connection, _cursor, statement, *_):
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def cost(browser, path: str) -> int:
    browser.get(path)  # what is made at first use is not the page's
    with counted() as seen:
        browser.get(path)
    return len(seen)


def ended(platform, count: int) -> None:
    """Ada has so many accesses behind her, of one application."""
    runtime = platform.runtime
    with runtime.storage.reading() as uow:
        ada = uow.owners.by_email(ADA)
    actor, how = Actor(ActorType.OWNER, ada.owner_id), Evidence("dialog:proceed")

    def end(grant):
        transact(
            runtime.storage,
            lambda uow: runtime.service.revoke(uow, grant.grant_id, actor=actor, evidence=how),
        )

    for _ in range(count):
        end(decide(platform, ada, client_id="shiftplan"))


@pytest.mark.parametrize("standing", [False, True])
def test_the_consent_page_costs_three_statements(platform, standing):
    request = Request(scope="sites.read comfort.read")
    browser, page = to_consent_page(platform, request)
    if standing:
        answer(page, "approve")
        page = browser.get(Request(scope="alarms.read").url).follow()
    assert cost(browser, page.request.path_qs) == 3


def test_the_database_itself_sees_three_statements_of_the_consent_page(platform):
    """SQLite's own trace: session and owner are among them, and nothing goes past what counts elsewhere."""
    browser, page = to_consent_page(platform, Request(scope="sites.read comfort.read"))
    path, traced = page.request.path_qs, []
    platform.runtime.storage._database.engine.dispose()

    def trace(connection, _record):
        connection.set_trace_callback(traced.append)

    event.listen(Engine, "connect", trace)
    try:
        browser.get(path)
        traced.clear()
        browser.get(path)
    finally:
        event.remove(Engine, "connect", trace)
    first_words = [statement.split()[0] for statement in traced]
    assert first_words == ["BEGIN", "SELECT", "SELECT", "SELECT", "ROLLBACK"]
    assert [table_of(statement) for statement in traced[1:-1]] == ["interaction", "owner_session", "client"]


def table_of(statement: str) -> str:
    return re.search(r"\sFROM (\w+)", statement)[1]


@pytest.mark.parametrize("past", [0, 120])
@pytest.mark.parametrize("applications", [1, 10])
def test_the_dashboard_costs_the_same_however_much_there_is_and_was(platform, applications, past):
    with platform.runtime.storage.reading() as uow:
        ada = uow.owners.by_email(ADA)
    for number in range(applications):
        platform.add_client(f"app{number}", name=f"App {number}")
        decide(platform, ada, client_id=f"app{number}")
    ended(platform, past)
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    assert cost(browser, "/consents") == 4
    assert cost(browser, "/consents/revoked") == (6 if past else 4)
    assert cost(browser, "/consents/history") == 4


def test_the_page_of_a_permission_costs_the_same_after_many_changes(platform):
    connect(platform)
    with platform.runtime.storage.reading() as uow:
        (grant,) = uow.grants.all()
        ada = uow.owners.by_email(ADA)
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    before = cost(browser, f"/consents/{grant.grant_id}")
    for _ in range(10):
        decide(platform, ada, "sites.read", "comfort.read")
    assert cost(browser, f"/consents/{grant.grant_id}") == before <= 9
