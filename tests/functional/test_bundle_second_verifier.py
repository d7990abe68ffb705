"""A second verifier, in another language and written from docs/evidence.md alone, agrees with ours."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from consentcore.consent.bundle.checking import check_bundle
from consentcore.consent.bundle.lines import lines_of
from consentcore.consent.bundle.trust import read_keys
from consentcore.consent.bundle.writing import Selection
from consentcore.consent.evidence.signer import LogSigner
from tests.support.bundles import TAMPERINGS, UNTOUCHED_END, lived, parsed, sealed, text_of
from tests.unit.consent.conftest import begin

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[1] / "interop" / "verify_bundle.js"


@pytest.fixture(scope="module")
def node():
    """It needs no packages, so any Node.js will do."""
    own = Path(__file__).parents[2] / ".node" / "bin" / "node"
    found = str(own) if own.exists() else shutil.which("node")
    if found is None:
        message = "Node.js is missing: sh scripts/ensure_node.sh"
        if os.environ.get("CI") or os.environ.get("REQUIRE_NODE"):
            pytest.fail(message)
        pytest.skip(message)
    return found


def judged(bundle, keys):
    fault = check_bundle(lines_of(io.BytesIO(bundle)), read_keys(keys) if keys else None).fault
    return (fault is None, fault.line if fault else 0, fault.event_id if fault else "")


def test_rt_07_two_verifiers_agree_on_good_bundles_and_on_every_tampered_one(node, tmp_path):
    village = lived(begin())
    signer = LogSigner(village.scenario.keys, "auth.example/2")
    good = village.bundle()
    bundles = {
        "good": good,
        "part": village.bundle(Selection(client_id="shiftplan")),
        "without values": village.bundle(personal=False),
        "continues": village.bundle(continues=[village.shelf.kept[0].note]),
    }
    held = set(bundles)
    for name, tamper in TAMPERINGS.items():
        for reseals in (False, True):
            lines = parsed(good)
            tamper(lines)
            if reseals and name in UNTOUCHED_END:
                continue
            bundles[f"{name} {reseals}"] = text_of(sealed(lines, signer) if reseals else lines)
    assert len(bundles) > 80
    keys = tmp_path / "keys.json"
    keys.write_text(village.keys)
    paths = {}
    for number, (name, bundle) in enumerate(bundles.items()):
        paths[name] = tmp_path / f"{number}.jsonl"
        paths[name].write_bytes(bundle)
    for given in ((), (str(keys),)):
        done = subprocess.run(
            [node, str(SCRIPT), "-", *given],
            input="\n".join(map(str, paths.values())),
            capture_output=True,
            text=True,
            check=True,
        )
        answers = dict(zip(bundles, map(json.loads, done.stdout.splitlines()), strict=True))
        for name, bundle in bundles.items():
            ours = judged(bundle, village.keys if given else "")
            theirs = answers[name]
            assert (theirs["ok"], theirs["line"], theirs["event_id"]) == ours, (name, theirs)
            if name in held:
                assert ours[0], name
            elif given and name.split()[0] != "revoked_key":
                assert not ours[0], name
