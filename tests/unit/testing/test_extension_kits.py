"""The kits for resources and anchors: passed by small honest plugins, failed by careless ones at the right test."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from consentcore.api import Resource
from consentcore.testing import (
    AnchorConformance,
    ResourceDirectoryConformance,
    factories,
    memory_storage,
)

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


class FileAnchor:
    def __init__(self, folder):
        self.file = folder / "checkpoints"

    def publish(self, checkpoint):
        facts = [checkpoint.size, checkpoint.root.hex(), checkpoint.signature.hex()]
        with self.file.open("a") as file:
            file.write(json.dumps(facts) + "\n")

    def kept(self):
        lines = map(json.loads, self.file.read_text().splitlines())
        return [(size, bytes.fromhex(root), bytes.fromhex(signature)) for size, root, signature in lines]


class TestFileAnchor(AnchorConformance):
    @pytest.fixture
    def anchor(self, tmp_path):
        return FileAnchor(tmp_path)

    @pytest.fixture
    def kept(self, anchor):
        return anchor.kept

    @pytest.fixture
    def broken_anchor(self, tmp_path):
        return FileAnchor(tmp_path / "missing")


class Careless(FileAnchor):
    """Keeps by size: the later of two wins."""

    def __init__(self):
        self.by_size = {}

    def publish(self, checkpoint):
        self.by_size[checkpoint.size] = (checkpoint.size, checkpoint.root, checkpoint.signature)

    def kept(self):
        return list(self.by_size.values())


class Latest(Careless):
    def publish(self, checkpoint):
        if checkpoint.size >= max(self.by_size, default=0):
            self.by_size.clear()
            super().publish(checkpoint)


class Growing(Careless):
    def publish(self, checkpoint):
        if checkpoint.size > max(self.by_size, default=0):
            super().publish(checkpoint)


class Rootless(Careless):
    def publish(self, checkpoint):
        self.by_size[checkpoint.size] = (checkpoint.size, checkpoint.root, b"")


class Slow(Careless):
    def publish(self, checkpoint):
        before = dict(self.by_size)
        time.sleep(0.01)
        self.by_size = {**before, checkpoint.size: (checkpoint.size, checkpoint.root, checkpoint.signature)}


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (Careless, "test_two_that_contradict_each_other_are_both_kept"),
        (Latest, "test_later_ones_do_not_take_the_place_of_earlier_ones"),
        (Growing, "test_smaller_one_is_kept_too"),
        (Rootless, "test_checkpoint_is_kept_whole"),
        (Slow, "test_several_workers_may_publish_at_a_time"),
    ],
)
def test_careless_anchor_is_noticed(kind, test):
    anchor = kind()
    with pytest.raises(AssertionError):
        getattr(AnchorConformance(), test)(anchor, anchor.kept)


def test_anchor_that_swallows_its_failure_is_noticed():
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        AnchorConformance().test_what_cannot_be_kept_is_said(Careless())


def test_storage_in_memory_is_empty_and_another_each_time():
    first, second = memory_storage(), memory_storage()
    with first.transaction() as uow:
        uow.owners.add(ADA)
    with second.reading() as uow:
        assert uow.owners.get(ADA.owner_id) is None
