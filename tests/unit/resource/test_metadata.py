"""What an API says of itself (RFC 9728): the document, where it is, and the challenges that lead to it."""

from __future__ import annotations

import pytest
from pyramid.config import Configurator
from webtest import TestApp

from consentcore.jose.dpop import ALGORITHMS
from consentcore.resource import BearerMiddleware, Possession, ProtectedResource
from consentcore.resource.auth_request import AuthRequest, from_environment
from consentcore.resource.metadata import MAX_LENGTH
from consentcore.resource.pyramid import needs_token
from tests.unit.resource.test_bearer import Known, inner

ISSUER = "https://consent.example"
ROOMS = "https://api.example/rooms"
PATH = "/.well-known/oauth-protected-resource/rooms"
WHERE = f'resource_metadata="https://api.example{PATH}"'


def resource(identifier=ROOMS, **changes):
    return ProtectedResource(**{"resource": identifier, "authorization_servers": [ISSUER], **changes})


def as_middleware(metadata, *scopes, **options):
    return TestApp(
        BearerMiddleware(inner, Known(), scopes=scopes, realm="rooms", metadata=metadata, **options)
    )


def as_view(metadata, *scopes, **options):
    config = Configurator()
    config.include("consentcore.resource.pyramid")
    config.set_token_checker(Known(), realm="rooms", metadata=metadata, **options)
    config.add_route("rooms", "/")
    config.add_view(
        lambda request: request.token.subject,
        route_name="rooms",
        decorator=needs_token(*scopes),
        renderer="string",
    )
    return TestApp(config.make_wsgi_app())


def as_nginx_asks(metadata, *_scopes, **options):
    return TestApp(AuthRequest(Known(), realm="rooms", metadata=metadata, **options))


EVERYWHERE = [as_middleware, as_view, as_nginx_asks]


@pytest.fixture(params=EVERYWHERE)
def described(request):
    return request.param


# --- the document (sections 2 and 3.2) ---


def test_resource_and_its_authorization_servers_are_told():
    document = resource(authorization_servers=(ISSUER, "https://other.example/tenant")).document()
    assert document["resource"] == ROOMS
    assert document["authorization_servers"] == [ISSUER, "https://other.example/tenant"]


def test_tokens_are_taken_in_the_header_only():
    assert resource().document()["bearer_methods_supported"] == ["header"]


def test_proofs_are_taken_by_the_algorithms_that_are_told():
    assert resource().document()["dpop_signing_alg_values_supported"] == list(ALGORITHMS)


def test_what_has_no_value_is_left_out():
    assert set(resource().document()) == {
        "resource",
        "authorization_servers",
        "bearer_methods_supported",
        "dpop_signing_alg_values_supported",
    }


def test_everything_else_is_told_where_it_holds():
    document = resource(
        scopes=("comfort.read", "sites.read"),
        name="Rooms",
        documentation="https://api.example/docs",
        policy="https://api.example/policy",
        terms="https://api.example/terms",
        dpop_required=True,
        certificate_bound=True,
        authorization_details_types=("site_access",),
    ).document()
    assert document["scopes_supported"] == ["comfort.read", "sites.read"]
    assert document["resource_name"] == "Rooms"
    assert document["resource_documentation"] == "https://api.example/docs"
    assert document["resource_policy_uri"] == "https://api.example/policy"
    assert document["resource_tos_uri"] == "https://api.example/terms"
    assert document["dpop_bound_access_tokens_required"] is True
    assert document["tls_client_certificate_bound_access_tokens"] is True
    assert document["authorization_details_types_supported"] == ["site_access"]


def test_texts_come_in_several_languages():
    """Section 2.1."""
    names = {"": "Rooms", "de": "Räume", "pt-BR": "Salas"}
    pages = {"": "https://api.example/docs", "fr": "https://api.example/fr"}
    document = resource(name=names, documentation=pages).document()
    assert document["resource_name"] == "Rooms"
    assert document["resource_name#de"] == "Räume"
    assert document["resource_name#pt-BR"] == "Salas"
    assert document["resource_documentation#fr"] == "https://api.example/fr"


# --- where it is (section 3.1) ---


@pytest.mark.parametrize(
    ("identifier", "path"),
    [
        ("https://api.example", ""),
        ("https://api.example/", ""),
        ("https://api.example:8443/rooms", "/rooms"),
        ("https://api.example/v1/rooms/", "/v1/rooms/"),
        ("http://127.0.0.1:6546/mcp", "/mcp"),
        ("http://[::1]:6546/mcp", "/mcp"),
        ("http://localhost/mcp", "/mcp"),
        ("https://xn--strae-oqa.example/r%C3%A4ume", "/r%C3%A4ume"),
    ],
)
def test_well_known_part_goes_between_host_and_path(identifier, path):
    told = resource(identifier)
    assert told.path == f"/.well-known/oauth-protected-resource{path}"
    host = identifier.split("/")[2]
    assert told.url == f"{identifier.split(':', 1)[0]}://{host}{told.path}"


@pytest.mark.parametrize(
    "identifier", ["https://api.example/r%C3%A4ume", "https://api.example/100%25/a:b/{c}*d"]
)
def test_path_may_hold_whatever_an_address_may(described, identifier):
    told = resource(identifier.replace("{", "%7B").replace("}", "%7D"))
    assert described(told).get(told.path).json["resource"] == told.resource


# --- the identifier and what else is wrong (sections 1.2 and 2) ---


@pytest.mark.parametrize(
    ("member", "wrong"),
    [
        ("resource", "http://api.example/rooms"),
        ("resource", "https://api.example/rooms#top"),
        ("resource", "https://api.example/rooms?x=1"),
        ("resource", "https://api.example/rooms?"),
        ("resource", "https://ada@api.example/rooms"),
        ("resource", "https:///rooms"),
        ("resource", "https://"),
        ("resource", "api.example/rooms"),
        ("resource", "urn:x"),
        ("resource", "/rooms"),
        ("resource", ""),
        ("resource", "https://API.example/rooms"),
        ("resource", "HTTPS://api.example/rooms"),
        ("resource", "https://api.example:443/rooms"),
        ("resource", "https://api.example:x/rooms"),
        ("resource", "https://straße.example/rooms"),
        ("resource", "https://api.example/a/../rooms"),
        ("resource", "https://api.example/a/%2e%2E/rooms"),
        ("resource", "https://api.example/a b"),
        ("resource", 'https://api.example/"'),
        ("resource", "https://api.example/\n"),
        ("resource", "https://api.example/" + "x" * MAX_LENGTH),
        ("authorization_servers", []),
        ("authorization_servers", ISSUER),
        ("authorization_servers", ["consent.example"]),
        ("authorization_servers", ["http://consent.example"]),
        ("authorization_servers", [f"{ISSUER}?x"]),
        ("authorization_servers", [7]),
        ("scopes", "comfort.read"),
        ("scopes", ["comfort.read sites.read"]),
        ("scopes", [""]),
        ("scopes", ['"']),
        ("authorization_details_types", ["a b"]),
        ("name", "Rooms\nBearer"),
        ("name", {"d": "Räume"}),
        ("name", {"de#": "Räume"}),
        ("documentation", "the wiki"),
        ("policy", "javascript:alert(1)"),
        ("terms", {"de": "//api.example"}),
    ],
)
def test_what_cannot_stand_is_refused_with_the_member_named(member, wrong):
    with pytest.raises(ValueError, match=f"^{member}: expected"):
        resource(**{("identifier" if member == "resource" else member): wrong})


# --- served (section 3.2) ---


def test_document_needs_no_token_and_is_json(described):
    told = resource(name="Räume")
    answer = described(told).get(PATH)
    assert answer.status_int == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.json == told.document()


def test_document_is_nowhere_else(described):
    app = described(resource())
    for path in (f"{PATH}/", f"{PATH}x", PATH.removesuffix("/rooms"), f"/v1{PATH}"):
        answer = app.get(path, expect_errors=True)
        assert answer.status_int in {401, 404}
        assert answer.body == b"" or b"authorization_servers" not in answer.body


def test_document_is_of_the_host_whatever_prefix_the_api_is_included_with():
    def rooms(config):
        config.include("consentcore.resource.pyramid")
        config.set_token_checker(Known(), metadata=resource())
        config.add_route("rooms", "/list")
        config.add_view(
            lambda request: request.token.subject,
            route_name="rooms",
            decorator=needs_token(),
            renderer="string",
        )

    config = Configurator()
    config.include(rooms, route_prefix="/rooms")
    app = TestApp(config.make_wsgi_app())
    assert app.get(PATH).json == resource().document()
    assert WHERE in app.get("/rooms/list", status=401).headers["WWW-Authenticate"]


def test_document_needs_no_permission_where_views_do_by_default():
    config = Configurator()
    config.set_security_policy(NobodyMay())
    config.set_default_permission("view")
    config.include("consentcore.resource.pyramid")
    config.set_token_checker(Known(), metadata=resource())
    assert TestApp(config.make_wsgi_app()).get(PATH).json == resource().document()


class NobodyMay:
    """A security policy of an API whose views ask for a permission."""

    def permits(self, _request, _context, _permission):
        return False


def test_document_may_be_read_by_any_web_page(described):
    """Libraries of agents send a header of their own, which a browser asks about first."""
    app = described(resource())
    asked = {"Origin": "https://agent.example", "Access-Control-Request-Method": "GET"}
    answer = app.options(PATH, headers={**asked, "Access-Control-Request-Headers": "mcp-protocol-version"})
    assert (answer.status_int, answer.body) == (204, b"")
    assert answer.headers["Access-Control-Allow-Headers"] == "*"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert (
        app.get(PATH, headers={"Origin": "https://agent.example"}).headers["Access-Control-Allow-Origin"]
        == "*"
    )


def test_document_is_only_read(described):
    app = described(resource())
    head = app.head(PATH)
    assert (head.status_int, head.body) == (200, b"")
    assert head.headers["Content-Length"] == app.get(PATH).headers["Content-Length"]
    answer = app.post(PATH, expect_errors=True)
    assert (answer.status_int, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


def test_api_that_was_not_told_describes_nothing(described):
    answer = described(None).get(PATH, expect_errors=True)
    assert answer.status_int in {401, 404}
    assert "resource_metadata" not in answer.headers.get("WWW-Authenticate", "")


# --- challenges (section 5.1, and the authorization text of MCP) ---


@pytest.mark.parametrize("made", [as_middleware, as_view])
def test_challenge_says_where_the_document_is(made):
    app = made(resource(), "rooms.read")
    answer = app.get("/", expect_errors=True)
    assert answer.status_int == 401
    assert answer.headers["WWW-Authenticate"] == f'Bearer realm="rooms", scope="rooms.read", {WHERE}'
    for authorization, status in (("Bearer unknown", 401), ("Bearer a b", 400)):
        answer = app.get("/", headers={"Authorization": authorization}, expect_errors=True)
        assert answer.status_int == status
        assert WHERE in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("made", [as_middleware, as_view])
def test_challenge_for_more_says_which_scopes(made):
    answer = made(resource(), "rooms.read", "rooms.write").get(
        "/", headers={"Authorization": "Bearer good"}, expect_errors=True
    )
    assert answer.status_int == 403
    challenge = answer.headers["WWW-Authenticate"]
    for member in ('error="insufficient_scope"', 'scope="rooms.read rooms.write"', WHERE):
        assert member in challenge


def test_nginx_is_given_the_address_of_the_document_too():
    app = as_nginx_asks(resource())
    for authorization, query, status in (("", "", 401), ("Bearer good", "?scope=rooms.write", 403)):
        headers = {"Authorization": authorization, "X-Original-URI": "/rooms"}
        answer = app.get(f"/{query}", headers=headers, expect_errors=True)
        assert answer.status_int == status
        assert WHERE in answer.headers["WWW-Authenticate"]


def test_request_that_nginx_asks_about_is_never_one_for_the_document():
    app = as_nginx_asks(resource())
    answer = app.get("/", headers={"X-Original-URI": PATH}, expect_errors=True)
    assert answer.status_int == 401


@pytest.mark.parametrize("made", [as_middleware, as_view])
def test_api_that_demands_bound_tokens_does(made):
    app = made(resource(dpop_required=True))
    for headers in ({}, {"Authorization": "Bearer good"}, {"Authorization": "DPoP good"}):
        answer = app.get("/", headers=headers, expect_errors=True)
        assert answer.status_int == 401
        challenge = answer.headers["WWW-Authenticate"]
        assert challenge.startswith('DPoP realm="rooms"')
        assert WHERE in challenge
        assert 'algs="' in challenge
        assert ("error" in challenge) == bool(headers)


def test_document_and_check_of_bound_tokens_have_to_agree(described):
    for told, required in ((True, False), (False, True)):
        with pytest.raises(ValueError, match="possession: expected required="):
            described(resource(dpop_required=told), possession=Possession(required=required))


def test_what_nginx_asks_describes_what_the_environment_says():
    asks = {
        "INTROSPECTION_URL": "http://127.0.0.1:1/introspect",
        "CLIENT_ID": "api",
        "CLIENT_SECRET": "secret",
        "RESOURCE": ROOMS,
        "AUTHORIZATION_SERVERS": ISSUER,
        "SCOPES": "comfort.read sites.read",
        "NAME": "Rooms",
        "DOCUMENTATION": "https://api.example/docs",
        "DPOP_REQUIRED": "true",
    }

    def made(**changes):
        values = {**asks, **changes}
        return from_environment({f"CONSENTCORE_RESOURCE_{name}": value for name, value in values.items()})

    told = TestApp(made()).get(PATH).json
    assert told["scopes_supported"] == ["comfort.read", "sites.read"]
    assert told["authorization_servers"] == [ISSUER]
    assert (told["resource_name"], told["dpop_bound_access_tokens_required"]) == ("Rooms", True)
    assert TestApp(made(RESOURCE="")).get(PATH, expect_errors=True).status_int == 401
    verifies = made(AUTHORIZATION_SERVERS="", ISSUER=ISSUER, AUDIENCE=ROOMS)
    assert TestApp(verifies).get(PATH).json["authorization_servers"] == [ISSUER]
    for name, wrong in (("RESOURCE", "rooms"), ("DPOP_REQUIRED", "yes"), ("AUTHORIZATION_SERVERS", "")):
        with pytest.raises(ValueError, match=f"CONSENTCORE_RESOURCE_{name}: expected"):
            made(**{name: wrong})
