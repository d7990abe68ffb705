"""Bundles on the command line: exported, checked without a configuration, compared after a restore."""

from __future__ import annotations

import gzip
import json
import shutil

import pytest

from tests.support.bundles import TAMPERINGS, parsed, text_of
from tests.support.cli_platform import cli, platform
from tests.support.command_line import call
from tests.support.platform import Request, answer, connect, introspect, make_platform, to_consent_page

__all__ = ["cli", "platform"]

ADA = "ada@example.org"


@pytest.fixture
def granted(platform):
    _, page = to_consent_page(platform, Request(client_id="shiftplan"))
    answer(page, "deny")
    return connect(platform)


@pytest.fixture
def keys(platform, tmp_path):
    path = tmp_path / "keys.json"
    platform.runtime.evidence.advance()
    path.write_text(json.dumps(platform.runtime.published_log.key_list()))
    return path


def size_of_log(platform):
    """Leaves: events, and statements of what was noted beside them."""
    with platform.runtime.storage.reading() as uow:
        return uow.ledger.newest_checkpoint().size


def grant_of(cli):
    return cli("consents", "list", "--owner", ADA, "--json").json[0]["grant_id"]


@pytest.mark.parametrize("name", ["all.jsonl", "all.jsonl.gz"])
def test_rt_07_a_bundle_is_exported_and_checked_without_a_configuration(cli, keys, granted, tmp_path, name):
    made = cli("audit", "export", str(tmp_path / name), "--json")
    # What was noted beside the events are two leaves more: of records, and of a session that was ended.
    assert made.json == {"grants": 2, "events": 2, "size": 4, "left_out": 0}
    assert (tmp_path / name).stat().st_mode & 0o077 == 0
    found = call("verify", str(tmp_path / name), "--key", str(keys), "--json")
    assert found.code == 0
    assert (found.json["ok"], found.json["complete"], found.json["events"]) == (True, True, 2)
    assert found.json["with_own_keys"] is False
    said = call("verify", str(tmp_path / name))
    assert said.code == 0
    assert "holds: all of the log 127.0.0.1:6543 as of its checkpoint of 4 leaves" in said.out
    assert "with the keys that it brings itself" in said.err


def test_a_target_that_is_there_is_left_alone(cli, granted, tmp_path):
    target = tmp_path / "all.jsonl"
    target.write_text("mine")
    found = cli("audit", "export", str(target))
    assert found.code == 2
    assert "is there already" in found.err
    assert target.read_text() == "mine"


def test_nothing_is_left_of_an_export_that_failed(cli, granted, tmp_path):
    found = cli("audit", "export", str(tmp_path / "one.jsonl"), "--grant", "nobody")
    assert found.code == 1
    assert [one.name for one in tmp_path.iterdir() if "one.jsonl" in one.name] == []


def test_an_owner_is_selected_by_their_address(cli, granted, tmp_path):
    made = cli("audit", "export", str(tmp_path / "a"), "--owner", "grace@example.org", "--json")
    assert made.json["events"] == 0
    assert call("verify", str(tmp_path / "a")).code == 0
    assert ADA.encode() not in (tmp_path / "a").read_bytes()
    assert cli("audit", "export", str(tmp_path / "b"), "--owner", "nobody@example.org").code == 1
    assert cli("audit", "export", str(tmp_path / "b"), "--from", "yesterday").code == 2


def test_the_first_bad_event_is_named_and_the_code_is_1(cli, granted, keys, tmp_path):
    cli("audit", "export", str(tmp_path / "all"))
    lines = parsed((tmp_path / "all").read_bytes())
    TAMPERINGS["edited_event"](lines)
    (tmp_path / "bad").write_bytes(text_of(lines))
    found = call("verify", str(tmp_path / "bad"), "--key", str(keys))
    assert found.code == 1
    event = json.loads(next(one for one in lines if "event" in one)["event"]["body"])
    assert f"consent {event['grant_id']} event {event['event_id']} (number 1 of its chain)" in found.err
    assert "DOES NOT HOLD" in found.err


@pytest.mark.parametrize(
    "junk", [b"", b"hello", b"{}", gzip.compress(b'{"bundle":{}}', mtime=0)[:-9], b"\x1f\x8bno"]
)
def test_what_is_neither_a_bundle_nor_a_receipt_is_broken(tmp_path, junk):
    (tmp_path / "junk").write_bytes(junk)
    found = call("verify", str(tmp_path / "junk"))
    assert found.code == 1
    assert "DOES NOT HOLD" in found.err


def test_a_file_that_is_not_there_is_wrong_use_and_so_are_keys_that_are_none(tmp_path, cli, granted):
    assert call("verify", str(tmp_path / "nowhere")).code == 2
    cli("audit", "export", str(tmp_path / "all"))
    (tmp_path / "keys").write_text("these are none")
    found = call("verify", str(tmp_path / "all"), "--key", str(tmp_path / "keys"))
    assert found.code == 2
    assert "--key" in found.err


def test_a_file_that_cannot_be_read_is_75(tmp_path, cli, granted, monkeypatch):
    cli("audit", "export", str(tmp_path / "all"))

    def torn(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("consentcore.cli.verify.check_file", torn)
    found = call("verify", str(tmp_path / "all"))
    assert found.code == 75
    assert "Input/output error" in found.err


def test_keys_of_another_service_have_signed_nothing(cli, granted, tmp_path):
    cli("audit", "export", str(tmp_path / "all"))
    (tmp_path / "there").mkdir()
    other = make_platform(tmp_path / "there")
    (tmp_path / "keys").write_text(json.dumps(other.runtime.published_log.key_list()))
    assert call("verify", str(tmp_path / "all"), "--key", str(tmp_path / "keys")).code == 1


class TestAfterARestore:
    @pytest.fixture
    def restored(self, cli, granted, platform, tmp_path):
        """Ada withdrew, then a backup of before was put back."""
        self.grant_id = grant_of(cli)
        platform.runtime.evidence.advance()
        platform.runtime.storage.close()
        shutil.copy(tmp_path / "consentcore.sqlite", tmp_path / "backup")
        assert cli("consents", "revoke", self.grant_id, "--reason", "contract ended").code == 0
        assert cli("audit", "export", str(tmp_path / "bundle")).code == 0
        for end in ("", "-wal", "-shm"):
            (tmp_path / f"consentcore.sqlite{end}").unlink(missing_ok=True)
        shutil.copy(tmp_path / "backup", tmp_path / "consentcore.sqlite")
        return tmp_path / "bundle"

    def test_rt_13_what_is_lost_is_listed_and_what_stands_again_is_revoked(
        self, cli, granted, platform, restored, tmp_path
    ):
        assert introspect(platform, granted["access_token"])["active"] is True
        found = cli("audit", "compare", str(restored), "--json")
        assert found.code == 1
        facts = json.loads(found.out)
        (lost,) = facts["lost"]
        assert (lost["type"], lost["weight"], lost["changed"]) == ("revoked", "ending", False)
        assert (lost["grant_id"], facts["revoke"]) == (self.grant_id, [self.grant_id])
        (tmp_path / "lost.json").write_text(found.out)
        done = cli("consents", "revoke", "--from", str(tmp_path / "lost.json"), "--reason", "lost", "--json")
        assert done.json[0]["grant_id"] == self.grant_id
        assert introspect(platform, granted["access_token"])["active"] is False
        again = cli("consents", "revoke", "--from", str(tmp_path / "lost.json"), "--reason", "lost")
        assert again.code == 1
        # Nothing stands any more; what was lost stays lost.
        assert json.loads(cli("audit", "compare", str(restored), "--json").out)["revoke"] == []

    def test_it_is_said_in_a_line_each(self, cli, restored):
        found = cli("audit", "compare", str(restored))
        assert found.out.startswith("lost: revoked at ")
        assert "1 of 3 events are lost; 1 consents stand again" in found.err


def test_a_database_that_has_everything_has_lost_nothing(cli, granted, tmp_path):
    cli("audit", "export", str(tmp_path / "all"))
    found = cli("audit", "compare", str(tmp_path / "all"), "--json")
    assert (found.json["ok"], found.json["lost"]) == (True, [])


def test_a_bundle_that_does_not_hold_is_not_compared(cli, granted, tmp_path):
    cli("audit", "export", str(tmp_path / "all"))
    lines = parsed((tmp_path / "all").read_bytes())
    TAMPERINGS["edited_event"](lines)
    (tmp_path / "bad").write_bytes(text_of(lines))
    found = cli("audit", "compare", str(tmp_path / "bad"))
    assert found.code == 1
    assert "DOES NOT HOLD" in found.err
    (tmp_path / "junk").write_text("junk")
    assert f"{tmp_path}/junk: expected a bundle" in cli("audit", "compare", str(tmp_path / "junk")).err


@pytest.mark.parametrize("text", ["[]", "{}", "no", '{"revoke": [1]}'])
def test_a_list_that_is_none_is_wrong_use(cli, tmp_path, text):
    (tmp_path / "list").write_text(text)
    found = cli("consents", "revoke", "--from", str(tmp_path / "list"), "--reason", "lost")
    assert found.code == 2
    assert "--from" in found.err
    assert cli("consents", "revoke", "--reason", "lost").code == 2


class TestReceipts:
    @pytest.fixture
    def receipt(self, platform, granted, tmp_path):
        runtime = platform.runtime
        runtime.evidence.advance()
        with runtime.storage.reading() as uow:
            (event,) = [one for one in uow.ledger.leaves(0, 10) if one.type == "granted"]
            found = runtime.receipts.find(uow, runtime.receipts.name_for(event))
            text = runtime.receipts.file(uow, found, runtime.clock.now())
        path = tmp_path / "receipt.json"
        path.write_text(text)
        self.event_id = event.event_id
        return path

    @pytest.fixture
    def jwks(self, platform, tmp_path):
        path = tmp_path / "jwks.json"
        path.write_text(json.dumps(platform.runtime.receipts.key_set()))
        return path

    def test_rt_07_a_receipt_is_checked_with_the_keys_as_either_list_publishes_them(
        self, platform, receipt, jwks, keys
    ):
        for path in (jwks, keys):
            found = call("verify", str(receipt), "--key", str(path), "--json")
            assert found.json["ok"] is True
            assert found.json["event_id"] == self.event_id
            assert 2 <= found.json["checkpoint_size"] <= size_of_log(platform)
        assert call("verify", str(receipt), "--key", str(jwks)).out.startswith("holds: receipt ")

    def test_a_verifier_key_on_a_line_is_enough(self, receipt, keys, tmp_path):
        line = json.loads(keys.read_text())["keys"][0]["key"]
        (tmp_path / "line").write_text(line)
        assert call("verify", str(receipt), "--key", str(tmp_path / "line")).code == 0

    def test_without_keys_it_is_wrong_use(self, receipt):
        found = call("verify", str(receipt))
        assert found.code == 2
        assert "--key" in found.err

    def test_one_that_was_changed_does_not_hold(self, receipt, jwks):
        receipt.write_text(receipt.read_text().replace("comfort.read", "energy.read"))
        found = call("verify", str(receipt), "--key", str(jwks))
        assert found.code == 1
        assert "DOES NOT HOLD: it was changed" in found.err
