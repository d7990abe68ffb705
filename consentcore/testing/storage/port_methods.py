"""The storage port as a list of names: what a storage has to bring, found by walking the port itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator

from consentcore import api
from consentcore.api import Storage, UnitOfWork
from consentcore.testing.scenario import Scenario

ROOTS = {"storage": Storage, "unit": UnitOfWork}
"""Where the walk begins, by the name that stands before a method of the class itself."""


def port_methods() -> dict[str, Callable[..., object]]:
    """Every method of the port by name, such as ``storage.purge``, ``protocol.issue_code`` or ``grants.lock``.

    The word before the dot is the attribute of the storage, or of a unit of work, that leads to the method.
    """
    found: dict[str, Callable[..., object]] = {}
    for path, role in port_roles().items():
        for base in reversed(role.__mro__):
            for method, function in vars(base).items():
                if not method.startswith("_") and inspect.isfunction(function):
                    found[f"{path}.{method}"] = function
    return found


def port_roles() -> dict[str, type]:
    """The parts of the port: the storage, the unit of work, and what their attributes lead to."""
    return {path: role for name, root in ROOTS.items() for path, role in _roles(name, root)}


def lacking(name: str, implementation: object) -> str | None:
    """What an implementation of a method of the port lacks, as a line; None when it can be called as the port says."""
    if not callable(implementation):
        return f"{name} is missing"
    wanted = [
        one for one in inspect.signature(port_methods()[name]).parameters.values() if one.name != "self"
    ]
    by_name = {
        one.name: None for one in wanted if one.default is not one.empty or one.kind is one.KEYWORD_ONLY
    }
    by_place = [None for one in wanted if one.name not in by_name]
    try:
        inspect.signature(implementation).bind(*by_place, **by_name)
    except TypeError as error:
        return f"{name}: {error}"
    return None


class PortGroup:
    """Nothing of the port is missing."""

    def test_every_method_of_the_port_is_there(self, world: Scenario) -> None:
        with world.storage.reading() as uow:
            roots = {"storage": world.storage, "unit": uow}
            found = [lacking(name, _attribute(roots, name)) for name in port_methods()]
        assert [line for line in found if line] == []


def _attribute(roots: dict[str, object], name: str) -> object:
    role, _, method = name.partition(".")
    for root in roots.values():
        holder = roots.get(role) or getattr(root, role, None)
        if holder is not None:
            return getattr(holder, method, None)
    return None


def _roles(name: str, role: type) -> Iterator[tuple[str, type]]:
    """A role of the port, and those that its attributes lead to."""
    yield name, role
    for attribute, value in vars(role).items():
        if isinstance(value, property):
            named = getattr(api, str(inspect.get_annotations(value.fget)["return"]), None)  # type: ignore[arg-type]
            if isinstance(named, type) and getattr(named, "_is_protocol", False):
                yield from _roles(attribute, named)
