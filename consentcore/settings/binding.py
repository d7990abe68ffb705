"""Binds INI and environment values to the frozen dataclasses that the core and the plugins declare."""

from __future__ import annotations

import dataclasses
import re
import traceback
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from consentcore.domain.errors import ConfigurationError, ConsentcoreError
from consentcore.settings.ini import Entry, Origin, closest
from consentcore.settings.schema import Secret
from consentcore.settings.values import convert, is_reference, is_supported, resolved, without_none

T = TypeVar("T")

PREFIX = "consentcore."
PLUGIN_PREFIX = "consentcore.plugin."
ENVIRONMENT_PREFIX = "CONSENTCORE_"
FROM_ENVIRONMENT = "environment variable "
NOT_SETTINGS = frozenset({"CONSENTCORE_INI", "CONSENTCORE_DEBUG"})
_TELLING = re.compile(r"passw|secret|token|key|credential|dsn", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/@\s]+(?=@)")


@dataclass
class Source:
    """Every ``consentcore.*`` value of one configuration, with its origin.

    :ivar name: what the configuration is called in messages, usually the INI's path.
    :ivar folder: base of relative paths.
    :ivar problems: found so far, one line each.
    :ivar plugin_keys: every key that the named plugins know, as far as they could be read.
    """

    entries: dict[str, Entry]
    name: str = "settings"
    folder: Path = field(default_factory=Path.cwd)
    environ: Mapping[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    plugin_keys: list[str] = field(default_factory=list)

    def where(self, key: str) -> str:
        """File and line of a key, or the configuration's name when it was not written anywhere."""
        return str(self.entries[key].origin) if key in self.entries else self.name

    def blame(self, key: str, problem: str) -> None:
        """Note a problem with a key."""
        self.problems.append(f"{self.where(key)}: {key}: {problem}")

    def nearest(self, key: str, known: Iterable[str]) -> str:
        """``; did you mean X?`` or nothing: first the key that differs in nothing but dots and underscores.

        Of a key that an environment variable sets, the variable is named too.
        """
        names = list(known)
        found = next((name for name in names if _flat(name) == _flat(key)), "") or closest(key, names)
        if not found:
            return ""
        from_environment = self.where(key).startswith(FROM_ENVIRONMENT)
        return f"; did you mean {found}{f', set by {variable_of(found)}' if from_environment else ''}?"

    def under(self, prefix: str) -> list[str]:
        """Keys that start with ``prefix``."""
        return [key for key in self.entries if key.startswith(prefix)]


def from_texts(values: Mapping[str, str], name: str = "settings", folder: Path | None = None) -> Source:
    """Make a source of plain texts, for tests and for the paste factory."""
    base = folder or Path.cwd()
    entries = {
        key: Entry(key, str(value).strip(), Origin(name), base)
        for key, value in values.items()
        if key.startswith(PREFIX)
    }
    return Source(entries, name, base)


def override(source: Source, environ: Mapping[str, str]) -> None:
    """Let ``CONSENTCORE_OAUTH__CODE_TTL_S`` win over ``consentcore.oauth.code_ttl_s``, and so on.

    A variable that a value names by ``env:`` is that value's, and no setting itself.
    """
    named = {entry.value[4:] for entry in source.entries.values() if entry.value.startswith("env:")}
    source.environ = environ
    for variable, value in sorted(environ.items()):
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable in NOT_SETTINGS or variable in named:
            continue
        if variable.startswith("CONSENTCORE_TEST_"):
            continue
        key = PREFIX + variable.removeprefix(ENVIRONMENT_PREFIX).lower().replace("__", ".")
        source.entries[key] = Entry(key, value, Origin(FROM_ENVIRONMENT + variable), source.folder)


def variable_of(key: str) -> str:
    """The environment variable that sets a key."""
    return ENVIRONMENT_PREFIX + key.removeprefix(PREFIX).replace(".", "__").upper()


def bind(cls: type[T], prefix: str, source: Source) -> T | None:
    """Make a settings object from the keys under ``prefix``; None when something is wrong.

    Problems go to ``source.problems``: unknown keys are not among them, see :func:`unknown_keys`.
    """
    before = len(source.problems)
    values: dict[str, Any] = {}
    for item, annotation in fields_of(cls):
        key = prefix + item.name
        if _is_section(annotation):
            values[item.name] = bind(annotation, f"{key}.", source)
        elif key in source.entries:
            _bind_one(source, key, item, annotation, values)
        elif _is_required(item):
            source.problems.append(
                f"{source.name}: {key}: missing, and needed: {item.metadata.get('help', '')}"
            )
    if len(source.problems) > before:
        return None
    try:
        return cls(**values)
    except ValueError as error:  # a rule of the class between several settings
        source.problems.append(f"{source.name}: {prefix}*: {error}")
    except ConsentcoreError as error:  # one that a plugin says in words of ours
        found = error.problems if isinstance(error, ConfigurationError) else [str(error)]
        source.problems += (f"{source.name}: {prefix}*: {line}" for line in found)
    except (Exception, SystemExit, GeneratorExit) as error:  # noqa: BLE001 - a plugin's class may raise anything
        # A fault of the class; its text may quote a setting that is secret.
        last = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__} at {last.filename} line {last.lineno}"
        source.problems.append(f"{source.name}: {prefix}*: {cls.__name__} failed: {what}")
    return None


def _bind_one(
    source: Source, key: str, item: dataclasses.Field[Any], annotation: Any, values: dict[str, Any]
) -> None:
    entry = source.entries[key]
    text = entry.value
    try:
        if not item.metadata.get("raw"):
            text = resolved(entry, source.environ)
        if not text and _is_required(item) and not without_none(annotation)[1]:
            raise ValueError(f"a value: {item.metadata.get('help', '')}")
        values[item.name] = convert(text, annotation, item.metadata, entry.folder)
    except ValueError as error:
        shown = redacted(key, entry.value, annotation)
        source.problems.append(f"{entry.origin}: {key} = {shown}: expected {error}")
    except TypeError as error:  # a least number of a text
        source.problems.append(f"{entry.origin}: {key}: its declaration does not fit its type ({error})")


def fields_of(cls: type) -> list[tuple[dataclasses.Field[Any], Any]]:
    """The fields of a settings class with their resolved types.

    :raises TypeError: when it is no dataclass, or a type is not one of the documented.
    """
    if not isinstance(cls, type):
        raise TypeError(f"expected a class made by @dataclass, not a {type(cls).__name__}")
    if not dataclasses.is_dataclass(cls):
        raise TypeError(f"{cls.__name__} is not a dataclass")
    try:
        hints = typing.get_type_hints(cls)
    except NameError as error:
        raise TypeError(f"{cls.__name__}: {error}; import what annotations name at run time") from None
    except Exception as error:  # noqa: BLE001 - an annotation is a text that may be anything
        raise TypeError(f"{cls.__name__}: an annotation cannot be read: {error}") from None
    found = [(item, hints[item.name]) for item in dataclasses.fields(cls) if item.init]
    for item, annotation in found:
        if not _is_section(annotation) and not is_supported(annotation):
            raise TypeError(f"{cls.__name__}.{item.name}: {annotation} is not a type for settings")
    return found


def keys_of(cls: type, prefix: str) -> list[str]:
    """Every key that a settings class knows, in order."""
    found: list[str] = []
    for item, annotation in fields_of(cls):
        key = prefix + item.name
        found += keys_of(annotation, f"{key}.") if _is_section(annotation) else [key]
    return found


def unknown_keys(
    source: Source, keys: Iterable[str], known: Iterable[str], elsewhere: Iterable[str] = ()
) -> None:
    """Blame every key that is not known, with the nearest that is.

    :param elsewhere: keys of others, which one may have been meant to be.
    """
    names = list(known)
    for key in keys:
        if key in names:
            continue
        place = source.entries[key].origin.place
        text = f"unknown setting{source.nearest(key, [*names, *elsewhere])}"
        if place.startswith(FROM_ENVIRONMENT) and "__" not in place:
            # Orchestrators invent such names (CONSENTCORE_PORT for a service called consentcore).
            source.warnings.append(f"{place}: {text}")
        else:
            source.blame(key, text)


def redacted(key: str, value: object, annotation: Any = str) -> str:
    """A value as it may be printed: ``***`` for secrets and what is named like one, no password in an URL.

    References (``env:NAME``) are printed: they help, and tell nothing.
    """
    text = value.reveal() if isinstance(value, Secret) else str(value)
    if not text or is_reference(text):
        return text
    inner = without_none(annotation)[0]
    telling = inner is str and _TELLING.search(key.rpartition(".")[2])
    return "***" if inner is Secret or telling else _USERINFO.sub("***", text)


def _flat(key: str) -> str:
    return key.replace(".", "_").lower()


def _is_section(annotation: Any) -> bool:
    return dataclasses.is_dataclass(annotation)


def _is_required(item: dataclasses.Field[Any]) -> bool:
    return item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
