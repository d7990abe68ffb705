"""The 405 of a route, whatever methods the pages of plugins name."""

from __future__ import annotations

import pytest
from pyramid.config import Configurator, not_
from pyramid.exceptions import PredicateMismatch
from pyramid.request import Request
from pyramid.response import Response

from consentcore.web.methods import not_allowed


def refused(method, *named):
    """What is said to ``method`` where each view of a route names the methods of ``named``."""
    config = Configurator()
    config.add_route("page", "/page")
    for methods in named:
        config.add_view(lambda _request: Response("here"), route_name="page", request_method=methods)
    found = []
    config.add_exception_view(
        lambda _mismatch, request: found.append(not_allowed(request)) or Response(status=404),
        context=PredicateMismatch,
    )
    Request.blank("/page", method=method).get_response(config.make_wsgi_app())
    return found[0]


@pytest.mark.parametrize(
    ("named", "allow"),
    [
        (["GET"], "GET, HEAD"),
        (["POST", ("PUT", "DELETE")], "POST, PUT, DELETE"),
        (["GET", "OPTIONS"], "GET, HEAD, OPTIONS"),
        (["REPORT", "PROPFIND", "POST"], "POST, PROPFIND, REPORT"),
        (["GET", not_("PATCH")], "GET, HEAD"),
    ],
)
def test_every_method_that_a_route_names_is_listed(named, allow):
    refusal = refused("PATCH", *named)
    assert (refusal.status_int, refusal.headers["Allow"]) == (405, allow)


def test_a_route_that_only_names_what_it_does_not_take_is_not_listed():
    assert refused("PATCH", not_("PATCH")) is None
