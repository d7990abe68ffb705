"""Holds what a plugin has made against the port that it is made for, without asking it to do anything but to list
its scopes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from consentcore.domain.resource import KIND
from consentcore.domain.scope_rules import circle, faults
from consentcore.hooks.calling import call
from consentcore.hooks.errors import cause, line
from consentcore.hooks.older_directories import is_older
from consentcore.ports.counters import CounterStorage
from consentcore.ports.deliveries import OutboxStorage
from consentcore.ports.delivery_log import DeliveryLogStorage
from consentcore.ports.extension import Anchor, CosigningAnchor, ReadableAnchor
from consentcore.ports.keys import KeyProvider
from consentcore.ports.login import AskedLogin, LoginProvider, PostedLogin, RedirectLogin
from consentcore.ports.notifier import CheckedNotifier, Notifier
from consentcore.ports.resources import OlderResourceDirectory, ResourceDirectory
from consentcore.ports.scopes import ScopeCatalog
from consentcore.ports.storage import Storage
from consentcore.ports.tokens import ProtocolStorage

if TYPE_CHECKING:
    from consentcore.domain.scope import Scope

PORTS: Mapping[str, type] = {
    "consentcore_storage": Storage,
    "consentcore_scope_catalog": ScopeCatalog,
    "consentcore_notifier": Notifier,
    "consentcore_resources": ResourceDirectory,
    "consentcore_anchor": Anchor,
    "consentcore_key_provider": KeyProvider,
}
"""What a hook makes. That of ``consentcore_login`` is one of three."""
_WORDS = {
    "consentcore_storage": "its storage",
    "consentcore_login": "its login",
    "consentcore_scope_catalog": "its scope catalog",
    "consentcore_notifier": "its notifier",
    "consentcore_resources": "its resource directory",
    "consentcore_anchor": "its anchor",
    "consentcore_key_provider": "its key provider",
}
_FACES: Mapping[str, type] = {
    "protocol": ProtocolStorage,
    "outbox": OutboxStorage,
    "delivery_log": DeliveryLogStorage,
    "counters": CounterStorage,
}
_LATER = frozenset({"allows_everything", "describe", "list", "moving"})
"""What no start asks for, of storages and directories: ``plugins check`` says that it is missing."""
ACR = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,200}")
LONGEST_SCHEDULE_S = 31 * 24 * 3600
MOST_WAITS = 1000


def port_problems(hook: str, made: object, capabilities: frozenset[str] = frozenset()) -> list[str]:
    """What is missing in what a hook has made, or cannot be called as it will be; and, of a notifier and of a catalog,
    which limits of the conformance kit it exceeds. One sentence each.

    :param capabilities: that the plugin declares.
    """
    port = _port_of(hook, made, capabilities)
    if hook == "consentcore_anchor":
        several = made.values() if isinstance(made, Mapping) else [made]
        return [problem for one in several for problem in _anchor_problems(one)]
    found = list(_member_problems(_WORDS[hook], made, port))
    found += [one for one in _further_problems(hook, made) if one not in found]
    if hook == "consentcore_notifier" and not found:
        found += schedule_problems(made)
    if port is ResourceDirectory and not found:
        found += directory_problems(made)
    return found


def missing_members(hook: str, made: object, capabilities: frozenset[str] = frozenset()) -> list[str]:
    """What a start asks for and is not there of what a hook has made, one sentence each. Nothing is called, and nothing
    made that is made when it is first used."""
    port = _port_of(hook, made, capabilities)
    names = [name for name, _ in _members(port) if name not in _LATER]
    return [f"{_WORDS[hook]} has no {name}" for name in names if not _has(made, name)]


def _has(made: object, name: str) -> bool:
    if any(name in vars(part) for part in type(made).__mro__):
        return True
    return not isinstance(call(lambda: getattr(made, name)).error, AttributeError)


def _port_of(hook: str, made: object, capabilities: frozenset[str]) -> type:
    if hook == "consentcore_login":
        return _login_port(made)
    if hook == "consentcore_notifier" and "check" in capabilities:
        return CheckedNotifier
    if hook == "consentcore_resources" and is_older(made):
        return OlderResourceDirectory
    return PORTS[hook]


def _login_port(made: object) -> type:
    """Which of the logins it is; what it need not have and has, has to fit too."""
    if not hasattr(made, "begin"):
        return LoginProvider
    return PostedLogin if hasattr(made, "state_field") else RedirectLogin


def _further_problems(hook: str, made: object) -> Iterator[str]:
    """What is wrong with the faces of a storage, and with what a login need not have and has."""
    if hook == "consentcore_storage":
        for name, face in _FACES.items():
            if hasattr(made, name):
                yield from _member_problems(f"{name} of {_WORDS[hook]}", getattr(made, name), face)
    elif hook == "consentcore_login":
        yield from _login_problems(made)


def _login_problems(made: object) -> Iterator[str]:
    if hasattr(made, "begin_asked"):
        yield from _member_problems(_WORDS["consentcore_login"], made, AskedLogin)
    read = call(lambda: list(getattr(made, "acr_values", ())))
    if read.error is not None or not all(isinstance(one, str) and ACR.fullmatch(one) for one in read.answer):
        yield "acr_values: expected words of printable ASCII without blanks, of at most 200 characters"


def _anchor_problems(made: object) -> list[str]:
    """What is missing in an anchor; what it need not have and has, has to fit too."""
    ports: list[type] = [Anchor]
    ports += [ReadableAnchor] if hasattr(made, "newest") else []
    ports += [CosigningAnchor] if hasattr(made, "cosign") else []
    found = (one for port in ports for one in _member_problems(_WORDS["consentcore_anchor"], made, port))
    return list(dict.fromkeys(found))


def made_problems(hook: str, made: Any, capabilities: frozenset[str]) -> list[str]:
    """What is wrong with what a hook has made, the scopes of a catalog included.

    :param capabilities: that the plugin declares.
    """
    found = port_problems(hook, made, capabilities)
    if hook != "consentcore_scope_catalog" or found:
        return found
    scopes = call(lambda: list(made.scopes()))
    return (
        catalog_problems(scopes.answer) if scopes.error is None else [f"scopes failed: {cause(scopes.error)}"]
    )


def schedule_problems(notifier: Any) -> list[str]:
    """Why the waits of a notifier are no schedule."""
    read = call(lambda: [float(one) for one in islice(iter(notifier.retry_schedule_s), MOST_WAITS)])
    if read.error is not None:
        return [f"retry_schedule_s is no sequence of seconds: {line(cause(read.error))}"]
    waits = read.answer
    if any(not wait >= 0 for wait in waits) or waits != sorted(waits):
        return ["retry_schedule_s: expected waits of 0 or more seconds that never go down"]
    if sum(waits) >= LONGEST_SCHEDULE_S:
        return ["retry_schedule_s: expected less than 31 days in all"]
    return []


def directory_problems(directory: Any) -> list[str]:
    """Why what a directory says of itself cannot be right."""
    if isinstance(getattr(directory, "kinds", None), str):
        return ['kinds: expected words such as ("site", "meter"), not a text']
    read = call(lambda: (list(directory.kinds), directory.allows_everything))
    if read.error is not None:
        return [f"kinds is no sequence of words: {line(cause(read.error))}"]
    kinds, everything = read.answer
    found = []
    if not kinds or not all(isinstance(kind, str) and KIND.fullmatch(kind) for kind in kinds):
        found.append("kinds: expected at least one word such as site, meter or device")
    if not isinstance(everything, bool):
        found.append("allows_everything: expected True or False")
    return found


def catalog_problems(scopes: Sequence[Scope]) -> list[str]:
    """Which limits of the conformance kit the scopes of one catalog exceed."""
    found: list[str] = []
    for scope in scopes:
        read = call(lambda scope=scope: [str(fault) for fault in faults(scope)])  # type: ignore[misc]  # a default of a lambda has no type
        said = read.answer if read.error is None else [f"it cannot be read: {line(cause(read.error))}"]
        found += (f"scope {line(str(getattr(scope, 'scope_id', scope)), 100)}: {one}" for one in said)
    if not found:
        round_ = circle({scope.scope_id: scope.includes for scope in scopes})
        found += [f"scope {round_}: includes: leads back to itself"] if round_ else []
    return found


def _member_problems(what: str, made: object, port: type) -> Iterator[str]:
    for name, member in _members(port):
        read = call(lambda name=name: getattr(made, name))  # type: ignore[misc]  # a default of a lambda has no type
        if read.error is not None:
            missing = isinstance(read.error, AttributeError)
            yield (
                f"{what} has no {name}" if missing else f"{name} of {what} failed: {line(cause(read.error))}"
            )
        elif not isinstance(member, property):
            problem = _call_problem(read.answer, member)
            if problem:
                yield f"{name} of {what} {problem}"


def _members(port: type) -> Iterator[tuple[str, Any]]:
    for part in reversed(port.__mro__):
        for name, member in vars(part).items():
            if not name.startswith("_") and (isinstance(member, property) or inspect.isfunction(member)):
                yield name, member


def _call_problem(method: object, member: Callable[..., object]) -> str:
    if not callable(method):
        return "cannot be called"
    if inspect.iscoroutinefunction(method):
        return "is async; plugins are called from threads"
    asked = [one for name, one in inspect.signature(member).parameters.items() if name != "self"]
    by_place = [one.name for one in asked if one.kind is not one.KEYWORD_ONLY]
    by_name = {one.name: None for one in asked if one.kind is one.KEYWORD_ONLY}
    try:
        inspect.signature(method).bind(*by_place, **by_name)
    except TypeError:
        return f"cannot be called with ({', '.join([*by_place, *by_name])})"
    except ValueError:  # written in C: nothing is known of it
        return ""
    return ""
