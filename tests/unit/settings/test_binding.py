"""Texts to typed settings, and everything that can be wrong with them."""

from __future__ import annotations

import codecs
import dataclasses
from dataclasses import dataclass
from pathlib import Path

import pytest

from consentcore.api import ConfigurationError, InvalidInput, Secret, setting
from consentcore.settings.binding import (
    bind,
    fields_of,
    from_texts,
    keys_of,
    override,
    redacted,
    unknown_keys,
)

PREFIX = "consentcore.plugin.x."


@dataclass(frozen=True)
class Everything:
    text: str = setting("A text.")
    number: int = setting("A number.", default=3, minimum=1, maximum=9)
    ratio: float = setting("A ratio.", default=0.5)
    on: bool = setting("A switch.", default=False)
    path: Path | None = setting("A path.", default=None)
    secret: Secret = setting("A secret.", default=Secret(""))
    words: tuple[str, ...] = setting("Words.", default=())
    waits: tuple[float, ...] = setting("Waits.", default=(1.0,), minimum=0)
    mode: str = setting("One of two.", default="a", choices=("a", "b"))


def source_of(**values):
    return from_texts({PREFIX + key: value for key, value in values.items()}, "x.ini", Path("/etc/x"))


def bound(**values):
    source = source_of(**values)
    made = bind(Everything, PREFIX, source)
    return made, source.problems


def test_every_type():
    made, problems = bound(
        text="t",
        number="4",
        ratio="1e-1",
        on="Yes",
        path="sub/file",
        secret="s3",
        words="a, b\nc",
        waits="1 2.5",
        mode="b",
    )
    assert problems == []
    assert made == Everything(
        "t", 4, 0.1, True, Path("/etc/x/sub/file"), Secret("s3"), ("a", "b", "c"), (1.0, 2.5), "b"
    )


def test_defaults_and_empty_values():
    made, problems = bound(text="t", path="", words="")
    assert problems == []
    assert (made.path, made.words, made.number) == (None, (), 3)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("number", "x", "a whole number"),
        ("number", "1.5", "a whole number"),
        ("number", "", "a whole number"),
        ("number", "0", "1 to 9"),
        ("number", "10", "1 to 9"),
        ("ratio", "nan", "a finite number"),
        ("ratio", "inf", "a finite number"),
        ("on", "maybe", "true or false"),
        ("waits", "1 -2", "at least 0"),
        ("mode", "c", "one of a, b"),
        ("text", "", "a value: A text."),
        ("text", "env: NAME", "env:NAME, without blanks, the name of letters, digits and _"),
        ("text", "env:MY-NAME", "env:NAME, without blanks, the name of letters, digits and _"),
        ("path", "~nobody-here/x", "a path that does not begin with a home folder that is not there"),
    ],
)
def test_wrong_values_say_what_was_expected(key, value, expected):
    made, problems = bound(**{"text": "t", key: value})
    assert made is None
    assert problems == [f"x.ini: {PREFIX}{key} = {value}: expected {expected}"]


def test_all_problems_come_at_once():
    made, problems = bound(number="x", ratio="y", on="z")
    assert made is None
    assert len(problems) == 4  # the text is missing, too
    assert any("text: missing, and needed: A text." in problem for problem in problems)


def test_environment_and_files_can_hold_any_value(tmp_path):
    (tmp_path / "word").write_text("hush\n")
    source = source_of(text="env:THE_TEXT", number="env:THE_NUMBER", secret=f"file:{tmp_path}/word")
    override(source, {"THE_TEXT": "from outside", "THE_NUMBER": "7"})
    made = bind(Everything, PREFIX, source)
    assert (made.text, made.number, made.secret.reveal()) == ("from outside", 7, "hush")


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + "pässwörd".encode(),
        codecs.BOM_UTF8 + "pässwörd\r\n".encode(),
        "pässwörd\r\n".encode(),
        "pässwörd\n\n".encode(),
        codecs.BOM_UTF16_LE + "pässwörd\r\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "pässwörd\r\n".encode("utf-16-be"),
    ],
)
def test_file_as_an_editor_leaves_it_holds_the_value_alone(tmp_path, content):
    (tmp_path / "word").write_bytes(content)
    made, problems = bound(
        text=f"file:{tmp_path}/word", number="4", ratio="0.5", on="yes", secret=f"file:{tmp_path}/word"
    )
    assert problems == []
    assert (made.text, made.secret.reveal()) == ("pässwörd", "pässwörd")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\xfc", b"\xff\xfe\x00\xd8"])
def test_file_that_is_no_text_is_named(tmp_path, content):
    (tmp_path / "word").write_bytes(content)
    made, problems = bound(text="a", secret=f"file:{tmp_path}/word")
    assert made is None
    assert problems[-1].endswith(f"expected a readable text file {tmp_path}/word")


def test_missing_variables_and_files_are_named():
    made, problems = bound(text="env:NOT_SET", secret="file:/no/such")
    assert made is None
    assert problems == [
        f"x.ini: {PREFIX}text = env:NOT_SET: expected the environment variable NOT_SET to be set",
        f"x.ini: {PREFIX}secret = file:/no/such: expected a readable text file /no/such",
    ]
    assert "expected a readable text file /a" in bound(text="t", secret="file:/a\0b")[1][0]


def test_environment_wins_over_the_file():
    source = source_of(text="file", number="4")
    override(source, {"CONSENTCORE_PLUGIN__X__NUMBER": "5", "CONSENTCORE_PLUGIN__X__WORDS": "a b"})
    made = bind(Everything, PREFIX, source)
    assert (made.text, made.number, made.words) == ("file", 5, ("a", "b"))


def test_wrong_value_from_the_environment_names_the_variable():
    source = source_of(text="t")
    override(source, {"CONSENTCORE_PLUGIN__X__NUMBER": "five"})
    assert bind(Everything, PREFIX, source) is None
    assert source.problems[0].startswith("environment variable CONSENTCORE_PLUGIN__X__NUMBER: ")


def test_variable_that_a_value_names_is_no_setting():
    source = source_of(text="env:CONSENTCORE_THE_TEXT")
    override(source, {"CONSENTCORE_THE_TEXT": "t"})
    assert list(source.entries) == [f"{PREFIX}text"]


def test_unknown_keys_get_the_nearest_name():
    source = source_of(numbr="4")
    unknown_keys(source, source.under(PREFIX), keys_of(Everything, PREFIX))
    assert source.problems == [f"x.ini: {PREFIX}numbr: unknown setting; did you mean {PREFIX}number?"]


def test_names_that_an_orchestrator_invents_are_only_warned_of():
    source = source_of()
    override(source, {"CONSENTCORE_SERVICE_PORT": "tcp://10.0.0.1:1", "CONSENTCORE_OAUHT__X": "1"})
    unknown_keys(source, list(source.entries), ["consentcore.oauth.x"])
    assert [line.split(":")[0] for line in source.warnings] == [
        "environment variable CONSENTCORE_SERVICE_PORT"
    ]
    (problem,) = source.problems
    assert problem.startswith(
        "environment variable CONSENTCORE_OAUHT__X: consentcore.oauht.x: unknown setting"
    )


def test_secrets_print_as_stars():
    secret = Secret("hush")
    assert (str(secret), repr(secret), f"{secret}", f"{secret:>5}") == ("***", "'***'", "***", "  ***")
    assert secret.reveal() == "hush"
    assert "hush" not in repr(Everything("t", secret=secret))


@pytest.mark.parametrize(
    ("key", "value", "annotation", "shown"),
    [
        ("x.secret", "hush", Secret, "***"),
        ("x.password", "hush", str, "***"),
        ("x.api_token", "hush", str, "***"),
        ("x.token_ttl_s", "abc", int, "abc"),
        ("x.url", "https://me:hush@host/", str, "https://***@host/"),
        ("x.password", "env:NAME", str, "env:NAME"),
        ("x.password", "env:my-word", str, "***"),
        ("x.name", "plain", str, "plain"),
    ],
)
def test_what_is_printed_of_a_value(key, value, annotation, shown):
    assert redacted(key, value, annotation) == shown


def test_wrong_secret_is_not_printed():
    @dataclass(frozen=True)
    class Short:
        password: Secret = setting("A word.", choices=("a",))

    source = source_of(password="hush-hush")
    assert bind(Short, PREFIX, source) is None
    assert "hush" not in source.problems[0]


def test_types_that_are_not_supported_are_refused():
    @dataclass
    class Wrong:
        items: dict[str, str] = setting("No.", default=None)

    with pytest.raises(TypeError, match="not a type for settings"):
        fields_of(Wrong)
    with pytest.raises(TypeError, match="not a dataclass"):
        fields_of(str)


def test_rule_of_the_class_is_a_problem_like_any_other():
    @dataclass(frozen=True)
    class Pair:
        low: int = setting("Low.", default=0)
        high: int = setting("High.", default=1)

        def __post_init__(self):
            if self.low > self.high:
                raise ValueError("low must not be above high")

    source = source_of(low="5")
    assert bind(Pair, PREFIX, source) is None
    assert source.problems == [f"x.ini: {PREFIX}*: low must not be above high"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TypeError("hush"), "Odd failed: TypeError at {} line {}"),
        (KeyError("hush"), "Odd failed: KeyError at {} line {}"),
        (SystemExit("hush"), "Odd failed: SystemExit at {} line {}"),
        (GeneratorExit(), "Odd failed: GeneratorExit at {} line {}"),
        (ConfigurationError(["one is wrong", "two is wrong"]), "x.*: one is wrong"),
        (InvalidInput("word", "expected a short one"), "x.*: word: expected a short one"),
    ],
    ids=["type", "key", "exit", "generator", "configuration", "input"],
)
def test_class_that_raises_is_a_problem_with_its_place_and_without_what_it_quotes(error, said):
    @dataclass(frozen=True)
    class Odd:
        word: Secret = setting("A word.", default=Secret(""))

        def __post_init__(self):
            raise error

    source = source_of(word="hush")
    assert bind(Odd, PREFIX, source) is None
    assert source.problems[0].startswith("x.ini: ")
    assert source.problems[0].endswith(said.format(__file__, Odd.__post_init__.__code__.co_firstlineno + 1))
    assert "hush" not in "".join(source.problems)


def test_limit_that_does_not_fit_the_type_is_a_problem_with_its_place():
    @dataclass(frozen=True)
    class Odd:
        word: str = setting("A word.", default="", minimum=1)

    source = source_of(word="hush")
    assert bind(Odd, PREFIX, source) is None
    assert source.problems[0].startswith(f"x.ini: {PREFIX}word: its declaration does not fit its type")


def test_what_is_no_class_or_has_annotations_that_are_none_is_refused():
    @dataclass
    class Broken:
        word: "str |" = setting("A word.", default="")  # noqa: F722 - as somebody has mistyped it

    @dataclass
    class Missing:
        word: "dataclasses.nothing" = setting("A word.", default="")  # noqa: UP037 - likewise

    for wrong, said in [
        (Broken, "an annotation cannot be read"),
        (Missing, "an annotation cannot be read"),
        (Everything("t"), "not a Everything"),
        (None, "expected a class made by @dataclass, not a NoneType"),
        ({}, "not a dict"),
    ]:
        with pytest.raises(TypeError, match=said):
            fields_of(wrong)
