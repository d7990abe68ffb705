"""The kit for resources: passed by a small honest directory, failed by careless ones at the right test."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.api import Resource
from consentcore.testing import ResourceDirectoryConformance, factories

ADA = factories.owner(email="ada@example.org")
HOME = Resource("site-1", "Home", "1 Main Street")
BEACH = Resource("site-2", "Home", "2 Beach Road")


class Directory:
    def __init__(self, *listed, everybody=False):
        self._listed, self._everybody = listed, everybody

    def resources(self, owner):
        return list(self._listed) if self._everybody or owner.owner_id == ADA.owner_id else []


class Failing:
    def resources(self, owner):
        raise ConnectionError


class TestDirectory(ResourceDirectoryConformance):
    capabilities = frozenset({"network"})

    @pytest.fixture
    def directory(self):
        return Directory(HOME, BEACH)

    @pytest.fixture
    def owner(self):
        return ADA

    @pytest.fixture
    def broken_directory(self):
        return Failing()

    @pytest.fixture
    def hanging_directory(self, silent_port):
        return Failing()


@pytest.mark.parametrize(
    ("listed", "test"),
    [
        ((), "test_owner_has_something_to_choose_from"),
        ((("site-1", "Home"),), "test_what_is_listed_are_resources"),
        ((replace(HOME, resource_id="site 1"),), "test_ids_are_distinct_and"),
        ((replace(HOME, resource_id=""),), "test_ids_are_distinct_and"),
        ((replace(HOME, resource_id="x" * 201),), "test_ids_are_distinct_and"),
        ((HOME, replace(BEACH, resource_id="site-1")), "test_ids_are_distinct_and"),
        ((replace(HOME, label=" "),), "test_each_can_be_told"),
        ((HOME, replace(HOME, resource_id="site-2")), "test_each_can_be_told"),
        ((replace(HOME, detail="\ud800"),), "test_texts_can_be_shown"),
        ((replace(HOME, label="Ho\x00me"),), "test_texts_can_be_shown"),
        ((replace(HOME, kind=""),), "test_texts_can_be_shown"),
    ],
)
def test_careless_directory_is_noticed(listed, test):
    (found,) = [name for name in dir(ResourceDirectoryConformance) if name.startswith(test)]
    with pytest.raises(AssertionError):
        getattr(ResourceDirectoryConformance(), found)(Directory(*listed), ADA)


def test_directory_that_shows_everybody_everything_is_noticed():
    kit = ResourceDirectoryConformance()
    with pytest.raises(AssertionError):
        kit.test_nobody_is_shown_what_is_anothers(Directory(HOME, everybody=True), ADA, factories.owner())


def test_directory_that_shuffles_is_noticed():
    class Shuffling(Directory):
        def resources(self, owner):
            self._listed = self._listed[::-1]
            return list(self._listed)

    for name, more in (
        ("test_asked_again_it_lists_the_same_in_the_same_order", ()),
        ("test_odd_names_change_nothing", ("x",)),
    ):
        with pytest.raises(AssertionError):
            getattr(ResourceDirectoryConformance(), name)(Shuffling(HOME, BEACH), ADA, *more)


def test_directory_that_lists_nothing_where_it_cannot_look_is_noticed():
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        ResourceDirectoryConformance().test_directory_that_cannot_look_says_so_and_does_not_list_nothing(
            Directory(), ADA
        )
