"""Pyramid's means in place of our own: who may see a view, which methods a route knows, which forms count."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPForbidden
from pyramid.request import Request
from pyramid.security import Denied

from consentcore.web.csrf import BadCsrf
from consentcore.web.errors import on_csrf
from consentcore.web.security import AUDIENCES, SecurityPolicy, on_forbidden

WEB = Path(__file__).parents[3] / "consentcore" / "web"


def views(audience):
    """Every view of an audience: where it stands, its function, and the options of each ``view_config``."""
    for path in sorted((WEB / audience).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for call in getattr(node, "decorator_list", []):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "view_config":
                    yield (
                        f"{path.name}:{node.name}",
                        {one.arg: ast.unparse(one.value) for one in call.keywords},
                    )


def test_every_view_of_the_api_is_for_applications_that_prove_who_they_are():
    found = dict(views("api"))
    assert len(found) > 10
    assert {name for name, options in found.items() if options.get("permission") != "APPLICATION"} == {
        "description.py:openapi"
    }


def test_pages_without_a_sign_in_are_those_that_lead_to_one_or_mean_whoever_comes():
    open_to_all = {
        options["route_name"].strip("'") for _, options in views("owner") if "permission" not in options
    }
    assert open_to_all == {
        "application.logo",
        "home",
        "login",
        "login.callback",
        "login.out",
        "logout",
        "consent",
        "receipt",
        "receipt.signed",
        "receipt.revoke",
        "verify",
        "account.email.confirm",
        "account.reset",
        "account.reset.sent",
        "account.reset.new",
        "account.reset.done",
    }


@pytest.mark.parametrize("audience", ["owner", "api", "ops"])
def test_no_view_answers_a_method_that_it_does_not_name(audience):
    """The 405 of a route is made in one place; a view without a method would take them all."""
    takes_all = {name for name, options in views(audience) if "request_method" not in options}
    assert takes_all <= {"description.py:openapi", "metrics.py:metrics"}


def test_permissions_are_those_of_audiences():
    found = [options for audience in ("api", "owner", "ops", "oauth") for _, options in views(audience)]
    assert {one["permission"].lower() for one in found if "permission" in one} == set(AUDIENCES)


def test_sessions_neither_begin_nor_end_in_the_policy():
    policy = SecurityPolicy()
    with pytest.raises(NotImplementedError, match="sign_ins"):
        policy.remember(None, "ada")
    with pytest.raises(NotImplementedError, match="logout"):
        policy.forget(None)


class Asked:
    def __init__(self, path, method="GET"):
        self.path, self.method, self.environ = path, method, {"PATH_INFO": path}


@pytest.mark.parametrize(
    ("method", "path", "back"),
    [
        ("GET", "/form", "/form"),
        ("HEAD", "/form", "/form"),
        ("POST", "/form", "/form"),
        ("POST", "/any", "/any"),
        ("POST", "/no-page", "/consents"),
    ],
)
def test_who_is_not_signed_in_comes_back_to_the_page_that_was_asked_for(method, path, back):
    def refuse(_request):
        raise HTTPForbidden(result=Denied("x"))

    config = Configurator()
    for name, methods in {"form": ("GET", "POST"), "no-page": ("POST",), "any": (None,)}.items():
        config.add_route(name, f"/{name}")
        for one in methods:
            config.add_view(refuse, route_name=name, request_method=one)
    config.add_exception_view(on_forbidden, context=HTTPForbidden)
    config.commit()
    answer = Request.blank(path, method=method).get_response(config.make_wsgi_app())
    assert answer.status_int == 303
    assert answer.headers["Location"].endswith(f"/login?next={back}")


@pytest.mark.parametrize("raised", [HTTPForbidden(result=Denied("x")), HTTPForbidden("no"), BadCsrf()])
def test_what_is_forbidden_to_a_program_is_told_as_json_also_by_pages_of_plugins(raised):
    def refuse(_request):
        raise raised

    config = Configurator()
    config.add_route("page", "/api/acme")
    config.add_view(refuse, route_name="page")
    config.add_exception_view(on_forbidden, context=HTTPForbidden)
    config.add_exception_view(on_csrf, context=BadCsrf)
    config.include("consentcore.web.api.errors")
    answer = Request.blank("/api/acme").get_response(config.make_wsgi_app())
    assert (answer.status_int, answer.content_type) == (403, "application/json")
    assert "error" in answer.json
