"""The kit for resources: passed by a small honest directory, failed by careless ones at the right test."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.api import Resource
from consentcore.testing import ResourceDirectoryConformance, factories
from tests.support.directories import MemoryDirectory, sites

ADA = factories.owner(email="ada@example.org")
HOME = Resource("site-1", "Home", "1 Main Street")
BEACH = Resource("site-2", "Home", "2 Beach Road")


def directory(*listed, kinds=("site",)):
    return MemoryDirectory({ADA.email: list(listed)}, kinds=kinds)


def failing():
    found = directory()
    found.error = ConnectionError()
    return found


class TestDirectory(ResourceDirectoryConformance):
    capabilities = frozenset({"network"})

    @pytest.fixture
    def directory(self):
        return directory(HOME, BEACH, *sites(3))

    @pytest.fixture
    def owner(self):
        return ADA

    @pytest.fixture
    def broken_directory(self):
        return failing()

    @pytest.fixture
    def hanging_directory(self, silent_port):
        return failing()


@pytest.mark.parametrize(
    ("listed", "test"),
    [
        ((), "test_owner_has_something_to_choose_from"),
        ((replace(HOME, resource_id="site 1"),), "test_ids_are_distinct_and"),
        ((replace(HOME, resource_id=""),), "test_ids_are_distinct_and"),
        ((replace(HOME, resource_id="x" * 201),), "test_ids_are_distinct_and"),
        ((HOME, replace(BEACH, resource_id="site-1")), "test_ids_are_distinct_and"),
        ((replace(HOME, resource_id="*"),), "test_ids_are_distinct_and"),
        ((replace(HOME, label=" "),), "test_each_can_be_told"),
        ((HOME, replace(HOME, resource_id="site-2")), "test_each_can_be_told"),
        ((replace(HOME, detail="\ud800"),), "test_texts_can_be_shown"),
        ((replace(HOME, label="Ho\x00me"),), "test_texts_can_be_shown"),
        ((replace(HOME, kind="meter"),), "test_it_says_which_kinds"),
        ((replace(HOME, label="x" * 201),), "test_texts_can_be_shown"),
        ((replace(HOME, unavailable="x" * 201),), "test_texts_can_be_shown"),
        ((replace(HOME, group=("a", "b", "c", "d")),), "test_texts_can_be_shown"),
        ((replace(HOME, group=(" ",)),), "test_texts_can_be_shown"),
        (
            (replace(HOME, group=("A",)), BEACH, replace(HOME, resource_id="3", group=("A",))),
            "test_those_of_one",
        ),
    ],
)
def test_careless_directory_is_noticed(listed, test):
    (found,) = [name for name in dir(ResourceDirectoryConformance) if name.startswith(test)]
    with pytest.raises(AssertionError):
        getattr(ResourceDirectoryConformance(), found)(directory(*listed), ADA)


def test_directory_that_shows_everybody_everything_is_noticed():
    class Open(MemoryDirectory):
        def _all(self, owner):
            return [HOME]

    kit = ResourceDirectoryConformance()
    with pytest.raises(AssertionError):
        kit.test_nobody_is_shown_what_is_anothers(Open(), ADA, factories.owner())


def test_directory_that_describes_what_is_anothers_is_noticed():
    class Telling(MemoryDirectory):
        def describe(self, owner, ids):
            return [one for one in (HOME, BEACH) if one.resource_id in ids]

    kit = ResourceDirectoryConformance()
    with pytest.raises(AssertionError):
        kit.test_nobody_is_shown_what_is_anothers(Telling({ADA.email: [HOME]}), ADA, factories.owner())


class Shuffling(MemoryDirectory):
    def _all(self, owner):
        self.owned[ADA.email] = self.owned[ADA.email][::-1]
        return self.owned[ADA.email]


class Greedy(MemoryDirectory):
    def list(self, owner, *, kinds, query="", after="", limit=100):
        return super().list(owner, kinds=kinds, query=query, after=after, limit=limit + 1)


class Forgetful(MemoryDirectory):
    def list(self, owner, *, kinds, query="", after="", limit=100):
        return replace(super().list(owner, kinds=kinds, query=query, after=after, limit=limit), next_after="")


class Deaf(MemoryDirectory):
    def list(self, owner, *, kinds, query="", after="", limit=100):
        return super().list(
            owner, kinds=(), query="" if query.isupper() or not query else "x", after=after, limit=limit
        )


class Proud(MemoryDirectory):
    def list(self, owner, *, kinds, query="", after="", limit=100):
        return replace(super().list(owner, kinds=kinds, query=query, after=after, limit=limit), total=9)


class Vague(MemoryDirectory):
    def describe(self, owner, ids):
        return [HOME]


@pytest.mark.parametrize(
    ("careless", "test", "more"),
    [
        (Shuffling, "test_asked_again_it_lists_the_same_in_the_same_order", ()),
        (Shuffling, "test_odd_names_change_nothing", ("x",)),
        (Greedy, "test_no_page_has_more_than_was_asked_for", (1,)),
        (Forgetful, "test_pages_of_any_size_list_everything_once", (1,)),
        (Deaf, "test_search_finds_by_label_whatever_the_case", ()),
        (Deaf, "test_only_kinds_that_were_asked_for_are_listed", ()),
        (Proud, "test_total_is_that_of_all_pages", ()),
        (Vague, "test_unknown_ids_are_left_out", ()),
        (Vague, "test_what_is_listed_is_described_the_same", ()),
    ],
)
def test_careless_pages_are_noticed(careless, test, more):
    made = careless({ADA.email: [HOME, BEACH]})
    with pytest.raises(AssertionError):
        getattr(ResourceDirectoryConformance(), test)(made, ADA, *more)


def test_directory_that_lists_nothing_where_it_cannot_look_is_noticed():
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        ResourceDirectoryConformance().test_directory_that_cannot_look_says_so_and_does_not_list_nothing(
            directory(), ADA
        )
