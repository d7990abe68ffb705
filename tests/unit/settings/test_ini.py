"""INI files: what paste reads, with the line that each value came from."""

from __future__ import annotations

import pytest

from consentcore import config, settings
from consentcore.settings.ini import BrokenInheritance, inherited, read_ini


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def read(path, kind="app", name="main"):
    problems = []
    found = inherited(path, kind, name, problems)
    return {key: entry.value for key, entry in found.items()}, problems, found


def broken(path):
    with pytest.raises(BrokenInheritance) as caught:
        read(path)
    return str(caught.value)


def test_values_know_their_file_and_line(write):
    path = write("a.ini", "# first\n[app:main]\n\na = 1\nb: 2\n")
    values, problems, found = read(path)
    assert (values, problems) == ({"a": "1", "b": "2"}, [])
    assert str(found["b"].origin) == f"{path} line 5"


def test_continued_lines_and_comments(write):
    values, problems, _ = read(
        write("a.ini", "[app:main]\na = x\n    y\n; no\n    z\nb =\n    one\n    two\n")
    )
    assert problems == []
    assert values == {"a": "x\ny\nz", "b": "one\ntwo"}


def test_comment_behind_a_value_needs_a_blank_before_it(write):
    values, _, _ = read(write("a.ini", "[app:main]\na = sqlalchemy   ; one\nb = x;y\nc = ; empty\n"))
    assert values == {"a": "sqlalchemy", "b": "x;y", "c": ""}


def test_here_defaults_and_percent_signs(write, tmp_path):
    text = "[DEFAULT]\nhome = %(here)s/var\n[app:main]\na = %(home)s/x\nb = 100%%\n"
    values, problems, _ = read(write("a.ini", text))
    assert problems == []
    assert values == {"home": f"{tmp_path}/var", "a": f"{tmp_path}/var/x", "b": "100%"}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("a = 50%", "expected %%"),
        ("a = %(nope)s", "nope"),
        ("a = %(b)s\nb = %(a)s", "circle"),
        ("just words", "key = value"),
    ],
)
def test_what_cannot_be_understood_is_named_with_its_line(write, line, problem):
    _, problems, _ = read(write("a.ini", f"[app:main]\n{line}\n"))
    assert any("a.ini line 2" in text and problem in text for text in problems)


def test_second_setting_of_a_key_is_a_problem(write):
    path = write("a.ini", "[app:main]\na = 1\na = 2\n")
    assert read_ini(path).problems == [f"{path} line 3: a: set a second time, first in {path} line 2"]


def test_inherited_values_keep_their_origin_and_lose_against_own(write):
    base = write("base/base.ini", "[app:main]\nuse = egg:consentcore#main\na = %(here)s/base\nb = base\n")
    own = write("own.ini", "[app:main]\nuse = config:base/base.ini\nb = own\n")
    values, problems, found = read(own)
    assert problems == []
    assert values["a"] == f"{base.parent}/base"
    assert values["b"] == "own"
    assert str(found["a"].origin) == f"{base} line 3"
    assert str(found["b"].origin) == f"{own} line 3"


def test_server_section_inherits_too(write):
    write("base.ini", "[app:main]\n[server:main]\nlisten = 127.0.0.1:1\n")
    own = write("own.ini", "[app:main]\n[server:main]\nuse = config:base.ini\n")
    assert read(own, "server")[0]["listen"] == "127.0.0.1:1"


def test_named_sections_of_the_same_and_of_another_file(write):
    write("base.ini", "[app:other]\na = 1\n")
    own = write("own.ini", "[app:main]\nuse = mine\n[app:mine]\nuse = config:base.ini#other\nb = 2\n")
    assert {key: read(own)[0][key] for key in "ab"} == {"a": "1", "b": "2"}


def test_inheritance_in_a_circle_is_a_problem(write):
    write("a.ini", "[app:main]\nuse = config:b.ini\n")
    path = write("b.ini", "[app:main]\nuse = config:a.ini\n")
    assert f"a.ini line 2: use: {path}: [app:main] inherits itself" in broken(path)


def test_missing_file_and_section_are_problems(write, tmp_path):
    assert "expected a readable INI file" in broken(tmp_path / "none.ini")
    assert "expected a section [app:main]; did you mean [app:mian]?" in broken(write("a.ini", "[app:mian]\n"))
    own = write("own.ini", "[app:main]\nuse = config:gone.ini\n")
    assert broken(own).startswith(f"{own} line 2: use: {tmp_path / 'gone.ini'}: expected a readable INI file")
    other = write("other.ini", "[app:main]\nuse = config:own.ini#mine\n")
    assert (
        broken(other)
        == f"{other} line 2: use: {own}: expected a section [app:mine]; did you mean [app:main]?"
    )


def test_another_application_than_this_one_is_a_problem(write):
    path = write("a.ini", "[app:main]\nuse = egg:consentcor#main\n")
    assert read(path)[1] == [
        f"{path} line 2: use = egg:consentcor#main: expected egg:consentcore#main or config:FILE"
    ]


def test_indented_setting_is_a_problem_and_not_a_part_of_the_one_before(write):
    path = write("a.ini", "[app:main]\nname = Foo\n  consentcore.issuer = x\n")
    assert read(path)[1] == [f"{path} line 3: expected no blanks before a setting: this continues name"]


def test_file_that_is_no_text_is_a_problem(tmp_path):
    path = tmp_path / "a.ini"
    path.write_bytes(b"[app:main]\na = \xff\xfe\n")
    assert "UTF-8" in broken(path)


def test_an_ini_is_read_from_where_it_always_was():
    assert settings.load_ini is config.load_ini
    with pytest.raises(AttributeError, match="no attribute 'load_inis'"):
        _ = settings.load_inis


@pytest.mark.parametrize("character", ["\u2028", "\x85", "\x0b", "\x0c", "\x1c"])
def test_character_that_ends_no_line_ends_none(write, character):
    path = write("a.ini", f"[app:main]\na = x{character}y\nb = 2\n")
    found = read_ini(path)
    assert found.problems == []
    assert (found.section("app:main")["a"].value, found.section("app:main")["b"].origin.line) == (
        f"x{character}y",
        3,
    )


def test_name_of_a_file_that_none_can_have_is_a_problem(write):
    assert "a.ini line 2: use: " in broken(write("a.ini", "[app:main]\nuse = config:a\0b.ini\n"))
