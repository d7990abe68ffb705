"""Every forgery by name, and which of them the page allows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support import forgeries as f
from tests.support.forging import base64

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.forging import Forged

HASH = base64(bytes(32))
LOST = [{"anchor": "file", "log": "x", "size": 4, "root": "", "checkpoint": ""}]
NO_TREE = {"size": 0, "root": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
RESUMED = {"statement": "resumed", "kept": NO_TREE, "lost": LOST, "reason": "r", "goes_on_as": "x"}

OF_FORM: dict[str, Callable[[Forged], object]] = {
    "byte_order_mark": f.spelled("bundle", lambda line: b"\xef\xbb\xbf" + line),
    "blank_before": f.spelled("bundle", lambda line: b" " + line),
    "blanks_in_lines": f.spelled("grant", lambda line: line.replace(b":", b" :\t").replace(b"\n", b" \r\n")),
    "line_of_the_longest": f.spelled("grant", lambda line: line[:-1].ljust(15_999_999) + b"\n"),
    "line_too_long": f.spelled("grant", lambda line: line[:-1].ljust(16_000_000) + b"\n"),
    "empty_line": f.spelled("grant", lambda line: b"\n" + line),
    "not_utf8": f.spelled("grant", lambda line: line.replace(b'"grant_id"', b'"x":"\xff","grant_id"')),
    "name_twice": f.spelled("grant", lambda line: line.replace(b'"grant_id"', b'"events":0,"grant_id"')),
    "kind_twice": f.spelled("grant", lambda line: b'{"grant":1,' + line[1:]),
    "nan": f.spelled("grant", lambda line: line.replace(b'"grant_id"', b'"x":NaN,"grant_id"')),
    "many_digits": f.spelled("grant", lambda line: line[:-3] + b',"x":' + b"1" * 5000 + b"}}\n"),
    "depth_100": f.spelled("grant", lambda line: line[:-3] + b',"x":' + b"[" * 98 + b"]" * 98 + b"}}\n"),
    "depth_101": f.spelled("grant", lambda line: line[:-3] + b',"x":' + b"[" * 99 + b"]" * 99 + b"}}\n"),
    "depth_of_many": f.spelled(
        "grant", lambda line: line[:-3] + b',"x":' + b"[" * 9**5 + b"]" * 9**5 + b"}}\n"
    ),
    "half_a_pair_that_nobody_reads": f.spelled("grant", lambda line: line[:-3] + b',"x":"\\ud800"}}\n'),
    "half_a_pair_in_issuer": f.spelled(
        "bundle", lambda line: line.replace(b'"issuer":"', b'"issuer":"\\ud800')
    ),
    "half_a_pair_in_names": f.spelled(
        "bundle", lambda x: x.replace(b'"former_names":[', b'"former_names":["\\udfff",')
    ),
    "half_a_pair_in_key_id": f.spelled(
        "bundle", lambda line: line.replace(b'"key_id":"', b'"key_id":"\\ud800', 1)
    ),
    "half_a_pair_in_grant_id": f.spelled(
        "grant", lambda line: line.replace(b'"grant_id":"', b'"grant_id":"\\ud800')
    ),
    "half_a_pair_in_keyed_hash": f.spelled(
        "event", lambda x: x.replace(b'"record_hash":"', b'"record_hash":"\\ud800')
    ),
    "half_a_pair_in_tombstone": f.spelled("event", lambda x: b'{"tombstone":{"subject":"\\ud800"}}\n' + x),
    "place_1.0": f.spelled("event", lambda line: line.replace(b',"body"', b'.0,"body"')),
    "place_1e0": f.spelled("event", lambda line: line.replace(b',"body"', b'e0,"body"')),
    "place_1.5": f.spelled("event", lambda line: line.replace(b',"body"', b'.5,"body"')),
    "place_true": f.member("event", "index", bool),
    "place_as_text": f.member("event", "index", str),
    "place_of_2_53": f.member("event", "index", lambda _: 1 << 53),
    "place_of_many_digits": f.member("event", "index", lambda _: 1 << 2000),
    "proof_of_65": f.member("event", "proof", lambda proof: proof + [HASH] * 65),
    "proof_of_short_hash": f.member("event", "proof", lambda proof: [base64(bytes(31)), *proof[1:]]),
    "proof_in_another_spelling": f.member(
        "event", "proof", lambda p: [p[0][:-2] + chr(ord(p[0][-2]) + 1) + "=", *p[1:]]
    ),
    "members_that_nobody_knows": f.member(
        "bundle", "keys", lambda keys: [{**one, "x": {"y": [None]}} for one in keys]
    ),
}

OF_HEADER: dict[str, Callable[[Forged], object]] = {
    **{
        f"without_{name}": f.without("bundle", name)
        for name in (
            "schema",
            "issuer",
            "made_at",
            "former_names",
            "complete",
            "personal",
            "selection",
            "keys",
        )
    },
    "made_at_in_words": f.member("bundle", "made_at", lambda _: "yesterday"),
    "made_at_without_offset": f.member("bundle", "made_at", lambda at: at[:-1]),
    "made_at_with_offset": f.member("bundle", "made_at", lambda _: "2026-05-03T10:00:00+02:00"),
    "made_at_of_a_week": f.member("bundle", "made_at", lambda _: "2026-W18-7T10:00:00Z"),
    "former_names_as_text": f.member("bundle", "former_names", lambda _: "ab"),
    "keys_as_object": f.member("bundle", "keys", lambda _: {}),
    "selection_as_array": f.member("bundle", "selection", lambda _: []),
    "another_issuer": f.member("bundle", "issuer", lambda _: "https://elsewhere.example"),
    "key_id_as_number": f.member("bundle", "keys", lambda keys: [{**keys[0], "key_id": 5}, *keys[1:]]),
    "key_without_id": f.member("bundle", "keys", lambda keys: [{"key": keys[0]["key"]}, *keys[1:]]),
    "key_without_times": f.member(
        "bundle", "keys", lambda k: [{"key_id": x["key_id"], "key": x["key"]} for x in k]
    ),
    "times_in_words": f.member("bundle", "keys", lambda keys: [{**one, "used_from": "once"} for one in keys]),
    "keys_revoked_by_empty_text": f.revoked(""),
    "keys_revoked_by_false": f.revoked(False),
    "own_key_for_cosignatures": f.own_key_for_cosignatures,
    "statement_by_an_own_key_for_cosignatures": f.statement_by_an_own_key_for_cosignatures,
    "all_by_a_stranger_among_the_keys": f.all_by_a_stranger,
    "head_by_a_stranger": f.head_by("stranger"),
    "head_by_an_ended_key": f.head_by("old"),
    "head_by_an_ended_key_too": f.head_by("pen", "old"),
    "head_with_a_strangers_line": f.head_by("pen", "stranger", text="something else\n"),
    "head_with_a_wrong_line_of_ours": f.head_by("pen", "pen", text="something else\n"),
    "head_with_another_line_more": f.head(lambda text: text + "more\n"),
    "head_with_an_empty_line_more": f.head(lambda text: text + "\n"),
    "head_of_two_lines": f.head(lambda text: text.rpartition("\n")[0].rpartition("\n")[0] + "\n"),
    "head_with_a_tab": f.head(lambda text: text + "a\tb\n"),
    "head_with_a_delete": f.head(lambda text: text + "\x7f\n"),
    "head_with_carriage_returns": f.head(lambda text: text.replace("\n", "\r\n")),
    "head_with_99_lines_of_others": f.head(str, "— w.example AAAAAAAA\n" * 99),
    "head_with_100_lines_of_others": f.head(str, "— w.example AAAAAAAA\n" * 100),
    "head_with_a_line_of_four_bytes": f.head(str, "— w.example AAAAAA==\n"),
    "head_with_a_line_that_is_none": f.head(str, "- w.example AAAAAAAA\n"),
    "head_with_a_blank_in_a_name": f.head(str, "— w\u3000x AAAAAAAA\n"),
    "size_less": f.size_as(lambda size: str(int(size) - 1)),
    "size_with_zero_before": f.size_as(lambda size: "0" + size),
    "size_with_sign": f.size_as(lambda size: "+" + size),
    "size_with_underscore": f.size_as(lambda size: size + "_0"),
    "size_in_full_width": f.size_as(lambda size: "".join(chr(0xFF10 + int(digit)) for digit in size)),
    "size_of_2_63": f.size_as(lambda _: str(1 << 63)),
    "size_of_many_digits": f.size_as(lambda _: "9" * 5000),
}

OF_LOG: dict[str, Callable[[Forged], object]] = {
    "statement_of_no_kind": f.told(lambda says: says.pop("statement")),
    "statement_without_log": f.told(lambda says: says.pop("log")),
    "statement_of_another_log": f.told(lambda says: says.update(log="elsewhere.example")),
    "statement_of_another_place": f.told(lambda says: says.update(index=says["index"] - 1)),
    "statement_with_place_as_text": f.told(lambda says: says.update(index=str(says["index"]))),
    "statement_nobody_knows": f.told(lambda says: says.update(statement="hello")),
    "ended_as_object": f.told(lambda says: says.update(ended={})),
    "ended_nothing": f.told(lambda says: says.update(ended=[])),
    "ended_key_that_is_none": f.told(lambda says: says["ended"][0].update(key="x")),
    "ended_key_id_as_number": f.told(lambda says: says["ended"][0].update(key_id=1)),
    "ended_current_key": f.current_key_ended,
    "stated_by_an_ended_key": f.stated_by_an_ended_key,
    "sealed_with_an_ended_key": f.sealed_with_an_ended_key,
    "upgraded": f.stated(statement="upgraded", before={}, problems=[]),
    "resumed_from_nothing": f.stated(**RESUMED),
    "resumed_without_loss": f.stated(**RESUMED | {"lost": []}),
    "resumed_with_loss_as_number": f.stated(**RESUMED | {"lost": 5}),
    "resumed_without_reason": f.stated(**RESUMED | {"reason": None}),
    "kept_another_tree": f.told(lambda says: says["kept"].update(root="00" * 32), "resumed"),
    "kept_in_capitals": f.told(
        lambda says: says["kept"].update(root=says["kept"]["root"].upper()), "resumed"
    ),
    "kept_in_blanks": f.told(lambda says: says["kept"].update(root=says["kept"]["root"] + " "), "resumed"),
    "continues_nothing": f.continues(0),
    "continues_another_nothing": f.continues(0, root=bytes(32)),
    "continues_itself": f.continues(-1),
    "continues_itself_with_proof": f.continues(-1, proof=1),
    "continues_what_an_ended_key_signed": f.continues(-1, signed="old"),
    "continues_what_a_stranger_signed": f.continues(-1, signed="stranger"),
    "continues_another": f.continues(-1, root=bytes(32)),
    "places_in_other_order": f.in_other_order,
    "end_by_a_stranger": lambda bundle: bundle.seal(bundle.stranger),
    "end_by_an_ended_key": lambda bundle: bundle.seal(bundle.old),
    "end_of_another_size": f.ends(size=1),
    "end_of_other_events": f.ends(events=1000),
    "end_with_true_for_one": f.ends_with_true,
    "end_with_more_facts": f.ends(remark="x"),
    "end_of_other_bytes": f.ends(sha256="00" * 32),
    "end_in_capitals": f.ends_in_capitals,
}

OF_GRANTS: dict[str, Callable[[Forged], object]] = {
    "id_not_ascii": f.not_ascii,
    "id_empty": f.member("grant", "grant_id", lambda _: ""),
    "no_events": f.added('{"grant":{"grant_id":"zzz","events":0}}', "end"),
    "sequence_1.0": f.body(lambda facts: facts.update(sequence=float(facts["sequence"]))),
    "sequence_true": f.body(lambda facts: facts.update(sequence=facts["sequence"] == 1)),
    "sequence_more": f.body(lambda facts: facts.update(sequence=facts["sequence"] + 1)),
    "another_event_before": f.body(lambda facts: facts.update(prev_hash="00" * 32)),
    "another_scheme": f.body(lambda facts: facts.update(schema="x")),
    "another_purpose": f.body(lambda facts: facts.update(client_name="Somebody Else")),
    "without_evidence": f.body(lambda facts: facts.pop("evidence")),
    "without_key_id": f.body(lambda facts: facts.pop("key_id")),
    "without_event_id": f.body(lambda facts: facts.pop("event_id")),
    "page_unknown": f.body(lambda facts: facts["evidence"].update(snapshot_hash="sha256:" + "00" * 32)),
    "page_none": f.body(lambda facts: facts["evidence"].update(snapshot_hash=None)),
    "value_unknown": f.body(lambda facts: facts.update(_sd=["A" * 43, *facts.get("_sd", [])])),
    "value_in_depth": f.body(lambda facts: facts.update(more={"_sd": ["A" * 43]})),
    "value_as_number": f.body(lambda facts: facts.update(_sd=[5, *facts.get("_sd", [])])),
    "last_keyed_hash": f.last_keyed_hash,
    "keyed_hash_as_number": f.member("event", "record_hash", lambda _: 5),
    "disclosure_buried": lambda bundle: f.buried(bundle, stays=False),
    "disclosure_buried_and_there": lambda bundle: f.buried(bundle, stays=True),
    "disclosure_twice": f.twice("disclosure"),
    "disclosure_of_nothing": f.added(json.dumps({"disclosure": f.disclosed(["s", "n", "v"])})),
    "disclosure_with_padding": f.added(json.dumps({"disclosure": f.disclosed(["s", "n", "vv"]) + "=="})),
    "disclosure_in_another_spelling": f.other_spelling_of_a_disclosure,
    "disclosure_in_utf16": f.added(json.dumps({"disclosure": f._url('["s","n","v"]'.encode("utf-16"))})),
    "disclosure_of_two": f.added(json.dumps({"disclosure": f.disclosed(["s", "n"])})),
    "tombstone_twice": f.twice("tombstone"),
    "tombstone_without_reason": f.without("tombstone", "reason"),
    "tombstone_of_nothing": f.added(json.dumps({"tombstone": {"subject": "A" * 43, **f.TOMBSTONE}})),
    "tombstone_without_name": f.nameless_tombstone,
    "page_twice": f.twice("snapshot"),
    "page_beside_its_tombstone": f.page_as_tombstone,
    "page_as_object": f.member("snapshot", "content", json.loads),
    "withheld_nothing": f.added('{"withheld":"sha256:0"}'),
}

FORGERIES = OF_FORM | OF_HEADER | OF_LOG | OF_GRANTS
HOLD = {
    "blanks_in_lines", "line_of_the_longest", "name_twice", "kind_twice", "many_digits", "depth_100",
    "half_a_pair_that_nobody_reads", "place_1.0", "place_1e0", "members_that_nobody_knows",
    "made_at_with_offset", "another_issuer", "key_without_times", "times_in_words",
    "head_by_an_ended_key_too", "head_with_a_strangers_line", "head_with_another_line_more", "head_with_a_delete",
    "head_with_99_lines_of_others", "statement_nobody_knows", "ended_nothing", "upgraded", "resumed_from_nothing",
    "continues_nothing", "continues_itself", "continues_what_an_ended_key_signed", "end_with_more_facts",
    "sequence_1.0", "another_scheme", "another_purpose", "without_event_id", "value_in_depth", "value_as_number",
    "last_keyed_hash", "disclosure_buried", "disclosure_twice", "tombstone_twice", "tombstone_without_reason",
    "page_twice", "page_beside_its_tombstone",
}  # fmt: skip
"""What the page allows: it changes nothing that a verifier has to hold against something."""
HOLD_WITHOUT_VALUES = {"value_unknown"}
"""What it allows besides where a bundle says that it brings no personal values."""
