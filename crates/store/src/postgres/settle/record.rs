//! Attempts as columns.

use std::net::SocketAddr;

use postrider_core::attempt::{Attempt, Timings};
use tokio_postgres::types::ToSql;

use super::super::session::Session;
use super::super::tally::Writes;
use super::super::transaction::{End, Witness};
use crate::Error;

const RECORD: &str = "-- settle::record
     INSERT INTO attempt (app_row, row, message_row, endpoint_row, at, number, trigger, failure_class, status_code,
                          succeeded, id, message_id, endpoint_id, failure, url, remote, timings, request_headers,
                          response_headers, response)
     SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::integer[],
                          $7::smallint[], $8::smallint[], $9::integer[], $10::boolean[], $11::bytea[], $12::bytea[],
                          $13::bytea[], $14::text[], $15::text[], $16::bytea[], $17::bytea[], $18::bytea[],
                          $19::bytea[], $20::bytea[])";

/// Records attempts, each with the row of its application, and what they come to, and commits.
pub(super) async fn commit(
    session: Session,
    number: &str,
    witness: Option<Witness>,
    recorded: &[(i64, &Attempt)],
    tally: &Writes,
) -> Result<End, Error> {
    if recorded.is_empty() {
        return Ok(session.commit(number, witness, &[]).await);
    }
    let columns = Columns::of(recorded);
    let params: [&(dyn ToSql + Sync); 20] = [
        &columns.app_row,
        &columns.row,
        &columns.message_row,
        &columns.endpoint_row,
        &columns.at,
        &columns.number,
        &columns.trigger,
        &columns.failure_class,
        &columns.status_code,
        &columns.succeeded,
        &columns.id,
        &columns.message_id,
        &columns.endpoint_id,
        &columns.failure,
        &columns.url,
        &columns.remote,
        &columns.timings,
        &columns.request_headers,
        &columns.response_headers,
        &columns.response,
    ];
    let counted = tally.statements();
    let mut writes = vec![(session.conn.statement(RECORD).await?, params.as_slice())];
    for (sql, params) in &counted {
        writes.push((session.conn.statement(sql).await?, params.as_slice()));
    }
    Ok(session.commit(number, witness, &writes).await)
}

#[derive(Default)]
struct Columns<'a> {
    app_row: Vec<i64>,
    row: Vec<i64>,
    message_row: Vec<i64>,
    endpoint_row: Vec<i64>,
    at: Vec<i64>,
    number: Vec<i32>,
    trigger: Vec<i16>,
    failure_class: Vec<Option<i16>>,
    status_code: Vec<i32>,
    succeeded: Vec<bool>,
    id: Vec<&'a [u8]>,
    message_id: Vec<&'a [u8]>,
    endpoint_id: Vec<&'a [u8]>,
    failure: Vec<Option<&'a str>>,
    url: Vec<&'a str>,
    remote: Vec<Option<Vec<u8>>>,
    timings: Vec<Vec<u8>>,
    request_headers: Vec<&'a [u8]>,
    response_headers: Vec<&'a [u8]>,
    response: Vec<Option<&'a [u8]>>,
}

impl<'a> Columns<'a> {
    fn of(recorded: &[(i64, &'a Attempt)]) -> Self {
        let mut columns = Self::default();
        for (app_row, attempt) in recorded {
            columns.push(*app_row, attempt);
        }
        columns
    }

    fn push(&mut self, app_row: i64, attempt: &'a Attempt) {
        let failure = attempt.failure.as_ref();
        self.app_row.push(app_row);
        self.row.push(attempt.id.row());
        self.message_row.push(attempt.message.row());
        self.endpoint_row.push(attempt.endpoint.row());
        self.at.push(attempt.at.as_micros());
        self.number.push(super::super::record::integer(attempt.number));
        self.trigger.push(attempt.trigger as i16);
        self.failure_class.push(failure.map(|failure| failure.class as i16));
        self.status_code.push(i32::from(attempt.status_code));
        self.succeeded.push(attempt.succeeded);
        self.id.push(attempt.id.as_bytes());
        self.message_id.push(attempt.message.as_bytes());
        self.endpoint_id.push(attempt.endpoint.as_bytes());
        self.failure.push(failure.map(|failure| failure.sentence.as_str()));
        self.url.push(&attempt.url);
        self.remote.push(attempt.remote.map(remote_bytes));
        self.timings.push(timing_bytes(attempt.timings));
        self.request_headers.push(&attempt.request_headers);
        self.response_headers.push(&attempt.response_headers);
        self.response.push(attempt.response.as_deref());
    }
}

fn remote_bytes(remote: SocketAddr) -> Vec<u8> {
    let mut bytes = match remote {
        SocketAddr::V4(address) => address.ip().octets().to_vec(),
        SocketAddr::V6(address) => address.ip().octets().to_vec(),
    };
    bytes.extend_from_slice(&remote.port().to_be_bytes());
    bytes
}

/// Deadlines are far below the hour that 32 bits of microseconds hold.
fn timing_bytes(timings: Timings) -> Vec<u8> {
    let phases = [timings.dns, timings.connect, timings.tls, timings.first_byte, timings.total];
    phases
        .iter()
        .flat_map(|phase| u32::try_from(phase.as_micros()).unwrap_or(u32::MAX).to_be_bytes())
        .collect()
}
