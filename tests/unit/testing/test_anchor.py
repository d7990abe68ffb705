"""The kit for anchors: passed by a small honest one, failed by careless ones at the right test."""

from __future__ import annotations

import json
import time

import pytest

from consentcore.testing import AnchorConformance


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
