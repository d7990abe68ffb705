"""The storage port as what its authors read: all of it documented, and no more of it than there has to be."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from consentcore import api, ports
from consentcore.api import Storage
from consentcore.testing.storage.port_methods import port_methods

PORTS = Path(ports.__file__).parent
MOST = 128
"""Methods that an author has to write. One more is one more that everybody has to write: look for a way without."""
ROLES = [
    "clients",
    "counters",
    "deliveries",
    "delivery_log",
    "feed",
    "grants",
    "identities",
    "interactions",
    "ledger",
    "notices",
    "one_time_use",
    "owners",
    "pinned_scopes",
    "registration_tokens",
    "seals",
    "uses",
    "tickets",
    "tlog",
    "tokens",
]


def files() -> list[Path]:
    return sorted(PORTS.glob("*.py"))


def test_there_are_no_more_methods_than_there_were():
    assert len(port_methods()) <= MOST


@pytest.mark.parametrize("name", port_methods())
def test_every_method_says_what_it_does(name):
    text = inspect.getdoc(port_methods()[name])
    assert text
    assert len(text.split()) >= 4, "a word or two repeat the name"


@pytest.mark.parametrize("name", port_methods())
def test_every_method_says_of_its_page_and_its_lock_what_they_are(name):
    function = port_methods()[name]
    text, parameters = inspect.getdoc(function), inspect.signature(function).parameters
    owner = inspect.getdoc(vars(inspect.getmodule(function))[function.__qualname__.partition(".")[0]])
    for parameter in {"after", "before", "again", "lock", "limit"} & set(parameters):
        assert re.search(rf"\b{parameter}\b|at most", f"{text} {owner}"), parameter


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_every_protocol_and_record_has_a_docstring(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            assert ast.get_docstring(node), node.name


@pytest.mark.parametrize("stem", ROLES)
def test_every_role_says_what_purge_makes_of_it(stem):
    assert "purge" in (PORTS / f"{stem}.py").read_text(encoding="utf-8").lower()


def test_purge_names_every_kind_that_goes():
    rules = " ".join(inspect.getdoc(Storage.purge).split()).lower()
    for kind in (
        "code",
        "token",
        "famil",
        "nonce",
        "session",
        "ticket",
        "initial access",
        "pushed",
        "use_once",
        "counter",
        "deliver",
    ):
        assert kind in rules
    for kind in (
        "client",
        "endpoint",
        "owner",
        "identity",
        "grant",
        "event",
        "snapshot",
        "checkpoint",
        "words of a scope",
        "interaction",
    ):
        assert kind in rules.partition("never anything else")[2]


def test_names_are_listed_once_in_the_ports_and_once_in_the_api():
    homes: dict[str, list[str]] = {}
    for path in files():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(path.stem)
            assert not (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"), path
    assert [name for name, stems in homes.items() if len(stems) > 1] == []
    for name in (
        "Storage",
        "UnitOfWork",
        "OutboxStorage",
        "DeliveryLogStorage",
        "GrantRepository",
        "Settlement",
    ):
        assert api.__all__.count(name) == 1
        assert homes[name]


def test_one_thing_has_one_file_name_in_every_room():
    """In the ports and every storage, in tables and rows, in the factories and in the kit."""
    root = PORTS.parent.parent
    rooms = {
        room: {path.stem for path in (root / room).glob("*.py")}
        for room in (
            "plugins/consentcore_memory",
            "plugins/consentcore_sqlalchemy",
            "plugins/consentcore_dynamodb",
            "consentcore/testing/storage",
        )
    }
    things = {path.stem for path in files()} - {
        *("__init__", "capabilities", "extension", "keys", "login", "notifier", "resources", "scopes")
    }
    for room, stems in rooms.items():
        assert things - stems == set(), room
    for room in ("tables", "rows"):
        stems = {path.stem for path in (root / "plugins/consentcore_sqlalchemy" / room).glob("*.py")}
        assert stems - things <= {"__init__", "base", "common", "records"}, room
    stems = {path.stem for path in (root / "consentcore/testing/factories").glob("*.py")}
    assert stems - things <= {"__init__", "base"}
