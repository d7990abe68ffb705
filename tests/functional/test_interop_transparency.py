"""The log of evidence, checked by other people's tools: sumdb/note and transparency-dev's merkle, in Go."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from functools import partial
from hashlib import sha256

import pytest

from consentcore.consent.evidence.growth import stored_tile
from consentcore.consent.evidence.publication import proof_of
from consentcore.consent.evidence.signer import LogSigner
from consentcore.tlog import consistency_proof, hash_at
from tests.plugins.consentcore_anchor_witness.test_anchor import ORIGIN, Town
from tests.support.go import go_program
from tests.support.witness import witness

LEAF = 123


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return go_program("consentlog", tmp_path_factory.mktemp("go"))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A log of 300 events with an older checkpoint of 200; keys, and the files that the program reads."""
    folder = tmp_path_factory.mktemp("log")
    with witness() as w1:
        town = Town(w1)
        old = town.step(200)
        newest = town.step(100)
        with town.scenario.storage.reading() as uow:
            event = uow.ledger.leaves(LEAF, 1)[0]
            carried = str(proof_of(uow, newest, LEAF))
            path = consistency_proof(hash_at(partial(stored_tile, uow)), old.size, newest.size)
        (folder / "old").write_text(old.note)
        (folder / "consistency").write_text("".join(f"{b64encode(one).decode()}\n" for one in path))
        (folder / "proof").write_text(carried)
        keys = [str(LogSigner(town.scenario.keys, ORIGIN).key("test1")), str(w1.key)]
    return folder, keys, sha256(event.body.encode()).hexdigest()


def run(program, files, *, leaf="", folder=None):
    place, keys, data = files
    names = [str((folder or place) / name) for name in ("old", "consistency", "proof")]
    return subprocess.run(
        [str(program), *keys, *names, leaf or data], capture_output=True, text=True, check=False
    )


def test_rt_09_tools_of_others_verify_signatures_inclusion_and_consistency(program, files):
    done = run(program, files)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"leaf {LEAF} of {ORIGIN} is in 300, which continues 200\n"


def test_and_refuse_another_leaf(program, files):
    assert run(program, files, leaf="00" * 32).returncode == 1


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("old", lambda text: text.replace("\n200\n", "\n201\n")),
        ("consistency", lambda text: text[45:]),
        ("proof", lambda text: text.replace(f"index {LEAF}", f"index {LEAF + 1}")),
        ("proof", lambda text: "".join(text.splitlines(keepends=True)[:-1])),
        ("proof", lambda text: text.replace("\n300\n", "\n299\n")),
    ],
)
def test_and_refuse_what_was_touched(program, files, tmp_path, name, spoil):
    for one in files[0].iterdir():
        text = one.read_text()
        (tmp_path / one.name).write_text(spoil(text) if one.name == name else text)
    assert run(program, files, folder=tmp_path).returncode == 1
