//! The recorder of all metrics, and what they mean.

use std::sync::OnceLock;
use std::time::Duration;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::{build, process};

/// How often what was recorded is folded into the buckets; between two times it takes memory.
const FOLD: Duration = Duration::from_secs(5);

/// Upper bounds of durations in seconds: from a hit in memory to a hanging receiver.
const SECONDS: [f64; 16] =
    [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];
/// Upper bounds of counts in one batch.
const COUNTS: [f64; 10] = [1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0];

/// The metrics of this process. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

/// Starts recording; the second time it only gives the same recorder again.
#[must_use]
pub fn install() -> Metrics {
    static RECORDER: OnceLock<Metrics> = OnceLock::new();
    RECORDER
        .get_or_init(|| {
            let recorder = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
                .and_then(|builder| {
                    builder.set_buckets_for_metric(Matcher::Suffix("_jobs".to_owned()), &COUNTS)
                })
                .expect("the bounds are not empty")
                .build_recorder();
            let handle = recorder.handle();
            // A host program with a recorder of its own keeps it; ours then stays empty.
            metrics::set_global_recorder(recorder).ok();
            describe();
            Metrics(handle)
        })
        .clone()
}

impl Metrics {
    /// All metrics in the text format of Prometheus.
    #[must_use]
    pub fn render(&self, uptime: Duration) -> String {
        process::record(uptime);
        self.0.render()
    }

    /// Folds recorded values into buckets, for ever.
    pub async fn fold(self) {
        let mut tick = tokio::time::interval(FOLD);
        loop {
            tick.tick().await;
            self.0.run_upkeep();
        }
    }
}

fn describe() {
    describe_counter!("postrider_http_requests_total", Unit::Count, "Answered requests, by route and status");
    describe_histogram!(
        "postrider_http_request_seconds",
        Unit::Seconds,
        "From a request's head to its answer's"
    );
    describe_gauge!("postrider_http_connections", Unit::Count, "Open connections");
    describe_counter!(
        "postrider_http_connections_refused_total",
        Unit::Count,
        "Connections closed because their address held enough"
    );
    describe_counter!(
        "postrider_sign_in_failures_total",
        Unit::Count,
        "Attempts to sign in with a password that failed or came too soon"
    );
    describe_gauge!("postrider_dispatch_in_flight", Unit::Count, "Attempts under way");
    describe_gauge!("postrider_dispatch_held", Unit::Count, "Deliveries in memory, those under way included");
    describe_gauge!("postrider_dispatch_held_bytes", Unit::Bytes, "Bytes of the payloads in memory");
    describe_gauge!("postrider_dispatch_lanes", Unit::Count, "Endpoints with something to do");
    describe_gauge!("postrider_dispatch_lanes_paused", Unit::Count, "Endpoints paused after failures");
    describe_gauge!(
        "postrider_dispatch_oldest_due_seconds",
        Unit::Seconds,
        "For how long the oldest delivery that may be sent has been due"
    );
    describe_gauge!("postrider_dispatch_unsettled", Unit::Count, "Outcomes that wait to be recorded");
    describe_counter!(
        "postrider_dispatch_left_out_total",
        Unit::Count,
        "Outcomes that the store refused by themselves; their deliveries are attempted again after a restart"
    );
    describe_counter!("postrider_attempts_total", Unit::Count, "Attempts made, by result: arrived or failed");
    describe_histogram!(
        "postrider_attempt_seconds",
        Unit::Seconds,
        "One attempt, from looking the name up to the last byte"
    );
    describe_counter!(
        "postrider_received_total",
        Unit::Count,
        "Requests to sources, by result: taken, refused, handshake, unknown, too_large, unread, overloaded, loop, trouble"
    );
    describe_histogram!(
        "postrider_receive_seconds",
        Unit::Seconds,
        "From the head of a request to a source to its answer, which for one that is taken comes after its commit"
    );
    describe_counter!("postrider_received_messages_total", Unit::Count, "Messages that requests have become");
    describe_counter!(
        "postrider_received_duplicates_total",
        Unit::Count,
        "Those of them that repeat another one, and were not delivered again"
    );
    describe_counter!(
        "postrider_received_refused_total",
        Unit::Count,
        "Requests that failed their check, by reason"
    );
    describe_histogram!(
        "postrider_received_skew_seconds",
        Unit::Seconds,
        "How far the times that providers sign are from ours"
    );
    describe_counter!("postrider_cron_firings_total", Unit::Count, "Messages that schedules have made");
    describe_gauge!(
        "postrider_cluster_nodes",
        Unit::Count,
        "Live nodes of the database; with PostgreSQL only"
    );
    describe_gauge!(
        "postrider_cluster_partitions_owned",
        Unit::Count,
        "Parts of the endpoints, of 1,024 in all, that this node sends to; with PostgreSQL only"
    );
    describe_gauge!(
        "postrider_cluster_partitions_leaving",
        Unit::Count,
        "Parts that this node is about to leave to others; with PostgreSQL only"
    );
    describe_gauge!(
        "postrider_cluster_partitions_wanted",
        Unit::Count,
        "Parts that this node should have; with PostgreSQL only"
    );
    describe_gauge!(
        "postrider_cluster_in_lease",
        "1 while this node may send, 0 while others may take it for dead; with PostgreSQL only"
    );
    describe_gauge!(
        "postrider_cluster_listening",
        "1 while other nodes can tell this one of something at once; with PostgreSQL only"
    );
    describe_gauge!(
        "postrider_cluster_last_beat_seconds",
        Unit::Seconds,
        "Since this node last gave a sign of life; with PostgreSQL only"
    );
    describe_counter!(
        "postrider_search_indexed_messages_total",
        Unit::Count,
        "Messages covered by the payload index"
    );
    describe_counter!("postrider_retention_messages_total", Unit::Count, "Messages removed by retention");
    describe_histogram!(
        "postrider_store_commit_seconds",
        Unit::Seconds,
        "One commit: with SQLite up to its sync, with PostgreSQL the whole transaction"
    );
    describe_histogram!(
        "postrider_store_sync_seconds",
        Unit::Seconds,
        "One sync of the log, with all commits before it; with SQLite only"
    );
    describe_histogram!("postrider_store_commit_jobs", Unit::Count, "Changes made durable by one commit");
    describe_gauge!("postrider_store_queue_jobs", Unit::Count, "Changes that wait for a writer");
    describe_gauge!(
        "postrider_store_wal_bytes",
        Unit::Bytes,
        "Size of the write-ahead log; with SQLite only"
    );
    describe_histogram!(
        "postrider_store_checkpoint_seconds",
        Unit::Seconds,
        "One checkpoint; with SQLite only"
    );
    describe_gauge!("postrider_uptime_seconds", Unit::Seconds, "Since the server started");
    describe_gauge!("process_resident_memory_bytes", Unit::Bytes, "Resident memory");
    describe_gauge!("process_open_fds", Unit::Count, "Open file descriptors");
    describe_gauge!("postrider_build_info", "1, with the version and commit of this binary as labels");
    metrics::gauge!("postrider_build_info", "version" => build::VERSION, "commit" => build::COMMIT).set(1.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_recorded_is_rendered_also_after_installing_twice() {
        let metrics = install();
        metrics::histogram!("postrider_store_commit_seconds").record(0.003);
        let text = install().render(Duration::from_secs(7));
        assert!(text.contains("# HELP postrider_store_commit_seconds One commit"), "{text}");
        assert!(text.contains("postrider_store_commit_seconds_bucket{le=\"0.005\"}"), "{text}");
        assert!(text.contains("postrider_build_info{version="), "{text}");
        assert!(text.contains("postrider_uptime_seconds 7"), "{text}");
        drop(metrics);
    }
}
