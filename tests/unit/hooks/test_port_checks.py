"""What plugins make, held against the ports, for every hook that makes something."""

from __future__ import annotations

import pytest

from consentcore.api import Delivered, Retry, Scope, ScopeTexts, Secret
from consentcore.hooks.port_checks import PORTS, catalog_problems, port_problems
from consentcore.testing import memory_storage
from consentcore_login_local import LoginLocalSettings
from consentcore_login_local.provider import LocalLogin
from consentcore_memory.storage import MemoryStorage
from tests.support import tiny_plugins as tiny
from tests.support.directories import MemoryDirectory


class Redirecting:
    label = "Portal"
    origin = "https://portal.example"

    def begin(self, *, callback_url, fresh, now): ...

    def complete(self, returned): ...

    def end(self, *, return_url): ...


GOOD = {
    "consentcore_storage": memory_storage(),
    "consentcore_scope_catalog": tiny.Catalog("a"),
    "consentcore_notifier": tiny.Notifier(None, None),
    "consentcore_resources": MemoryDirectory(),
    "consentcore_anchor": tiny.Anchor(),
    "consentcore_key_provider": tiny.Vault(),
}


def test_every_port_is_tried_here():
    assert set(GOOD) == set(PORTS)


@pytest.mark.parametrize("hook", GOOD)
def test_what_does_all_that_it_has_to_is_in_order(hook):
    assert port_problems(hook, GOOD[hook]) == []


def test_directory_of_before_there_were_pages_is_in_order():
    assert port_problems("consentcore_resources", tiny.Directory()) == []

    class Odd:
        def resources(self): ...

    assert port_problems("consentcore_resources", Odd()) == [
        "resources of its resource directory cannot be called with (owner)"
    ]


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"kinds": ()}, "kinds: expected at least one word such as site, meter or device"),
        ({"kinds": ("A site",)}, "kinds: expected at least one word such as site, meter or device"),
        ({"kinds": None}, "kinds is no sequence of words: "),
        ({"kinds": "site"}, 'kinds: expected words such as ("site", "meter"), not a text'),
        ({"allows_everything": "no"}, "allows_everything: expected True or False"),
    ],
)
def test_directory_that_says_odd_things_of_itself_is_told(said, problem):
    (found,) = port_problems("consentcore_resources", MemoryDirectory(**said))
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("hook", "method"),
    [
        ("consentcore_storage", "migrate"),
        ("consentcore_scope_catalog", "scopes"),
        ("consentcore_notifier", "targets"),
        ("consentcore_resources", "describe"),
        ("consentcore_anchor", "publish"),
        ("consentcore_key_provider", "master_keys"),
    ],
)
def test_method_that_cannot_be_called_is_said(hook, method):
    class Lacking:
        def __getattr__(self, name):
            return None if name == method else getattr(GOOD[hook], name)

    (problem,) = port_problems(hook, Lacking())
    assert problem.startswith(f"{method} of its ")
    assert problem.endswith(" cannot be called")


@pytest.mark.parametrize("hook", GOOD)
def test_nothing_at_all_lacks_everything(hook):
    assert all(" has no " in problem for problem in port_problems(hook, object()))
    assert port_problems(hook, object()) != []


def test_face_of_a_storage_is_looked_at_too():
    class Poor(MemoryStorage):
        def __init__(self):
            super().__init__()
            self.outbox = object()

    problems = port_problems("consentcore_storage", Poor())
    assert "outbox of its storage has no claim_deliveries" in problems


def test_login_is_one_of_two():
    cheap = LoginLocalSettings(argon2_memory_kib=64, argon2_time_cost=1)
    assert port_problems("consentcore_login", LocalLogin(cheap, memory_storage())) == []
    assert port_problems("consentcore_login", Redirecting()) == []

    class Half:
        def begin(self, callback_url): ...

    problems = port_problems("consentcore_login", Half())
    assert "begin of its login cannot be called with (callback_url, fresh, now)" in problems
    assert "its login has no complete" in problems
    assert "its login has no set_password" in port_problems("consentcore_login", object())


def test_what_a_login_need_not_have_has_to_fit():
    class Asked(Redirecting):
        acr_values = ("urn:gold", "two words")

        def begin_asked(self, asked): ...

    assert port_problems("consentcore_login", Asked()) == [
        "begin_asked of its login cannot be called with (callback_url, asked, now)",
        "acr_values: expected words of printable ASCII without blanks, of at most 200 characters",
    ]
    Asked.acr_values, Asked.begin_asked = (), lambda self, *, callback_url, asked, now: None
    assert port_problems("consentcore_login", Asked()) == []


def test_notifier_that_declares_check_has_one():
    checked = frozenset({"check"})
    (problem,) = port_problems("consentcore_notifier", GOOD["consentcore_notifier"], checked)
    assert problem == "its notifier has no check"


def test_more_than_is_asked_for_is_no_problem():
    class Generous:
        retry_schedule_s = ()
        extra = Secret("x")

        def targets(self, *anything, **more):
            return []

        def send(self, envelope, target, hurry=False):
            return Delivered() if hurry else Retry("later")

    assert port_problems("consentcore_notifier", Generous()) == []


def test_property_that_fails_is_told_in_a_line():
    class Failing(tiny.Notifier):
        @property
        def retry_schedule_s(self):
            raise ValueError("one\ntwo")

    (problem,) = port_problems("consentcore_notifier", Failing(None, None))
    assert problem.startswith("retry_schedule_s of its notifier failed: ValueError: one")
    assert "\n" not in problem


def test_other_languages_have_the_same_limits():
    scope = Scope("a", "A", "Sees it.", texts={"de": ScopeTexts("x" * 61, " ")})
    assert catalog_problems([scope]) == [
        "scope a: label (de): expected 1 to 60 characters, not 61",
        "scope a: sees (de): expected what the application sees or does",
    ]


@pytest.mark.parametrize("what", [None, 7, "scope", object()])
def test_what_is_no_scope_is_said(what):
    (problem,) = catalog_problems([what])
    assert "it cannot be read" in problem
