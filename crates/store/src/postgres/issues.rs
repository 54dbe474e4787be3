//! Issues: how they are read and spoken of. What transactions add to them is in [`tally`](super::tally), how they fold in
//! [`fold`](mod@fold).

use postrider_core::attempt::FailureClass;
use postrider_core::id::{AppId, AttemptId, EndpointId, EnvironmentId, IssueId, MessageId};
use postrider_core::issue::{Failures, Fingerprint, Issue, Kind, Last, Said, State};
use postrider_core::time::Timestamp;
use tokio_postgres::Row;

use super::connection::Connection;
use super::record::Record;
use super::scan::{self, List, Walk, gather};
use super::session::Session;
use super::tally::fingerprint;
use crate::rollup::Within;
use crate::{Error, IssueFilter, Listed, Order, Page};

pub(super) use fold::fold;

mod fold;

/// What [`read`] reads, of `issue i`, `environment v`, `app a` and `endpoint e`.
macro_rules! columns {
    () => {
        "i.row, i.id, v.id, a.id, e.id, i.status_code, i.failure_class, i.first_seen, i.said, i.muted_until, i.said_at,
                 e.failing_since IS NOT NULL, i.fingerprint"
    };
}

macro_rules! from {
    () => {
        "issue i JOIN environment v ON v.row = i.environment_row JOIN app a ON a.row = i.app_row
                 JOIN endpoint e ON e.app_row = i.app_row AND e.row = i.endpoint_row
              WHERE a.deleted_at IS NULL AND e.deleted_at IS NULL AND "
    };
}

macro_rules! select {
    ($name:literal, $where:literal) => {
        concat!(
            "-- issues::",
            $name,
            "\nSELECT ",
            $crate::postgres::issues::columns!(),
            " FROM ",
            $crate::postgres::issues::from!(),
            $where
        )
    };
}
use {columns, from, select};

/// The issues of the environment with the row `$5`, of the endpoint with the row `$6`.
const LIST_OF_ENVIRONMENT: List = List {
    name: "issues::list",
    key: "i.row",
    columns: columns!(),
    from: concat!(from!(), "i.environment_row = $5"),
    matches: "$6::bigint IS NULL OR i.endpoint_row = $6",
};

/// The same of the application with the row `$5`.
const LIST_OF_APP: List = List { from: concat!(from!(), "i.app_row = $5"), ..LIST_OF_ENVIRONMENT };

/// An issue as its row says it, and what its counts are found by. They are added by [`count`].
fn read(row: &Row, at: usize) -> Result<(Issue, Fingerprint), Error> {
    const FINGERPRINT: usize = 12;
    let key = row.try_get(at)?;
    let mut record = Record::new(row, "issue", key, at + 1);
    let id = record.id("id")?;
    let (environment, app) = (record.id("environment")?, record.id("app")?);
    let endpoint = record.id("endpoint")?;
    let status_code: i32 = record.get("status_code")?;
    let class = record.number_or_none("failure_class", FailureClass::from_number)?;
    let first_seen = record.time("first_seen")?;
    let said = record.number("said", State::from_number)?;
    let said = Said::from_state(said, record.time_or_none("muted_until")?);
    let fingerprint = fingerprint(row, at + FINGERPRINT)?;
    let issue = Issue {
        id: IssueId::from_bytes(id),
        environment: EnvironmentId::from_bytes(environment),
        app: AppId::from_bytes(app),
        endpoint: EndpointId::from_bytes(endpoint),
        kind: Kind::of(fingerprint, u16::try_from(status_code).unwrap_or_default(), class),
        first_seen,
        last: NOTHING,
        failures: Failures::default(),
        hours: Vec::new(),
        said,
        said_at: record.time("said_at")?,
        endpoint_fails: record.get("failing_since")?,
    };
    Ok((issue, fingerprint))
}

/// Before any count was added; an issue without counts is corrupt, and shows itself like this.
const NOTHING: Last = Last {
    seen: Timestamp::from_micros(0),
    attempt: AttemptId::from_bytes([0; 20]),
    message: MessageId::from_bytes([0; 20]),
};

/// Adds the counts of all `found`.
async fn count(conn: &Connection, found: Vec<(Issue, Fingerprint)>) -> Result<Vec<Issue>, Error> {
    let (mut apps, mut endpoints, mut fingerprints) = (Vec::new(), Vec::new(), Vec::new());
    for (issue, fingerprint) in &found {
        apps.push(issue.app.row());
        endpoints.push(issue.endpoint.row());
        fingerprints.push(fingerprint.as_bytes().to_vec());
    }
    let counts = conn
        .rows(
            "-- issues::count
             SELECT k.place, c.hour, c.attempts, c.deliveries, c.given_up, c.last_seen, c.last_attempt, c.last_message
               FROM (SELECT generate_subscripts($1::bigint[], 1) AS place, unnest($1::bigint[]) AS app_row,
                            unnest($2::bigint[]) AS endpoint_row, unnest($3::bytea[]) AS fingerprint) k
                    JOIN issue_count c ON c.app_row = k.app_row AND c.endpoint_row = k.endpoint_row
                                      AND c.fingerprint = k.fingerprint
              ORDER BY k.place, c.hour",
            &[&apps, &endpoints, &fingerprints],
        )
        .await?;
    let mut issues: Vec<Issue> = found.into_iter().map(|(issue, _)| issue).collect();
    for row in counts {
        let place = row.try_get::<_, i32>(0)?.unsigned_abs() as usize;
        let hour = Some(row.try_get(1)?).filter(|hour| *hour > 0).map(Timestamp::from_micros);
        if let Some(issue) = place.checked_sub(1).and_then(|place| issues.get_mut(place)) {
            issue.count(hour, failures(&row, 2)?, last(&row, 5)?);
        }
    }
    Ok(issues)
}

fn failures(row: &Row, at: usize) -> Result<Failures, Error> {
    let number = |at: usize| row.try_get::<_, i64>(at).map(i64::unsigned_abs);
    Ok(Failures { attempts: number(at)?, deliveries: number(at + 1)?, given_up: number(at + 2)? })
}

fn last(row: &Row, at: usize) -> Result<Last, Error> {
    let mut record = Record::new(row, "issue_count", 0, at);
    Ok(Last {
        seen: record.time("last_seen")?,
        attempt: AttemptId::from_bytes(record.id("last_attempt")?),
        message: MessageId::from_bytes(record.id("last_message")?),
    })
}

pub(super) async fn list(
    conn: &Connection,
    within: Within,
    filter: &IssueFilter,
    page: &Page<IssueId>,
) -> Result<Listed<Issue, IssueId>, Error> {
    let walk = Walk::rows(page, Order::Descending, IssueId::row);
    let (list, owner_row) = match within {
        Within::Environment(scope) => (&LIST_OF_ENVIRONMENT, scope.environment().row()),
        Within::App(scope) => (&LIST_OF_APP, scope.app().row()),
    };
    let endpoint_row = filter.endpoint.map(|endpoint| endpoint.row());
    let found: Listed<Counted, _> = gather(conn, list, walk, &[&owner_row, &endpoint_row], |row| {
        let (issue, fingerprint) = read(row, scan::COLUMNS)?;
        Ok((issue.id, Counted(issue, fingerprint)))
    })
    .await?;
    let Listed { rows, next } = found;
    let issues =
        count(conn, rows.into_iter().map(|Counted(issue, fingerprint)| (issue, fingerprint)).collect());
    // How an issue stands follows from its counts, so a page may be shorter than it was asked to be.
    let rows = issues.await?.into_iter().filter(|issue| filter.takes(issue)).collect();
    Ok(Listed { rows, next })
}

/// A row of the list before its counts are there.
struct Counted(Issue, Fingerprint);

impl crate::weigh::Weigh for Counted {
    fn bytes(&self) -> usize {
        0
    }
}

pub(super) async fn find(conn: &Connection, within: Within, id: IssueId) -> Result<Option<Issue>, Error> {
    let (sql, owner_row) = match within {
        Within::Environment(scope) => (
            select!("find", "i.row = $1 AND i.id = $2 AND i.environment_row = $3"),
            scope.environment().row(),
        ),
        Within::App(scope) => {
            (select!("find", "i.row = $1 AND i.id = $2 AND i.app_row = $3"), scope.app().row())
        }
    };
    let found = conn.row(sql, &[&id.row(), &id.as_bytes().as_slice(), &owner_row]).await?;
    let Some(row) = found else { return Ok(None) };
    Ok(count(conn, vec![read(&row, 0)?]).await?.pop())
}

/// Notes what somebody says of an issue. The issue as it is then; `None` when there is none.
pub(super) async fn say(
    session: &Session,
    within: Within,
    id: IssueId,
    said: Said,
    now: Timestamp,
) -> Result<Option<Issue>, Error> {
    let Some(issue) = find(&session.conn, within, id).await? else { return Ok(None) };
    session
        .conn
        .run(
            "-- issues::say
             UPDATE issue SET said = $3, muted_until = $4, said_at = $5 WHERE app_row = $1 AND row = $2",
            &[
                &issue.app.row(),
                &id.row(),
                &(said.state() as i16),
                &said.until().map(Timestamp::as_micros),
                &now.as_micros(),
            ],
        )
        .await?;
    find(&session.conn, within, id).await
}
