"""What OpenAPI documents say of scopes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from consentcore.api import ConfigurationError, EntryReader, Operation, Scope
from consentcore_scopes_openapi.document import Document, escaped, read_document

ENDINGS = (".json", ".yaml", ".yml")
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
WORDS = "x-consent-scopes"
"""The member of a document with the words for people, by scope: what an entry of ``scopes_file`` has, but its id."""


class OpenapiCatalog:
    """:class:`consentcore.api.ScopeCatalog` and :class:`consentcore.api.OperationsSource` from documents, read once.

    A scope with words in its document is offered as it is. One without gives its operations to the entry that another
    catalog has of it.

    :param path: a document, or a folder of them.
    :param internal: ids, or patterns, of scopes that are not for others.
    :param locale: the language of the words (RFC 5646).
    :raises ConfigurationError: with one line per problem, each naming file, line and JSON pointer.
    """

    def __init__(self, path: Path, internal: Sequence[str] = (), locale: str = "en") -> None:
        self._internal = tuple(internal)
        self._scopes: list[Scope] = []
        self._operations: dict[str, list[Operation]] = {}
        problems: list[str] = []
        for one in documents(path):
            try:
                reader = _DocumentReader(read_document(one), locale)
            except ConfigurationError as error:
                problems += error.problems
                continue
            reader.read()
            problems += reader.problems
            self._scopes += [scope for scope in reader.scopes if self._is_offered(scope.scope_id)]
            for scope_id, calls in reader.operations.items():
                if self._is_offered(scope_id):
                    self._operations.setdefault(scope_id, []).extend(calls)
        if problems:
            raise ConfigurationError(problems)

    def scopes(self) -> Sequence[Scope]:
        return list(self._scopes)

    def operations(self) -> Mapping[str, Sequence[Operation]]:
        return {scope_id: tuple(calls) for scope_id, calls in self._operations.items()}

    def _is_offered(self, scope_id: str) -> bool:
        return not any(fnmatchcase(scope_id, pattern) for pattern in self._internal)


def documents(path: Path) -> list[Path]:
    """The document, or those of a folder by name.

    :raises ConfigurationError: when a folder has none.
    """
    if not path.is_dir():
        return [path]
    found = sorted(one for one in path.iterdir() if one.suffix.lower() in ENDINGS and one.is_file())
    if not found:
        raise ConfigurationError(
            [f"{path}: expected OpenAPI documents ({', '.join(ENDINGS)}) in this folder"]
        )
    return found


class _DocumentReader:
    """One document; collects what is wrong with it."""

    def __init__(self, document: Document, locale: str) -> None:
        self.problems: list[str] = []
        self.scopes: list[Scope] = []
        self.operations: dict[str, list[Operation]] = {}
        self._document = document
        self._locale = locale
        self._declared: dict[str, dict[str, str]] = {}
        self._schemes: dict[str, str] = {}
        self._product = ""

    def read(self) -> None:
        """Read all of it."""
        root = self._document.value
        version = root.get("openapi") if isinstance(root, dict) else None
        if not isinstance(root, dict) or not str(version).startswith(("3.0.", "3.1.")):
            self._wrong(
                "/openapi" if isinstance(root, dict) else "", "expected an OpenAPI document of 3.0 or 3.1"
            )
            return
        info = self._mapping("/info", root.get("info"))
        title = info.get("title")
        if not isinstance(title, str) or not title.strip():
            self._wrong("/info/title", "missing, expected the name of the API product")
        self._product = str(title or "").strip()
        components = self._mapping("/components", root.get("components", {}))
        schemes = self._mapping("/components/securitySchemes", components.get("securitySchemes", {}))
        for name, scheme in schemes.items():
            self._read_scheme(name, scheme)
        self._read_operations(root)
        self._read_words(root.get(WORDS, {}))

    def _read_scheme(self, name: str, given: object) -> None:
        at = f"/components/securitySchemes/{escaped(name)}"
        at, scheme = self._resolved(at, given)
        kind = scheme.get("type") if isinstance(scheme, dict) else None
        if not isinstance(kind, str) or kind not in {"oauth2", "openIdConnect"}:
            return
        self._schemes[name] = kind
        if kind == "openIdConnect":
            return
        declared = self._declared.setdefault(name, {})
        flows = self._mapping(f"{at}/flows", scheme.get("flows"))
        for flow, found in flows.items():
            below = f"{at}/flows/{escaped(flow)}"
            if flow.startswith("x-"):
                continue
            scopes = self._mapping(f"{below}/scopes", self._mapping(below, found).get("scopes"))
            declared.update({scope: f"{below}/scopes/{escaped(scope)}" for scope in scopes})
        for scope_id in declared:
            self.operations.setdefault(scope_id, [])

    def _read_operations(self, root: Mapping[str, Any]) -> None:
        for path, given in self._mapping("/paths", root.get("paths", {})).items():
            if path.startswith("x-"):
                continue
            at, item = self._resolved(f"/paths/{escaped(path)}", given)
            for method, operation in self._mapping(at, item).items():
                if method in METHODS:
                    self._read_operation(path, method, f"{at}/{method}", operation, root.get("security", []))

    def _read_operation(self, path: str, method: str, at: str, given: object, everywhere: object) -> None:
        operation = self._mapping(at, given)
        named = "security" in operation
        below, required = (f"{at}/security", operation["security"]) if named else ("/security", everywhere)
        if not isinstance(required, list):
            self._wrong(below, "expected a list of security requirements")
            return
        summary = operation.get("summary") or operation.get("operationId") or ""
        call = Operation(method.upper(), path, str(summary).strip(), self._product)
        for place, requirement in enumerate(required):
            for scheme, scopes in self._mapping(f"{below}/{place}", requirement).items():
                if scheme in self._schemes and isinstance(scopes, list):
                    self._opened(call, scheme, scopes, f"{below}/{place}/{escaped(scheme)}")

    def _opened(self, call: Operation, scheme: str, scopes: list[object], at: str) -> None:
        for place, scope_id in enumerate(map(str, scopes)):
            if self._schemes[scheme] == "oauth2" and scope_id not in self._declared[scheme]:
                problem = f"{scope_id!r} is not among the scopes of the security scheme {scheme!r}"
                self._wrong(f"{at}/{place}", problem)
            calls = self.operations.setdefault(scope_id, [])
            if call not in calls:
                calls.append(call)

    def _read_words(self, given: object) -> None:
        for scope_id, entry in self._mapping(f"/{WORDS}", given).items():
            at = f"/{WORDS}/{escaped(scope_id)}"
            if scope_id not in self.operations:
                self._wrong(
                    at, "there is no such scope in the security schemes and operations of this document"
                )
            members = self._mapping(at, entry)
            if "id" in members or "operations" in members:
                self._wrong(at, "id and operations stand elsewhere in the document, expected only words")
            own = {"id": scope_id, "product": self._product}
            reader = EntryReader({**own, **members}, f"scope {scope_id!r}", self._document.place(at))
            scope = reader.scope()
            self.problems += [self._document.problem(at, problem) for problem in reader.problems]
            if scope is not None:
                self.scopes.append(replace(scope, locale=self._locale, origin=self._line_of(at, members)))

    def _line_of(self, at: str, members: Mapping[str, Any]) -> str:
        return self._document.place(f"{at}/revision" if "revision" in members else at)

    def _resolved(self, at: str, given: object) -> tuple[str, Any]:
        try:
            return self._document.resolved(at, given)
        except ConfigurationError as error:
            self.problems += error.problems
            return at, {}

    def _mapping(self, at: str, value: object) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self._wrong(at, "missing, expected an object" if value is None else "expected an object")
        return {}

    def _wrong(self, at: str, text: str) -> None:
        problem = self._document.problem(at, text)
        if problem not in self.problems:
            self.problems.append(problem)
