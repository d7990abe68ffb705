"""Scopes of OpenAPI documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from consentcore.api import ConfigurationError, Operation, ScopeCatalog, ScopeTexts, ScopeType
from consentcore.testing.scopes import ScopeCatalogConformance
from consentcore_scopes_openapi import ScopesOpenapiSettings, consentcore_scope_catalog
from consentcore_scopes_openapi.catalog import OpenapiCatalog
from consentcore_scopes_openapi.document import MAX_BYTES

ROOMS = """\
openapi: 3.1.0
info: {title: Indoor Climate API, version: "1"}
security:
  - portal: [comfort.read]
paths:
  /rooms:
    get: {summary: List rooms}
    post:
      operationId: addRoom
      security:
        - portal: [comfort.write]
  /status:
    get:
      security: []
components:
  securitySchemes:
    portal:
      type: oauth2
      flows:
        authorizationCode:
          authorizationUrl: https://login.example/authorize
          tokenUrl: https://login.example/token
          scopes:
            comfort.read: Reads rooms
            comfort.write: Adds rooms
x-consent-scopes:
  comfort.read:
    label: Room climate
    sees: Temperature of each room.
    sensitivity: May show whether a room is used.
    level: 3
    data_categories: [room temperature]
    texts:
      de:
        label: Raumklima
        sees: Temperatur in jedem Raum.
        sensitivity: Kann zeigen, ob ein Raum genutzt wird.
"""
LIST = Operation("GET", "/rooms", "List rooms", "Indoor Climate API")
ADD = Operation("POST", "/rooms", "addRoom", "Indoor Climate API")


@pytest.fixture
def read(tmp_path):
    def make(text, name="rooms.yaml", **more):
        (tmp_path / name).write_text(text, "utf-8")
        return OpenapiCatalog(tmp_path / name, **more)

    return make


@pytest.fixture
def problems(read, tmp_path):
    def told(text, name="rooms.yaml"):
        with pytest.raises(ConfigurationError) as caught:
            read(text, name)
        return [line.removeprefix(f"{tmp_path}/") for line in caught.value.problems]

    return told


class TestDocument(ScopeCatalogConformance):
    @pytest.fixture
    def catalog(self, tmp_path) -> ScopeCatalog:
        (tmp_path / "rooms.yaml").write_text(ROOMS, "utf-8")
        return consentcore_scope_catalog(ScopesOpenapiSettings(tmp_path))


def test_a_scope_with_words_is_offered_and_every_scope_has_its_operations(read, tmp_path):
    found = read(ROOMS)
    (scope,) = found.scopes()
    assert (scope.reference, scope.type, scope.level) == ("comfort.read@1", ScopeType.READ, 3)
    assert scope.product == "Indoor Climate API"
    assert scope.texts["de"] == ScopeTexts(
        "Raumklima", "Temperatur in jedem Raum.", sensitivity="Kann zeigen, ob ein Raum genutzt wird."
    )
    assert scope.origin == f"{tmp_path / 'rooms.yaml'}:27"
    assert found.operations() == {"comfort.read": (LIST,), "comfort.write": (ADD,)}


def test_json_is_read_as_yaml_is(read, tmp_path):
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Sites \U0001f3e0", "version": "1"},
        "paths": {"/sites": {"get": {"security": [{"any": ["sites.read"]}]}}},
        "components": {
            "securitySchemes": {"any": {"type": "openIdConnect", "openIdConnectUrl": "https://a.example"}}
        },
        "x-consent-scopes": {"sites.read": {"label": "Your sites", "sees": "Names."}},
    }
    for text in (json.dumps(document), json.dumps(document, indent="\t")):
        found = read(text, "sites.json")
        assert [scope.label for scope in found.scopes()] == ["Your sites"]
        assert found.operations()["sites.read"] == (Operation("GET", "/sites", "", "Sites \U0001f3e0"),)
    line = next(number for number, line in enumerate(text.splitlines(), 1) if '"sites.read": {' in line)
    assert found.scopes()[0].origin == f"{tmp_path / 'sites.json'}:{line}"


def test_a_folder_is_read_whole_and_the_same_call_counts_once(tmp_path):
    (tmp_path / "a.yaml").write_text(ROOMS, "utf-8")
    (tmp_path / "b.json").write_text(
        json.dumps(
            {
                "openapi": "3.1.0",
                "info": {"title": "Air", "version": "1"},
                "paths": {"/air": {"get": {"security": [{"o": ["comfort.read"]}, {"o": ["comfort.read"]}]}}},
                "components": {
                    "securitySchemes": {
                        "o": {"type": "oauth2", "flows": {"x": {"scopes": {"comfort.read": ""}}}}
                    }
                },
            }
        )
    )
    (tmp_path / "notes.txt").write_text("x")
    found = OpenapiCatalog(tmp_path)
    assert found.operations()["comfort.read"] == (LIST, Operation("GET", "/air", "", "Air"))


def test_internal_scopes_are_left_out(read):
    found = read(ROOMS, internal=("comfort.w*",))
    assert list(found.operations()) == ["comfort.read"]
    assert list(read(ROOMS, internal=("comfort.read",)).scopes()) == []


def test_words_are_in_the_language_that_is_set(read):
    (scope,) = read(ROOMS, locale="fr").scopes()
    assert scope.locale == "fr"


def test_references_within_the_document_are_followed(read):
    text = ROOMS.replace(
        "    portal:\n      type",
        "    portal: {$ref: '#/components/x-schemes/real'}\n  x-schemes:\n    real:\n      type",
    )
    assert read(text).operations()["comfort.write"] == (ADD,)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("3.1.0", "2.0", "rooms.yaml:1: #/openapi: expected an OpenAPI document of 3.0 or 3.1"),
        (
            "title: Indoor Climate API, ",
            "",
            "rooms.yaml:2: #/info/title: missing, expected the name of the API product",
        ),
        (
            "[comfort.write]",
            "[comfort.wriet]",
            "rooms.yaml:11: #/paths/~1rooms/post/security/0/portal/0: 'comfort.wriet' is not among the scopes of the",
        ),
        (
            "      security: []",
            "      security: 7",
            "rooms.yaml:14: #/paths/~1status/get/security: expected a list",
        ),
        (
            "  /status:\n    get:\n      security: []\n",
            "  /status: 7\n",
            "rooms.yaml:12: #/paths/~1status: expected an object",
        ),
        (
            "  comfort.read:\n    label",
            "  comfort.raed:\n    label",
            "rooms.yaml:27: #/x-consent-scopes/comfort.raed: there is no such scope",
        ),
        (
            "    level: 3",
            "    levle: 3",
            "rooms.yaml:27: #/x-consent-scopes/comfort.read: scope 'comfort.read': levle: unknown, did you mean",
        ),
        ("    label: Room climate", "    label: ''", "label: missing, expected a text"),
        ("  /status:", "  /rooms:", "rooms.yaml:12: #/paths/~1rooms: stands there twice"),
        ("info: {", "info: [", "rooms.yaml:2: expected YAML ("),
        (
            "portal:\n      type: oauth2",
            "portal:\n      $ref: 'other.yaml'",
            "expected a reference within the document",
        ),
        ("portal:\n      type: oauth2", "portal:\n      $ref: '#/nope'", "there is nothing at #/nope"),
    ],
)
def test_bad_document_is_told_with_file_line_and_pointer(problems, old, new, line):
    assert old in ROOMS
    found = problems(ROOMS.replace(old, new, 1))
    assert any(line in one for one in found), found


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"openapi": "3.1.0",\n "info": }', "rooms.json:2: expected JSON (Expecting value)"),
        (
            '{"openapi": "3.1.0", "openapi": "3.1.0"}',
            "rooms.json: expected JSON ('openapi' stands there twice)",
        ),
        ("[1]", "expected an OpenAPI document of 3.0 or 3.1"),
        ("", "expected an OpenAPI document of 3.0 or 3.1"),
        ("{" * 100_000, "rooms.json"),
        ("[" * 5000 + "]" * 5000, "rooms.json: "),
        ('{"openapi": 3.1}', "expected an OpenAPI document of 3.0 or 3.1"),
        ('{"openapi": "3.1.0", "info": 3, "paths": [], "components": []}', "#/info: expected an object"),
    ],
)
def test_what_is_no_document_is_told(problems, text, line):
    assert any(line in one for one in problems(text, "rooms.json"))


@pytest.mark.parametrize("levels", [101, 900, 100_000])
def test_what_is_nested_too_deeply_is_told_and_does_not_end_the_process(problems, levels):
    (told,) = problems(f"openapi: 3.1.0\nx: {'[' * levels}{']' * levels}\n")
    assert told.endswith("nested too deeply")


@pytest.mark.parametrize("kind", ["[oauth2]", "{a: 1}", "1"])
def test_security_scheme_of_an_odd_type_is_not_ours(read, kind):
    text = f"openapi: 3.1.0\ninfo: {{title: T}}\ncomponents: {{securitySchemes: {{o: {{type: {kind}}}}}}}\n"
    assert read(text).scopes() == []


def test_words_that_are_no_text_are_told(problems):
    scheme = "{type: oauth2, flows: {implicit: {scopes: {a.b: x}}}}"
    told = problems(
        f"openapi: 3.1.0\ninfo: {{title: T}}\ncomponents: {{securitySchemes: {{o: {scheme}}}}}\n"
        "x-consent-scopes: {a.b: {label: {x: 1}, sees: [y]}}\n"
    )
    assert any("label: expected a text" in one for one in told)
    assert any("sees: expected a text" in one for one in told)


def test_aliases_of_aliases_are_not_unfolded(problems):
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 9))
    found = problems(f"openapi: 3.1.0\nl0: &l0 [x, x]\n{levels}")
    assert found == ["rooms.yaml: expected at most 500000 values"]


def test_files_that_cannot_be_read_are_named(tmp_path):
    huge = tmp_path / "huge.json"
    huge.write_bytes(b" " * (MAX_BYTES + 1))
    wrong = tmp_path / "wrong.yaml"
    wrong.write_bytes(b"\xff")
    with pytest.raises(ConfigurationError) as caught:
        OpenapiCatalog(tmp_path)
    assert list(caught.value.problems) == [
        f"{huge}: expected a file of at most {MAX_BYTES} bytes",
        f"{wrong}: expected UTF-8 text",
    ]
    with pytest.raises(ConfigurationError, match="cannot be read"):
        OpenapiCatalog(Path(tmp_path / "nowhere.yaml"))
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ConfigurationError, match="expected OpenAPI documents"):
        OpenapiCatalog(empty)


def test_dates_and_yes_stay_texts(read):
    text = ROOMS.replace("List rooms", "2026-11-30").replace("operationId: addRoom", "summary: yes")
    found = read(text).operations()
    assert found["comfort.read"][0].summary == "2026-11-30"
    assert found["comfort.write"][0].summary == "yes"
