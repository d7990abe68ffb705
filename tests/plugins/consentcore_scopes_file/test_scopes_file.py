from __future__ import annotations

from pathlib import Path

import pytest

import consentcore_scopes_file
from consentcore.api import (
    Catalog,
    ConfigurationError,
    Operation,
    ScopeCatalog,
    ScopeStatus,
    ScopeTexts,
    ScopeType,
)
from consentcore.testing.scopes import ScopeCatalogConformance
from consentcore_scopes_file import ScopesFileSettings
from consentcore_scopes_file.catalog import MAX_BYTES, FileCatalog

RIGHT = 'id = "sites.read"\nlabel = "Your sites"\nsees = "Names."\n'


def read(tmp_path: Path, text: str) -> FileCatalog:
    path = tmp_path / "scopes.toml"
    path.write_text(text, "utf-8")
    return FileCatalog(path)


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, text)
    path = str(tmp_path / "scopes.toml")
    assert all(line.startswith(f"{path}: ") for line in caught.value.problems)
    return [line.removeprefix(f"{path}: ") for line in caught.value.problems]


class TestBundledCatalog(ScopeCatalogConformance):
    @pytest.fixture
    def catalog(self) -> ScopeCatalog:
        return consentcore_scopes_file.consentcore_scope_catalog(ScopesFileSettings())

    def test_has_the_energy_scopes(self, catalog):
        found = Catalog.of(catalog.scopes())
        assert len(list(found)) == 15
        assert {scope.scope_id for scope in found if scope.type is ScopeType.ACT} == {
            "alarms.acknowledge",
            "device.control.setpoint",
            "ev.schedule.write",
        }
        assert found["device.control.setpoint"].access_max_days == 90
        assert found["energy.usage.interval"].includes == ("energy.usage.daily",)

    def test_every_scope_says_what_it_cannot_and_stands_under_a_heading(self, catalog):
        assert [scope.scope_id for scope in catalog.scopes() if not (scope.cannot and scope.cluster)] == []


def test_a_file_of_ones_own_replaces_the_bundled_one(tmp_path):
    scopes = read(
        tmp_path, f'[[scope]]\n{RIGHT}version = "2"\nlevel = 1\ndata_categories = ["sites"]\n'
    ).scopes()
    assert [scope.reference for scope in scopes] == ["sites.read@2"]
    assert scopes[0].data_categories == ("sites",)
    assert scopes[0].access_max_days == 365


def test_a_scope_says_what_has_to_be_chosen_for_it(tmp_path):
    found = Catalog.of(read(tmp_path, f'[[scope]]\n{RIGHT}resources = ["site", "meter"]\n').scopes())
    assert found["sites.read"].resource_kinds == ("site", "meter")
    assert found.resource_kinds == {"site", "meter"}
    assert found.kinds_for(["sites.read", "gone"]) == ("meter", "site")


@pytest.mark.parametrize("kind", ["Site", "", "a site", "site|1"])
def test_a_kind_of_resource_is_a_short_word(tmp_path, kind):
    (found,) = problems(tmp_path, f'[[scope]]\n{RIGHT}resources = ["{kind}"]\n')
    assert found.startswith("scope 'sites.read': resources: expected ")


def test_a_scope_is_required_unless_the_file_says_that_it_is_optional(tmp_path):
    entries = f'[[scope]]\n{RIGHT}\n[[scope]]\n{RIGHT.replace("sites", "meters")}necessity = "optional"\n'
    assert [scope.necessity.value for scope in read(tmp_path, entries).scopes()] == ["required", "optional"]


def test_a_byte_order_mark_is_no_part_of_the_catalog(tmp_path):
    assert len(read(tmp_path, f"\ufeff[[scope]]\n{RIGHT}").scopes()) == 1


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('labl = "x"', "labl: unknown, did you mean 'label'?"),
        (f'cannot = "{"x" * 201}"', "cannot: expected at most 200 characters, not 201"),
        ('cannot = "Names, addresses and more."', "cannot: says 'and more'"),
        ('example = "a\\nb"', "example: expected one line without control characters"),
        ("example = 7", "example: expected a text"),
        ('version = "1@2"', "version: expected a text"),
        ("version = 2", "version: expected a text"),
        ('type = "write"', "type: expected one of read, act, session"),
        ('type = ["read"]', "type: expected one of"),
        ('type = "session"', "type: expected session for offline_access and for nothing else"),
        ('necessity = "maybe"', "necessity: expected one of required, optional"),
        ("necessity = true", "necessity: expected one of required, optional"),
        ("level = 5", "level: expected 1 to 4, not"),
        ("level = true", "level: expected a whole number"),
        ('level = 2\nsensitivity = ""', "sensitivity: missing"),
        ("access_max_days = 0", "access_max_days: expected 1 to 3650, not 0"),
        ('data_categories = "sites"', "data_categories: expected a list of texts"),
        ('includes = ["nope"]', "includes: there is no scope 'nope'"),
        ('includes = ["sites.read"]', "includes: leads back to itself"),
    ],
)
def test_a_problem_names_scope_and_key(tmp_path, line, complaint):
    (found,) = problems(tmp_path, f"[[scope]]\n{RIGHT}{line}\n")
    assert found.startswith(f"scope 'sites.read': {complaint}")


@pytest.mark.parametrize(
    "scope_id", ["", "two words", 'quo"te', "back\\\\slash", "ümlaut", "at@sign", "x" * 101]
)
def test_ids_are_scope_tokens(tmp_path, scope_id):
    escaped = scope_id.replace('"', '\\"')
    (found,) = problems(tmp_path, f'[[scope]]\nid = "{escaped}"\nlabel = "x"\nsees = "y"\n')
    assert ": id: expected a scope token of 1 to 100" in found


def test_a_missing_text_is_named(tmp_path):
    assert problems(tmp_path, '[[scope]]\nid = "a"\n') == [
        "scope 'a': label: missing, expected a text",
        "scope 'a': sees: missing, expected a text",
    ]


def test_all_problems_come_at_once(tmp_path):
    text = f"extra = 1\n[[scope]]\n{RIGHT}level = 9\n[[scope]]\n{RIGHT}[[scope]]\nlabel = 3\n"
    found = problems(tmp_path, text)
    assert "extra: unknown, expected only [[scope]] and [[detail_type]]" in found
    assert "scope 'sites.read': level: expected 1 to 4, not 9" in found
    assert "scope 'sites.read': id: defined 2 times" in found
    assert "scope number 3: label: expected a text" in found
    assert "scope number 3: sees: missing, expected a text" in found


@pytest.mark.parametrize("text", ["", "scope = 3", "scope = []"])
def test_a_catalog_without_scopes_is_refused(tmp_path, text):
    assert problems(tmp_path, text) == ["expected at least one [[scope]]"]


def test_scopes_that_are_no_tables_are_refused(tmp_path):
    assert any("scope number 1: id" in line for line in problems(tmp_path, "scope = [1]"))


def test_a_file_that_is_no_toml_is_refused(tmp_path):
    (found,) = problems(tmp_path, "[[scope")
    assert found.startswith("expected TOML (")


def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    path = tmp_path / "scopes.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="expected UTF-8"):
        FileCatalog(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml: cannot be read \(No such file"):
        FileCatalog(tmp_path / "nowhere.toml")


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "scopes.toml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(ConfigurationError, match="at most"):
        FileCatalog(path)


def test_a_scope_may_have_texts_in_other_languages(tmp_path):
    (scope,) = read(
        tmp_path,
        f'[[scope]]\n{RIGHT}[scope.texts.de]\nlabel = "Ihre Standorte"\nsees = "Namen."\n'
        '[scope.texts.pt-BR]\nlabel = "Seus locais"\nsees = "Nomes."\n',
    ).scopes()
    assert scope.texts == {
        "de": ScopeTexts("Ihre Standorte", "Namen."),
        "pt-BR": ScopeTexts("Seus locais", "Nomes."),
    }
    assert scope.reference == "sites.read@1"
    assert scope.label == "Your sites"


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        ("texts = 1", "texts: expected a table for each language, such as [scope.texts.de]"),
        (
            '[scope.texts]\n"d e" = {label = "x"}',
            "texts.d e: expected a table named by a language, such as [scope.texts.de]",
        ),
        ("[scope.texts]\nde = 1", "texts.de: expected a table named by a language, such as [scope.texts.de]"),
        (
            '[scope.texts.de]\nlabel = "x"',
            "texts.de.sees: missing, expected a text: the scope has one in its own language",
        ),
        (
            '[scope.texts.de]\nlabel = "x"\nsees = "y"\nlevel = 1',
            "texts.de.level: unknown, expected one of label, sees, cannot, example, sensitivity, cluster, on_revoke",
        ),
        ('[scope.texts.de]\nlabel = 7\nsees = "y"', "texts.de.label: expected a text"),
        (
            f'[scope.texts.de]\nlabel = "{"x" * 61}"\nsees = "y"',
            "texts.de.label: expected 1 to 60 characters, not 61",
        ),
        (
            '[scope.texts.de]\nlabel = "x"\nsees = "a\\u202eb"',
            (
                "texts.de.sees: expected one line without control characters, not U+202E "
                "(turns the direction of what follows)"
            ),
        ),
    ],
)
def test_texts_of_a_language_are_held_to_what_the_scope_says(tmp_path, texts, problem):
    assert problems(tmp_path, f"[[scope]]\n{RIGHT}{texts}\n") == [f"scope 'sites.read': {problem}"]


def beside(tmp_path: Path, tag: str, text: str) -> None:
    (tmp_path / f"scopes.{tag}.toml").write_text(text, "utf-8")


def test_another_language_is_a_file_beside_it(tmp_path):
    beside(tmp_path, "de", '[[scope]]\nid = "sites.read"\nlabel = "Ihre Standorte"\nsees = "Namen."\n')
    beside(tmp_path, "pt-BR", '[[scope]]\nid = "sites.read"\nlabel = "Seus locais"\nsees = "Nomes."\n')
    (tmp_path / "scopes.backup.toml").write_text("x = 1")
    (tmp_path / "others.de.toml").write_text("x = 1")
    (scope,) = read(tmp_path, f"[[scope]]\n{RIGHT}").scopes()
    assert scope.texts == {
        "de": ScopeTexts("Ihre Standorte", "Namen."),
        "pt-BR": ScopeTexts("Seus locais", "Nomes."),
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            '[[scope]]\nid = "nope"\nlabel = "x"\nsees = "y"\n',
            "scope number 1: id: 'nope': there is no such scope",
        ),
        ('[[scope]]\nid = "sites.read"\nlabel = "x"\n', "scope 'sites.read': sees: missing, expected a text"),
        (
            '[[scope]]\nid = "sites.read"\nlabel = "x"\nsees = "y"\nlevel = 1\n',
            "level: unknown, expected one of id",
        ),
        (f'[[scope]]\nid = "sites.read"\nlabel = "{"x" * 61}"\nsees = "y"\n', "label: expected 1 to 60"),
        ('[[scope]]\nid = "sites.read"\nlabel = "x"\nsees = "Namen usw."\n', "sees: says 'usw.'"),
        ("more = 1\n", "more: unknown, expected only [[scope]] and [[detail_type]]"),
        ("[[scope", "expected TOML ("),
    ],
)
def test_a_problem_of_another_language_names_its_file(tmp_path, text, problem):
    beside(tmp_path, "de", text)
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, f"[[scope]]\n{RIGHT}")
    (line,) = caught.value.problems
    assert line.startswith(f"{tmp_path / 'scopes.de.toml'}: ")
    assert problem in line


def test_a_language_is_said_in_one_place(tmp_path):
    said = 'label = "Ihre Standorte"\nsees = "Namen."\n'
    beside(tmp_path, "de", f'[[scope]]\nid = "sites.read"\n{said}')
    with pytest.raises(
        ConfigurationError, match=r"scope 'sites\.read': said in \[scope\.texts\.de\] already"
    ):
        read(tmp_path, f"[[scope]]\n{RIGHT}[scope.texts.de]\n{said}")


def test_a_scope_knows_its_line(tmp_path):
    text = f'# words\n\n[[scope]]\n{RIGHT}[scope.texts.de]\nlabel = "a"\nsees = "b"\n'
    text += '[[scope]]\nlabel = "B"\nid = "b"\nsees = "c"\nrevision = 2\n'
    found = read(tmp_path, text).scopes()
    path = tmp_path / "scopes.toml"
    assert [scope.origin for scope in found] == [f"{path}:4", f"{path}:14"]


def test_everything_of_an_entry_is_read(tmp_path):
    more = (
        'revision = 3\nstatus = "deprecated"\nreplaced_by = "b"\npurposes = ["comfort"]\nhistory_max_days = 0\n'
        'retention_max_days = 30\non_revoke = "It stays."\nproduct = "Sites API"\n'
        'operations = ["GET /sites List sites", "PUT /sites/{site}"]\n'
    )
    (scope,) = read(tmp_path, f"[[scope]]\n{RIGHT}{more}").scopes()
    assert (scope.revision, scope.status, scope.replaced_by) == (3, ScopeStatus.DEPRECATED, "b")
    assert (scope.history_max_days, scope.retention_max_days, scope.on_revoke) == (0, 30, "It stays.")
    assert scope.operations == (
        Operation("GET", "/sites", "List sites", "Sites API"),
        Operation("PUT", "/sites/{site}", "", "Sites API"),
    )
    assert scope.products == ("Sites API",)


@pytest.mark.parametrize("line", ["sites", "get /sites", "GET sites", "GET"])
def test_an_operation_is_a_method_and_a_path(tmp_path, line):
    (found,) = problems(tmp_path, f'[[scope]]\n{RIGHT}operations = ["{line}"]\n')
    assert found.startswith("scope 'sites.read': operations: expected calls such as")


def test_texts_of_the_file_may_be_in_another_language_than_english(tmp_path):
    beside(tmp_path, "en", '[[scope]]\nid = "sites.read"\nlabel = "Your sites"\nsees = "Names."\n')
    path = tmp_path / "scopes.toml"
    path.write_text('[[scope]]\nid = "sites.read"\nlabel = "Vos sites"\nsees = "Des noms."\n', "utf-8")
    (scope,) = FileCatalog(path, "fr").scopes()
    assert (scope.in_language(("fr",)).label, scope.in_language(("fr",)).locale) == ("Vos sites", "fr")
    assert (scope.in_language(("en",)).label, scope.in_language(("en",)).locale) == ("Your sites", "en")
    assert scope.in_language(("de",)).locale == "fr"


def test_bundled_catalog_has_a_type_of_authorization_details_in_every_language():
    (kind,) = FileCatalog(None).detail_types()
    assert (kind.type_id, kind.resource_kinds, list(kind.texts)) == (
        "meter_readings",
        ("site",),
        ["de", "es", "fr"],
    )
    assert kind.said.values["datatypes"]["daily"] == "One total per day"


@pytest.mark.parametrize(
    ("added", "problem"),
    [
        ('[[detail_type]]\nid = "t"\nlabel = "T"\n', "detail type 't': sees: missing, expected a text"),
        ('detail_type = "t"\n', "detail_type: expected tables, such as [[detail_type]]"),
        ('[[detail_type]]\nlabel = "T"\nsees = "S."\n', "detail type number 1: id: expected 1 to 100"),
        ('[[detail_type]]\nid = "t"\nlabel = "T"\nsees = "S."\n' * 2, "detail type 't': defined 2 times"),
    ],
    ids=["lacks a text", "no table", "lacks an id", "twice"],
)
def test_what_is_wrong_with_a_type_is_said(tmp_path, added, problem):
    found = problems(tmp_path, added + f"[[scope]]\n{RIGHT}")
    assert any(one.startswith(problem) for one in found), found


def test_words_of_a_type_that_is_not_there_are_refused(tmp_path):
    said = '[[detail_type]]\nid = "t"\nlabel = "T"\nsees = "S."\n'
    (tmp_path / "scopes.toml").write_text(f"{said}[[scope]]\n{RIGHT}")
    for text, problem in (
        (said.replace('"t"', '"u"'), "there is no such type"),
        (said * 2, "said twice"),
        ('[[detail_type]]\nid = "t"\nlabel = "T"\n', "sees: missing, expected a text"),
    ):
        (tmp_path / "scopes.de.toml").write_text(text)
        with pytest.raises(ConfigurationError, match=problem):
            FileCatalog(tmp_path / "scopes.toml")
