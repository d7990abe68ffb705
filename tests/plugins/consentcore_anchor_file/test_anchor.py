"""The conformance kit, and what is special about a file."""

from __future__ import annotations

import json
import multiprocessing
import re
import stat

import pytest

from consentcore.api import AnchorProblem
from consentcore.testing import AnchorConformance, factories
from consentcore_anchor_file import AnchorFileSettings, consentcore_anchor, consentcore_plugin


def made(folder):
    return consentcore_anchor(AnchorFileSettings(folder / "checkpoints"))


def lines(folder):
    return [json.loads(line) for line in (folder / "checkpoints").read_text().splitlines()]


class TestConformance(AnchorConformance):
    @pytest.fixture
    def anchor(self, tmp_path):
        return made(tmp_path)

    @pytest.fixture
    def kept(self, tmp_path):
        return lambda: [
            (one["size"], bytes.fromhex(one["root"]), bytes.fromhex(one["signature"]))
            for one in lines(tmp_path)
        ]

    @pytest.fixture
    def broken_anchor(self, tmp_path):
        return made(tmp_path / "missing")


def test_it_says_who_it_is():
    info = consentcore_plugin()
    assert (info.name, info.kind.value) == ("anchor_file", "extensions")


def test_the_file_belongs_to_us_and_its_group(tmp_path):
    made(tmp_path).publish(factories.signed_checkpoint(1))
    assert stat.S_IMODE((tmp_path / "checkpoints").stat().st_mode) & 0o027 == 0


def test_file_that_cannot_be_used_is_named(tmp_path):
    """The log says nothing of other errors but their kind, and where in Python they came from."""
    (tmp_path / "folder" / "checkpoints").mkdir(parents=True)
    for folder, why in [("missing", "No such file or directory"), ("folder", "Is a directory")]:
        said = re.escape(f"{tmp_path}/{folder}/checkpoints: {why}")
        with pytest.raises(AnchorProblem, match=said):
            made(tmp_path / folder).newest("log.example")
        with pytest.raises(AnchorProblem, match=said):
            made(tmp_path / folder).publish(factories.signed_checkpoint(1))


@pytest.mark.parametrize("left", [1, 20, -1])
def test_a_line_that_was_cut_off_disturbs_neither_those_before_nor_those_after(tmp_path, left):
    anchor, file = made(tmp_path), tmp_path / "checkpoints"
    first, second = factories.signed_checkpoint(3), factories.signed_checkpoint(5)
    anchor.publish(first)
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:left])
    assert anchor.newest("log.example") == first.note
    anchor.publish(second)
    assert file.read_bytes().startswith(whole + whole[:left] + b"\n")
    assert anchor.newest("log.example") == second.note


@pytest.mark.parametrize(
    "line", [b"\xff\xfe", b"[]", b'{"note": 5}', b'{"note": "log.example\\n9\\n"}', b"null"]
)
def test_what_is_none_of_ours_is_passed_over(tmp_path, line):
    anchor = made(tmp_path)
    checkpoint = factories.signed_checkpoint(3)
    anchor.publish(checkpoint)
    with (tmp_path / "checkpoints").open("ab") as file:
        file.write(line + b"\n")
    assert anchor.newest("log.example") == checkpoint.note


def publish(folder, start):
    for size in range(start, start + 20):
        made(folder).publish(factories.signed_checkpoint(size))


def test_processes_may_publish_at_a_time(tmp_path):
    context = multiprocessing.get_context("spawn")
    running = [context.Process(target=publish, args=(tmp_path, start)) for start in (1, 101, 201)]
    for process in running:
        process.start()
    for process in running:
        process.join(60)
    assert [process.exitcode for process in running] == [0, 0, 0]
    assert len(lines(tmp_path)) == 60
