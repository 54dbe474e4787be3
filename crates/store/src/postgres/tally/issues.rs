//! Issues and their counts as columns.

use postrider_core::issue::{Failures, Last};
use tokio_postgres::types::ToSql;

use super::Write;
use crate::tally::{Failure, FailureKey};

const ADD_ISSUES: &str = "-- tally::add_issues
     INSERT INTO issue (app_row, row, id, environment_row, endpoint_row, fingerprint, status_code, failure_class,
                        first_seen, said, said_at)
     SELECT app_row, row, id, environment_row, endpoint_row, fingerprint, status_code, failure_class, first_seen, 0,
            first_seen
       FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bigint[], $5::bigint[], $6::bytea[], $7::integer[],
                   $8::smallint[], $9::bigint[])
            AS new (app_row, row, id, environment_row, endpoint_row, fingerprint, status_code, failure_class, first_seen)
     ON CONFLICT (app_row, endpoint_row, fingerprint) DO NOTHING";

const ADD_COUNTS: &str = "-- tally::add_counts
     INSERT INTO issue_count AS c (app_row, endpoint_row, fingerprint, hour, shard, attempts, deliveries, given_up,
                                   last_seen, last_attempt, last_message)
     SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bigint[], $5::bigint[], $6::bigint[],
                          $7::bigint[], $8::bigint[], $9::bigint[], $10::bytea[], $11::bytea[])
     ON CONFLICT (app_row, endpoint_row, fingerprint, hour, shard) DO UPDATE SET
         attempts = c.attempts + excluded.attempts, deliveries = c.deliveries + excluded.deliveries,
         given_up = c.given_up + excluded.given_up, last_seen = greatest(c.last_seen, excluded.last_seen),
         last_attempt = CASE WHEN excluded.last_seen >= c.last_seen THEN excluded.last_attempt ELSE c.last_attempt END,
         last_message = CASE WHEN excluded.last_seen >= c.last_seen THEN excluded.last_message ELSE c.last_message END";

/// Rows of `issue`.
#[derive(Default)]
pub(super) struct Issues {
    app_row: Vec<i64>,
    row: Vec<i64>,
    id: Vec<Vec<u8>>,
    environment_row: Vec<i64>,
    endpoint_row: Vec<i64>,
    fingerprint: Vec<Vec<u8>>,
    status_code: Vec<i32>,
    failure_class: Vec<Option<i16>>,
    first_seen: Vec<i64>,
}

/// Rows of `issue_count`.
#[derive(Default)]
pub(in crate::postgres) struct Counts {
    app_row: Vec<i64>,
    endpoint_row: Vec<i64>,
    fingerprint: Vec<Vec<u8>>,
    hour: Vec<i64>,
    shard: Vec<i64>,
    attempts: Vec<i64>,
    deliveries: Vec<i64>,
    given_up: Vec<i64>,
    last_seen: Vec<i64>,
    last_attempt: Vec<Vec<u8>>,
    last_message: Vec<Vec<u8>>,
}

impl Issues {
    pub(super) fn is_empty(&self) -> bool {
        self.row.is_empty()
    }

    pub(super) fn push(&mut self, key: &FailureKey, failure: &Failure) {
        self.app_row.push(key.app_row);
        self.row.push(failure.row);
        self.id.push(failure.id.to_vec());
        self.environment_row.push(failure.environment_row);
        self.endpoint_row.push(key.endpoint_row);
        self.fingerprint.push(key.fingerprint.as_bytes().to_vec());
        self.status_code.push(i32::from(failure.status_code));
        self.failure_class.push(failure.class.map(i16::from));
        self.first_seen.push(failure.first_seen);
    }

    pub(super) fn statement(&self) -> Write<'_> {
        let params: Vec<&(dyn ToSql + Sync)> = vec![
            &self.app_row,
            &self.row,
            &self.id,
            &self.environment_row,
            &self.endpoint_row,
            &self.fingerprint,
            &self.status_code,
            &self.failure_class,
            &self.first_seen,
        ];
        (ADD_ISSUES, params)
    }
}

impl Counts {
    pub(in crate::postgres) fn push(
        &mut self,
        key: &FailureKey,
        shard: i64,
        (failures, last): (Failures, Last),
    ) {
        self.app_row.push(key.app_row);
        self.endpoint_row.push(key.endpoint_row);
        self.fingerprint.push(key.fingerprint.as_bytes().to_vec());
        self.hour.push(key.hour);
        self.shard.push(shard);
        self.attempts.push(failures.attempts as i64);
        self.deliveries.push(failures.deliveries as i64);
        self.given_up.push(failures.given_up as i64);
        self.last_seen.push(last.seen.as_micros());
        self.last_attempt.push(last.attempt.as_bytes().to_vec());
        self.last_message.push(last.message.as_bytes().to_vec());
    }

    pub(in crate::postgres) fn statement(&self) -> Write<'_> {
        let params: Vec<&(dyn ToSql + Sync)> = vec![
            &self.app_row,
            &self.endpoint_row,
            &self.fingerprint,
            &self.hour,
            &self.shard,
            &self.attempts,
            &self.deliveries,
            &self.given_up,
            &self.last_seen,
            &self.last_attempt,
            &self.last_message,
        ];
        (ADD_COUNTS, params)
    }
}
