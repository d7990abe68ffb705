"""An independent verifier, in another language and written from docs/evidence.md alone, agrees with ours."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from consentcore.consent.bundle.file_check import ReceiptReport, check_file
from consentcore.consent.bundle.trust import KnownKey, read_keys
from consentcore.consent.bundle.writing import Selection
from consentcore.consent.evidence.signer import LogSigner
from tests.support.bundles import NEW, OLD, TAMPERINGS, UNTOUCHED_END, lived, parsed, sealed, text_of
from tests.support.forged_bundles import FORGERIES, HOLD, HOLD_WITHOUT_VALUES
from tests.support.forging import Forged, NotHereError, Pen, text_in
from tests.support.missing import missing
from tests.unit.consent.conftest import begin

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[1] / "interop" / "independent_verify.js"
MANY = f"""
import fs from "node:fs";
import {{ readKeys, verify }} from {json.dumps(SCRIPT.as_uri())};
const [keys] = process.argv.slice(1);
const given = keys ? readKeys(fs.readFileSync(keys, "utf8")) : null;
for (const file of fs.readFileSync(0, "utf8").split("\\n")) {{
  const {{ holds, line, event, fault }} = verify(fs.readFileSync(file), given);
  console.log(JSON.stringify([holds, line ?? 0, event ?? "", fault]));
}}
"""
PEN, OLD_PEN = Pen.of("new1", NEW.secret), Pen.of("old1", OLD.secret)
STRANGER, WITNESS = Pen("mine", b"m" * 32), Pen("w", b"w" * 32)
VERIFY = [sys.executable, "-m", "consentcore.cli.main", "verify"]


@pytest.fixture(scope="module")
def node():
    """It needs no packages, so any Node.js will do."""
    own = Path(__file__).parents[2] / ".node" / "bin" / "node"
    found = str(own) if own.exists() else shutil.which("node")
    return found or missing("Node.js: sh scripts/ensure_node.sh", "REQUIRE_NODE")


@pytest.fixture(scope="module")
def village():
    return lived(begin())


@pytest.fixture(scope="module")
def forms(village):
    """A bundle of every form that `audit export` writes."""
    one = village.scenario
    grant = next(
        json.loads(line)["grant"]["grant_id"] for line in village.bundle().splitlines() if b'{"grant"' in line
    )
    return {
        "all": village.bundle(),
        "all without values": village.bundle(personal=False),
        "all, continued": village.bundle(continues=[village.shelf.kept[0].note]),
        "a grant": village.bundle(Selection(grant_id=grant)),
        "an owner": village.bundle(Selection(owner_id=one.owner.owner_id)),
        "an owner without values": village.bundle(Selection(owner_id=one.owner.owner_id), personal=False),
        "an application": village.bundle(Selection(client_id="shiftplan")),
        "a time": village.bundle(Selection(since=one.clock.now() - 60_000)),
        "nothing": village.bundle(Selection(client_id="nobody")),
    }


def ours(bundle, keys):
    report = check_file(io.BytesIO(bundle), read_keys(keys) if keys else None)
    if isinstance(report, ReceiptReport):
        return [False, 1, ""]  # it does not begin as one
    fault = report.fault
    return [fault is None, fault.line if fault else 0, fault.event_id if fault else ""]


def theirs(node, folder, bundles, keys):
    given = folder / "keys"
    given.write_text(keys)
    paths = {}
    for number, (name, bundle) in enumerate(bundles.items()):
        paths[name] = folder / f"{number}.jsonl"
        paths[name].write_bytes(bundle)
    done = subprocess.run(
        [node, "--input-type=module", "--eval", MANY, *([str(given)] if keys else [])],
        input="\n".join(map(str, paths.values())),
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(bundles, map(json.loads, done.stdout.splitlines()), strict=True))


def agreed(node, folder, bundles, keys):
    """Which bundles hold, by both."""
    found = theirs(node, folder, bundles, keys)
    apart = {
        name: (judged, found[name])
        for name, bundle in bundles.items()
        if (judged := ours(bundle, keys)) != found[name][:3]
    }
    assert not apart
    return {name for name, answer in found.items() if answer[0]}


def test_rt_07_two_verifiers_agree_on_every_form_of_a_good_bundle(node, village, forms, tmp_path):
    for keys in ("", village.keys):
        assert agreed(node, tmp_path, forms, keys) == set(forms)


def test_rt_07_two_verifiers_agree_on_every_tampered_bundle(node, village, tmp_path):
    signer, good, bundles = LogSigner(village.scenario.keys, "auth.example/2"), village.bundle(), {}
    for name, tamper in TAMPERINGS.items():
        for reseals in (False, True):
            lines = parsed(good)
            tamper(lines)
            if not (reseals and name in UNTOUCHED_END):
                bundles[f"{name} {reseals}"] = text_of(sealed(lines, signer) if reseals else lines)
    assert len(bundles) > 75
    agreed(node, tmp_path, bundles, "")
    assert {name.split()[0] for name in agreed(node, tmp_path, bundles, village.keys)} <= {"revoked_key"}


def test_rt_07_each_rule_of_the_page_holds_by_itself_against_who_has_the_key(node, village, forms, tmp_path):
    done = set()
    for form, bundle in forms.items():
        forged = {}
        for name, forge in FORGERIES.items():
            one = Forged(bundle, PEN, OLD_PEN, STRANGER)
            try:
                forge(one)
            except NotHereError:
                continue
            forged[name] = one.bytes()
        allowed = HOLD | HOLD_WITHOUT_VALUES if "without values" in form else HOLD
        assert agreed(node, tmp_path, forged, village.keys) == allowed & set(forged), form
        agreed(node, tmp_path, forged, "")
        done |= set(forged)
    assert done == set(FORGERIES)


def cosigned(bundle, change=str):
    """With a line of a witness below the checkpoint."""
    forged = Forged(bundle, PEN, OLD_PEN, STRANGER)
    text = text_in(forged.head["checkpoint"])
    forged.sign_head(text, more=WITNESS.cosigned("witness.example", change(text), 1_800_000_000))
    forged.seal()
    return forged.bytes()


def by_the_witness(bundle):
    """Signed under the name of the log by the key of a witness."""
    forged = Forged(bundle, WITNESS, OLD_PEN, STRANGER)
    forged.write_log()
    return forged.bytes()


def test_rt_07_keys_that_somebody_gives_count_for_what_they_are(node, village, forms, tmp_path):
    good = forms["all"]
    bundles = {
        "good": good,
        "cosigned": cosigned(good),
        "cosigned for another": cosigned(good, lambda text: text + "x"),
        "by the witness": by_the_witness(good),
    }
    plain, watched = PEN.named("any.example"), WITNESS.named("witness.example", 4)
    published = json.loads(village.keys)
    ended = {
        **published,
        "keys": [{**one, "revoked_at": "2026-05-03T10:00:00.000Z"} for one in published["keys"]],
    }
    as_log = {"keys": [*published["keys"], {"key_id": "w", "key": watched}]}
    every = {"good", "cosigned", "cosigned for another"}
    for keys, held in {
        plain: every,
        f"{plain}\r\n\n {watched} \n": {"good", "cosigned"},
        STRANGER.named("auth.example/2"): set(),
        json.dumps(ended): set(),
        json.dumps(as_log): every,
        json.dumps({"keys": [KnownKey(PEN.public).jwk("new1")]}): every,
    }.items():
        assert agreed(node, tmp_path, bundles, keys) == held, keys


def test_rt_07_packed_bundles_and_wrong_use_end_as_the_page_says(node, village, forms, tmp_path):
    packed, keys = gzip.compress(forms["a grant"]), tmp_path / "keys.txt"
    files = {
        "good": (packed, 0),
        "in two pieces": (gzip.compress(forms["a grant"][:500]) + gzip.compress(forms["a grant"][500:]), 0),
        "cut off": (packed[:-30], 1),
        "with something behind": (packed + b"x", 1),
        "none": (b"hello\n", 1),
        "empty": (b"", 1),
    }
    keys.write_text(village.keys)
    for name, (content, code) in files.items():
        path = tmp_path / name
        path.write_bytes(content)
        for command in ([node, str(SCRIPT), str(path), str(keys)], [*VERIFY, str(path), "--key", str(keys)]):
            assert subprocess.run(command, capture_output=True, check=False).returncode == code, (
                name,
                command[0],
            )
    only = tmp_path / "witnesses.txt"
    only.write_text(WITNESS.named("witness.example", 4))
    good, missing = str(tmp_path / "good"), str(tmp_path / "missing")
    for arguments in ([missing, str(keys)], [good, missing], [good, str(only)]):
        for command in ([node, str(SCRIPT), *arguments], [*VERIFY, arguments[0], "--key", arguments[1]]):
            assert subprocess.run(command, capture_output=True, check=False).returncode == 2, command
