//! What every engine must do, as cases to run against one.
//!
//! An engine's tests give a [`Harness`] and run every case that [`for_each_case`](crate::for_each_case) names, each
//! against a fresh store. The cases know only the trait; what is particular to an engine (locks, files, schemas) it
//! tests itself.

#![expect(clippy::unwrap_used, reason = "cases are tests, and compiled only for them")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::Store;

pub use world::{Tenant, World};

pub mod acceptance;
pub mod audit;
pub mod crash;
pub mod dispatch;
pub mod fencing;
pub mod idempotency;
pub mod issues;
pub mod listen;
pub mod lists;
pub mod model;
pub mod moving;
pub mod objects;
pub mod order;
pub mod payload_index;
pub mod people;
pub mod portal;
pub mod retention;
pub mod rollups;
pub mod saved;
pub mod scopes;
pub mod search;
pub mod sending_again;
pub mod sources;
pub mod tasks;

mod world;

/// An engine under test.
#[async_trait]
pub trait Harness: Send + Sync {
    /// A new and empty store.
    async fn fresh(&self) -> Arc<dyn Store>;
    /// Closes the store that [`Harness::fresh`] made and opens it again, as a restart does.
    async fn reopen(&self, store: Arc<dyn Store>) -> Arc<dyn Store>;
}

/// How long a case may take, on a slow machine beside others: many times what any needs.
const CASE_MAX: Duration = Duration::from_secs(300);

/// Runs a case against a fresh store. One that hangs fails.
pub async fn run<F, Fut>(harness: Arc<dyn Harness>, case: F)
where
    F: FnOnce(World) -> Fut,
    Fut: Future<Output = ()>,
{
    let case = async { case(World::new(harness).await).await };
    tokio::time::timeout(CASE_MAX, case).await.expect("the case ends");
}

/// Calls the macro `$with` with the paths of all cases, relative to this module.
#[macro_export]
macro_rules! for_each_case {
    ($with:ident) => {
        $with! {
            objects::environments_are_made_listed_and_changed,
            objects::what_a_store_begins_with_is_made_once,
            objects::keys_are_found_by_hash_and_revoked_once,
            objects::apps_are_found_changed_and_deleted,
            objects::a_uid_belongs_to_one_at_a_time,
            objects::apps_are_filtered_by_their_endpoints,
            objects::event_types_go_by_name,
            objects::endpoints_keep_every_setting,
            objects::an_endpoints_uid_belongs_to_one_at_a_time,
            objects::endpoints_of_an_app_have_a_limit,
            objects::marks_note_an_endpoints_health,
            scopes::an_app_is_invisible_from_another_environment,
            scopes::another_apps_things_do_not_exist,
            scopes::an_id_with_another_tail_names_nothing,
            scopes::a_deleted_apps_things_are_gone_at_once,
            acceptance::a_message_is_kept_as_it_came,
            acceptance::deliveries_are_put_where_they_belong,
            acceptance::what_a_person_asks_for_is_attempted_as_that,
            acceptance::an_event_id_names_one_message_of_an_app,
            acceptance::a_refused_message_leaves_nothing_behind,
            acceptance::an_unknown_app_gets_no_messages,
            acceptance::many_at_once_are_all_there_after_a_restart,
            acceptance::what_a_vanished_caller_was_given_waits_again,
            idempotency::the_same_request_gets_the_same_answer,
            idempotency::another_body_is_refused,
            idempotency::two_at_once_have_one_effect,
            idempotency::a_refused_request_is_not_remembered,
            idempotency::answers_are_kept_for_their_hours_and_then_forgotten,
            dispatch::lanes_are_found_page_by_page,
            dispatch::due_deliveries_are_claimed_oldest_first,
            dispatch::a_claim_keeps_to_its_limits,
            dispatch::an_attempt_is_recorded_whole,
            dispatch::a_retry_waits_for_its_time,
            dispatch::released_deliveries_can_be_claimed_again,
            dispatch::a_scheduled_message_waits_for_its_time,
            dispatch::a_deleted_endpoint_gets_nothing_more,
            dispatch::many_settlements_have_an_answer_each,
            fencing::a_second_settlement_changes_nothing,
            fencing::a_wrong_count_changes_nothing,
            fencing::what_is_not_held_cannot_be_settled_or_released,
            fencing::a_skipped_delivery_cannot_be_settled,
            fencing::a_restart_takes_everything_over,
            order::one_goes_after_another,
            order::a_failure_holds_the_others_back,
            order::keys_and_endpoints_do_not_wait_for_each_other,
            order::the_next_may_have_to_wait_for_its_time,
            order::a_skipped_one_lets_the_next_go,
            order::a_skipped_parked_one_lets_nobody_go,
            order::an_expunged_one_lets_the_next_go,
            order::the_order_survives_a_restart,
            order::what_is_sent_again_has_left_the_order,
            sending_again::a_finished_delivery_starts_anew,
            sending_again::a_waiting_delivery_is_hastened_once,
            sending_again::a_missing_delivery_is_made,
            sending_again::what_cannot_be_sent_again_is_refused,
            sending_again::skipping_ends_a_delivery,
            sending_again::a_message_is_sent_to_all_that_are_named_or_to_none,
            tasks::a_task_is_kept_whole,
            tasks::running_tasks_of_an_app_have_a_limit,
            tasks::pages_walk_tasks_both_ways,
            tasks::a_step_sends_again_what_is_not_under_way,
            tasks::of_two_steps_from_one_place_one_takes_effect,
            tasks::a_step_makes_new_messages,
            tasks::a_canceled_task_takes_no_step,
            tasks::a_task_of_an_environment_is_about_all_of_it,
            tasks::running_tasks_of_an_environment_have_a_limit,
            tasks::finished_tasks_are_kept_for_a_time,
            portal::a_portal_session_is_kept_whole,
            portal::a_one_time_key_works_once,
            portal::portal_sessions_expire_together,
            audit::an_entry_is_kept_whole_and_found,
            audit::entries_are_paged_and_forgotten,
            lists::pages_walk_apps_both_ways,
            lists::pages_walk_endpoints_both_ways,
            lists::pages_walk_event_types_both_ways,
            lists::pages_walk_messages_both_ways,
            lists::pages_walk_deliveries_both_ways,
            lists::pages_walk_attempts_both_ways,
            lists::heavy_pages_are_short_and_go_on,
            lists::messages_are_filtered,
            lists::attempts_are_filtered,
            lists::deliveries_are_filtered_and_counted,
            lists::a_filter_that_matches_nothing_still_gets_to_the_end,
            lists::content_is_left_out_and_expunged,
            lists::the_last_row_is_the_highest,
            search::a_search_finds_what_its_query_means,
            search::pages_walk_what_is_found_both_ways,
            search::messages_are_found_by_what_became_of_them,
            search::facets_count_what_is_found,
            search::what_is_deleted_is_not_found,
            payload_index::an_index_changes_nothing_that_is_found,
            payload_index::an_index_forgets_what_is_expunged_and_removed,
            payload_index::an_index_misses_nothing_that_comes_late,
            payload_index::an_index_follows_what_comes,
            retention::old_messages_go_with_everything_of_theirs,
            retention::each_environment_has_its_own,
            retention::an_unfinished_delivery_keeps_its_message,
            retention::a_payload_expires_when_nothing_needs_it,
            retention::a_disabled_endpoint_does_not_keep_messages_for_ever,
            retention::a_deleted_endpoints_deliveries_are_canceled,
            retention::a_deleted_apps_messages_are_removed,
            retention::short_passes_come_to_the_same_end,
            sources::a_source_keeps_every_setting,
            sources::a_sources_uid_belongs_to_one_at_a_time,
            sources::a_sources_application_is_hidden,
            sources::pages_walk_sources_both_ways,
            sources::what_is_received_is_kept_and_delivered,
            sources::a_repetition_is_kept_and_goes_nowhere,
            sources::of_many_at_once_one_is_the_original,
            sources::a_batch_is_taken_whole_or_not_at_all,
            sources::a_schedule_fires_once,
            sources::refused_requests_are_kept_in_a_ring,
            sources::a_deleted_source_leaves_nothing,
            sources::a_reception_goes_with_its_message,
            saved::a_search_is_kept_until_it_is_forgotten,
            saved::an_environment_has_so_many_searches,
            listen::a_message_is_one_members,
            listen::a_claim_ends,
            listen::a_groups_position_follows_what_is_done,
            listen::a_group_is_forgotten_when_nobody_listens,
            rollups::what_is_settled_is_counted_once,
            rollups::messages_are_counted_where_nobody_wants_them_too,
            rollups::what_was_edited_is_kept_and_counted_nowhere,
            rollups::groups_are_ranked_and_what_is_beyond_them_is_the_rest,
            rollups::numbers_of_others_are_not_counted,
            rollups::points_are_as_far_apart_as_asked,
            rollups::old_buckets_become_hours_and_very_old_ones_go,
            issues::failures_that_look_alike_are_one_issue,
            issues::a_delivery_that_fails_again_is_one_delivery,
            issues::an_issue_stands_as_was_said,
            issues::an_endpoint_has_so_many_issues,
            issues::issues_of_others_do_not_exist,
            issues::hours_fold_and_issues_that_are_not_seen_go,
            people::a_person_is_kept_whole,
            people::people_are_apart_and_have_a_limit,
            people::the_first_person_is_one,
            people::the_last_admin_stays,
            people::a_subject_belongs_to_one,
            people::a_link_works_once,
            people::who_is_reset_or_disabled_is_out,
            people::sessions_are_begun_seen_and_ended,
            people::sessions_of_a_person_have_a_limit,
            model::random_verbs_agree_with_the_model,
        }
    };
}
