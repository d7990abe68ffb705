"""Directories of resources in memory."""

from __future__ import annotations

from consentcore.api import Resource, ResourcePage


def sites(count: int, *, city: str = "Lyon") -> list[Resource]:
    """So many sites, in one group."""
    return [
        Resource(f"{city.lower()}-{number:04}", f"{city} {number}", f"{number} rue Garibaldi", group=(city,))
        for number in range(1, count + 1)
    ]


class MemoryDirectory:
    """Lists, by e-mail address, what it was given; fails where it was told to.

    :ivar calls: what was asked, by name of the method.
    """

    def __init__(self, owned=None, *, kinds=("site",), allows_everything=True):
        self.owned = owned or {}
        self.kinds = kinds
        self.allows_everything = allows_everything
        self.error = None
        self.calls = []

    def list(self, owner, *, kinds, query="", after="", limit=100):
        self.calls.append("list")
        found = [one for one in self._all(owner) if self._is_asked(one, kinds, query)]
        start = int(after) if after.isascii() and after.isdecimal() and len(after) < 10 else 0
        more = str(start + limit) if start + limit < len(found) else ""
        return ResourcePage(found[start : start + limit], more, len(found))

    def describe(self, owner, ids):
        self.calls.append("describe")
        return [one for one in self._all(owner) if one.resource_id in set(ids)]

    def _all(self, owner):
        if self.error is not None:
            raise self.error
        return self.owned.get(owner.email, [])

    @staticmethod
    def _is_asked(one, kinds, query):
        text = " ".join((one.label, one.detail, *one.group)).casefold()
        return (not kinds or one.kind in kinds) and all(word in text for word in query.casefold().split())


HOMES = """
from consentcore.api import PluginInfo, PluginKind, hookimpl
from tests.support.directories import MemoryDirectory

DIRECTORY = MemoryDirectory(kinds=("site", "device"))

@hookimpl
def consentcore_plugin():
    return PluginInfo(name="homes", kind=PluginKind.EXTENSION, summary="Homes.", capabilities=frozenset({"local"}))

@hookimpl
def consentcore_resources(settings):
    return DIRECTORY
"""
"""A plugin of one directory, ``DIRECTORY``, which the test fills."""
