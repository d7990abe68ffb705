"""What the file may say.

.. code-block:: toml

    [[owner]]
    email = "ada@example.org"

    [[owner.site]]
    id = "fr-lyon-1"
    label = "Lyon office"
    detail = "12 rue Garibaldi"
    group = ["Lyon"]
    meter = [{id = "fr-lyon-1-e", label = "Electricity"}]
    device = [{id = "fr-lyon-1-hp", label = "Heat pump"}]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from consentcore.api import RESOURCE_KIND, Resource, refused

EVERYBODY = "*"
"""The address of what everybody has who is not named."""
LIMITS = {"id": 200, "label": 200, "detail": 200, "unavailable": 200}
LONGEST_HEADING, MOST_HEADINGS = 100, 3


def read_owners(document: Mapping[str, object]) -> tuple[dict[str, tuple[Resource, ...]], list[str]]:
    """Turn a parsed file into what each owner has, by address in small letters.

    :returns: what is right, and one line for each problem.
    """
    problems = [f"{key}: unknown, expected only [[owner]]" for key in document if key != "owner"]
    entries = document.get("owner")
    if not isinstance(entries, list) or not entries:
        return {}, [*problems, "expected at least one [[owner]]"]
    owned: dict[str, tuple[Resource, ...]] = {}
    for number, entry in enumerate(entries, start=1):
        reader = _Owner(number, entry if isinstance(entry, dict) else {})
        found = _by_group(reader.resources())
        if reader.email in owned:
            reader.wrong("email", "there twice")
        owned[reader.email] = found
        problems += reader.problems
    return owned, problems


def _by_group(resources: Iterator[Resource]) -> tuple[Resource, ...]:
    """In the order of the file, but those of one group behind each other."""
    groups: dict[tuple[str, ...], list[Resource]] = {}
    for one in resources:
        groups.setdefault(one.group, []).append(one)
    return tuple(one for group in groups.values() for one in group)


class _Owner:
    """One ``[[owner]]``; collects what is wrong with it."""

    def __init__(self, number: int, entry: Mapping[str, object]) -> None:
        self.problems: list[str] = []
        self._entry = entry
        email = entry.get("email")
        self.email = email.casefold() if isinstance(email, str) else ""
        self._name = f"owner {self.email}" if self.email else f"owner number {number}"
        self._ids: set[str] = set()
        if not self.email:
            self.wrong("email", f"expected an address, or {EVERYBODY} for everybody who is not named")

    def resources(self) -> Iterator[Resource]:
        """Everything of the owner, each kind below what it belongs to."""
        yield from self._below(self._entry, (), {"email"})

    def wrong(self, key: str, text: str) -> None:
        """Note a problem."""
        self.problems.append(f"{self._name}: {key}: {text}")

    def _below(
        self, table: Mapping[str, object], group: tuple[str, ...], known: set[str]
    ) -> Iterator[Resource]:
        for kind, listed in table.items():
            if kind in known:
                continue
            if not RESOURCE_KIND.fullmatch(kind) or not isinstance(listed, list):
                self.wrong(kind, "unknown, expected a list of a kind such as site, meter or device")
                continue
            for each in listed:
                if isinstance(each, dict):
                    yield from self._one(kind, each, group)
                else:
                    self.wrong(kind, "expected tables with id and label")

    def _one(self, kind: str, table: Mapping[str, object], group: tuple[str, ...]) -> Iterator[Resource]:
        texts = {key: self._text(kind, key, table) for key in LIMITS}
        own_group = (*group, *self._group(kind, table))[:MOST_HEADINGS]
        resource_id = texts.pop("id")
        if not resource_id or any(sign.isspace() for sign in resource_id) or resource_id == "*":
            self.wrong(f"{kind}.id", "expected 1 to 200 characters without blanks, and not *")
        if resource_id in self._ids:
            self.wrong(f"{kind}.id", f"{resource_id!r} is there twice")
        if not texts["label"].strip():
            self.wrong(f"{kind}.label", "missing, expected what people call it")
        self._ids.add(resource_id)
        yield Resource(resource_id, kind=kind, group=own_group, **texts)
        yield from self._below(table, (*own_group, texts["label"]), {*LIMITS, "group"})

    def _text(self, kind: str, key: str, table: Mapping[str, object]) -> str:
        value = table.get(key, "")
        if not isinstance(value, str):
            self.wrong(f"{kind}.{key}", "expected a text")
            return ""
        if len(value) > LIMITS[key]:
            self.wrong(f"{kind}.{key}", f"expected at most {LIMITS[key]} characters, it has {len(value)}")
        character = refused(value)
        if character:
            self.wrong(f"{kind}.{key}", f"expected one line without control characters, not {character}")
        return value

    def _group(self, kind: str, table: Mapping[str, object]) -> tuple[str, ...]:
        value = table.get("group", [])
        if (
            isinstance(value, list)
            and len(value) <= MOST_HEADINGS
            and all(isinstance(one, str) and 1 <= len(one.strip()) <= LONGEST_HEADING for one in value)
            and not any(map(refused, value))
        ):
            return tuple(value)
        self.wrong(f"{kind}.group", f"expected at most {MOST_HEADINGS} headings, the outer one first")
        return ()
