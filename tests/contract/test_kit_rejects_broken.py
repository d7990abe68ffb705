"""The conformance kit must notice: storages with one fault each, and the tests that have to fail for it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from consentcore.testing import StorageConformance

pytestmark = pytest.mark.slow  # `make check` runs it; `make test` stays at about a minute

pytest_plugins = ["pytester"]

BROKEN = Path(__file__).with_name("broken_storages.py")

FAULTS = {
    "TestReadsThenConsumes": ["test_code_is_consumed_by_exactly_one"],
    "TestDeletesUsedCodes": [
        "test_used_code_is_replayed_and_nothing_is_written",
        "test_used_code_is_replayed_however_old_it_is",
        "test_theft_is_still_noticed_after_a_purge",
    ],
    "TestBurnsCodesOfOthers": ["test_foreign_client_learns_nothing_and_burns_nothing"],
    "TestForgetsTheAudience": ["test_audience_is_kept_with_each_token"],
    "TestForgetsWhatWasSealed": [
        "test_what_was_sealed_comes_back_within_the_grace_and_is_replaced_by_the_next"
    ],
    "TestKeepsTheProofOfDeadFamilies": ["test_killing_erases_what_proves_the_family"],
    "TestKeepsTheSealOfSpentTokens": ["test_seal_is_kept_with_each_token_until_it_is_rotated"],
    "TestKeepsTheSealOfUsedCodes": ["test_exchange_burns_the_code_and_stores_both_tokens"],
    "TestUsesUpBeforeItLooks": ["test_refused_exchange_uses_nothing_up"],
    "TestRotatesWhateverWasUsed": ["test_what_an_exchange_uses_up_is_used_for_every_verb"],
    "TestForgetsConfirmations": ["test_tokens_keep_the_keys_that_they_are_bound_to"],
    "TestExpiresOneMillisecondLate": ["test_code_is_good_until_its_last_millisecond"],
    "TestRotatesAgainAndAgain": [
        "test_predecessor_is_reused_after_the_grace",
        "test_grace_of_zero_gives_no_second_chance",
        "test_older_generations_are_reused_even_within_the_grace",
        "test_reuse_is_seen_however_old_the_token_is",
    ],
    "TestReadsThenRotates": ["test_refresh_token_is_rotated_by_exactly_one"],
    "TestForgivesOldGenerations": [
        "test_predecessor_is_reused_once_its_successor_was_rotated",
        "test_older_generations_are_reused_even_within_the_grace",
    ],
    "TestChecksTheGrantBeforeItWrites": [
        "test_one_grant_row_kills_all_its_tokens_and_codes",
        "test_narrowed_grant_narrows_its_tokens_at_once",
        "test_exchange_while_the_permission_ends",
    ],
    "TestCopiesTheKillToEachToken": ["test_refresh_while_the_permission_ends"],
    "TestTellsTheAgeOfTheTokenForItsFamily": ["test_look_up_tells_when_the_family_was_born"],
    "TestHidesDeadTokens": ["test_rotated_token_is_marked_and_not_live"],
    "TestLeaks": [
        "test_error_leaves_nothing_and_passes_through",
        "test_conflict_comes_from_inside_or_from_the_end_of_the_block",
        "test_notice_that_was_rolled_back_is_never_told",
    ],
    "TestWritesInPlace": ["test_nobody_sees_what_is_not_committed"],
    "TestLosesStatements": ["test_single_write_survives_the_commit"],
    "TestTears": ["test_veto_of_another_participant_leaves_nothing"],
    "TestOverwritesGrants": ["test_update_needs_the_expected_sequence"],
    "TestAllowsTwoActiveGrants": [
        "test_second_active_grant_of_a_pair_is_a_conflict",
        "test_owner_and_client_get_one_active_grant",
    ],
    "TestTakesTheNewestForTheActive": ["test_active_of_passes_over_what_ended_or_was_denied"],
    "TestPagesByPosition": ["test_owner_pages_are_stable_when_something_new_comes"],
    "TestOrdersByTime": ["test_chain_comes_by_sequence_not_by_time"],
    "TestReplacesEvents": [
        "test_sequence_of_a_grant_is_taken_once",
        "test_place_in_a_chain_is_taken_by_exactly_one",
    ],
    "TestClaimsWithoutLease": [
        "test_claim_leases_and_counts",
        "test_leased_delivery_is_not_claimed_until_the_lease_ran_out",
        "test_lease_that_ran_out_is_won_by_one_worker",
    ],
    "TestSettlesForAnybody": ["test_lost_lease_settles_nothing"],
    "TestExpandsAgain": [
        "test_expanding_again_keeps_what_is_there",
        "test_notice_is_expanded_once_by_many_workers",
    ],
    "TestOrdersTheFeedByTime": [
        "test_what_commits_late_comes_behind_what_was_seen",
        "test_chain_keeps_its_order_in_the_feed_when_the_clock_goes_back",
    ],
    "TestCountsInTwoSteps": ["test_counter_misses_no_hit"],
    "TestPurgesTooMuch": ["test_theft_is_still_noticed_after_a_purge", "test_evidence_and_outbox_stay"],
    "TestKeepsNonces": ["test_grace_outlives_a_purge_and_ends_in_time"],
    "TestUsesTicketsTwice": [
        "test_ticket_is_used_once_for_its_purpose_and_in_time",
        "test_one_of_many_at_once_uses_a_ticket",
    ],
    "TestUsesOnceInTwoSteps": [
        "test_key_is_used_by_exactly_one_of_many",
        "test_key_whose_time_is_over_is_used_again_by_exactly_one",
    ],
    "TestForgetsWhatWasUsed": ["test_purge_keeps_keys_until_their_time_is_over"],
    "TestLooksAtEnabledOnly": ["test_tokens_of_a_suspended_client_are_dead_and_live_again"],
    "TestForgetsTheAssertionAudience": ["test_what_aud_its_assertions_may_have_is_kept"],
    "TestForgetsWhoIsSuspended": ["test_who_keeps_a_client_out_is_kept"],
    "TestTakesPushedRequestsForAnybody": ["test_pushed_request_of_another_client_stays"],
    "TestTakesPushedRequestsTwice": [
        "test_pushed_request_is_taken_once_as_it_was",
        "test_pushed_request_is_taken_by_exactly_one",
    ],
    "TestForgetsTheIssuer": ["test_identity_is_found_by_issuer_and_subject_only"],
    "TestCannotTellWhatWaits": ["test_every_method_of_the_port_is_there"],
    "TestClaimsForWhoever": ["test_every_method_of_the_port_is_there"],
    "TestExpandsOneByOne": ["test_expansion_that_breaks_off_leaves_nothing"],
    "TestSettlesOneByOne": ["test_settling_that_breaks_off_leaves_nothing"],
    "TestSettlesInTwoCommits": ["test_batch_is_seen_whole_or_not_at_all"],
    "TestRemembersWhatItHasRead": ["test_view_is_of_the_moment_of_its_first_look"],
    "TestLeavesOutWhatIsExpanded": [
        "test_expanding_again_keeps_what_is_there",
        "test_expanding_again_leaves_nothing_out_and_counts_what_is_new",
    ],
    "TestCountsForEverybody": ["test_pending_of_counts_the_named_notifiers_only"],
    "TestListsOwnersFromTheStart": ["test_owners_can_be_gone_through"],
    "TestHoldsItsLock": ["test_ended_request_gives_back_what_it_held"],
    "TestStoresGrantsOverOthers": ["test_grant_id_is_taken_once"],
    "TestStoresEndpointsOverOthers": ["test_endpoint_id_is_taken_once"],
    "TestStoresNoticesOverOthers": ["test_notice_id_is_taken_once"],
    "TestTakesEventIdsTwice": ["test_event_id_is_taken_once"],
    "TestStoresCheckpointsOverOthers": ["test_checkpoint_of_a_size_is_taken_once"],
    "TestStoresCodesOverOthers": ["test_code_and_family_are_taken_once"],
    "TestMakesClientsByUpdate": ["test_update_of_a_client_that_is_not_there_makes_none"],
    "TestMakesOwnersByUpdate": ["test_update_of_an_owner_who_is_not_there_makes_none"],
    "TestMakesEndpointsByUpdate": ["test_update_of_an_endpoint_that_is_not_there_makes_none"],
    "TestLosesThePassword": ["test_update_of_an_owner_leaves_the_password"],
    "TestFindsFailingEndpointsLate": ["test_failing_endpoints_count_from_their_millisecond_and_come_by_id"],
    "TestGivesTheWholeFeed": ["test_page_of_a_feed_has_no_more_than_was_asked_for"],
    "TestGivesAllLeaves": ["test_evidence_comes_in_no_more_than_was_asked_for"],
    "TestGivesAllOrphans": ["test_evidence_comes_in_no_more_than_was_asked_for"],
    "TestExpiresInteractionsLate": ["test_interaction_is_found_when_its_time_is_over_and_is_expired_then"],
    "TestHidesUsedTickets": ["test_used_ticket_is_still_found"],
    "TestCountsWindowsTogether": ["test_windows_of_other_lengths_count_apart"],
    "TestResetsOneWindow": ["test_windows_of_other_lengths_count_apart"],
    "TestCountsFromTheFirstHit": ["test_windows_begin_at_multiples_of_their_length"],
    "TestPurgesWindowsThatGoOn": ["test_purge_takes_windows_that_are_over_and_no_other"],
    "TestTellsEachTargetTwice": ["test_target_that_is_named_twice_at_once_gets_one_delivery"],
    "TestTakesLeasedForDue": ["test_leased_delivery_is_not_due"],
    "TestLeavesTheOldLease": ["test_old_lease_settles_nothing_of_what_was_asked_for_again"],
    "TestClosesOnce": ["test_closing_twice_is_no_error"],
    "TestLeavesTheGraceBehind": [
        "test_what_moves_in_moves_out_as_it_was",
        "test_what_was_written_through_the_port_moves",
    ],
    "TestLeavesSealsBehind": ["test_what_moves_in_moves_out_as_it_was"],
    "TestLosesEmptyPages": ["test_what_was_written_through_the_port_moves"],
    "TestMovesInTwice": ["test_writing_the_same_again_changes_nothing"],
    "TestRaisesTheDead": [
        "test_codes_and_tokens_live_on",
        "test_purge_finds_what_is_over_and_leaves_what_tells_of_theft",
    ],
    "TestCountsFromTheStart": ["test_evidence_is_as_it_was_and_goes_on"],
}


SANE = [
    "test_client_comes_back_equal",
    "test_code_comes_back_equal",
    "test_due_grants_are_over_or_of_disabled_clients",
]


def run_kit(pytester, *nodes):
    """Run classes or tests of `broken_storages.py`: how they ended, by (class, test) without parameters."""
    options = ["-q", "-p", "no:cacheprovider", "--noconftest", "--import-mode=importlib"]
    paths = [f"{BROKEN}::{node}" for node in nodes]
    run = pytester.inline_run(*options, "--rootdir", str(BROKEN.parent), "-c", "/dev/null", *paths)
    outcomes = {}
    for outcome, reports in zip(("passed", "skipped", "failed"), run.listoutcomes(), strict=True):
        for report in reports:
            _, test_class, test = report.nodeid.split("::", 2)
            outcomes.setdefault((test_class, test.partition("[")[0]), Counter())[
                f"{report.when} {outcome}"
            ] += 1
    return outcomes


def test_kit_names_every_fault(pytester):
    wanted = {(test_class, test) for test_class, tests in FAULTS.items() for test in tests}
    outcomes = run_kit(pytester, *(f"{test_class}::{test}" for test_class, test in sorted(wanted)))
    assert set(outcomes) == wanted
    assert [key for key, outcome in outcomes.items() if not outcome["call failed"]] == []


def test_broken_storages_are_sound_elsewhere(pytester):
    wanted = {(test_class, test) for test_class in FAULTS for test in SANE}
    outcomes = run_kit(pytester, *(f"{test_class}::{test}" for test_class, test in sorted(wanted)))
    assert outcomes == {key: {"call passed": 1} for key in wanted}


def test_kit_has_nothing_against_the_sound_parts(pytester):
    outcomes = run_kit(pytester, "TestSound", "TestSoundWithRepository", "TestSoundWhenJoined")
    assert [
        key for key, outcome in outcomes.items() if not {"call passed", "setup skipped"} >= set(outcome)
    ] == []
    assert sum(outcome["call passed"] for outcome in outcomes.values()) > 600


def test_every_broken_storage_is_run():
    written = {
        line.removeprefix("class ").partition("(")[0]
        for module in BROKEN.with_name("broken").glob("*.py")
        for line in module.read_text(encoding="utf-8").splitlines()
        if line.startswith("class Test")
    }
    assert {name for name in written if not name.startswith("TestSound")} == set(FAULTS)


def test_no_group_of_the_kit_hides_a_test_of_another():
    homes = Counter(
        name for group in StorageConformance.__mro__ for name in vars(group) if name.startswith("test_")
    )
    assert [name for name, count in homes.items() if count > 1] == []
    assert len(homes) > 150
