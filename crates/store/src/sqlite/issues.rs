//! Issues: how they are read and spoken of. What transactions add to them is in [`add`](mod@add), how they fold in
//! [`fold`](mod@fold).

use postrider_core::attempt::FailureClass;
use postrider_core::id::{AppId, AttemptId, EndpointId, EnvironmentId, IssueId, MessageId};
use postrider_core::issue::{Failures, Fingerprint, Issue, Kind, Last, Said, State};
use postrider_core::time::Timestamp;
use rusqlite::{Connection, Row};

use super::record::Record;
use super::scan::{Walk, gather};
use super::session::Session;
use crate::rollup::Within;
use crate::{Error, IssueFilter, Listed, Order, Page};

pub(super) use add::add;
pub(super) use fold::fold;

mod add;
mod fold;

macro_rules! select {
    ($name:literal, $where:literal) => {
        concat!(
            "-- issues::",
            $name,
            "\nSELECT i.row, i.id, v.id, a.id, e.id, i.status_code, i.failure_class, i.first_seen, i.said, i.muted_until,
                      i.said_at, e.failing_since IS NOT NULL, i.fingerprint
               FROM issue i CROSS JOIN environment v ON v.row = i.environment_row
                    CROSS JOIN app a ON a.row = i.app_row CROSS JOIN endpoint e ON e.row = i.endpoint_row
              WHERE a.deleted_at IS NULL AND e.deleted_at IS NULL AND ",
            $where
        )
    };
}
use select;

/// An issue as its row says it, and what its counts are found by. They are added by [`count`].
fn read(row: &Row<'_>) -> Result<(Issue, Fingerprint), Error> {
    let key = row.get(0)?;
    let mut record = Record::new(row, "issue", key, 1);
    let id = record.id("id")?;
    let (environment, app) = (record.id("environment")?, record.id("app")?);
    let endpoint = record.id("endpoint")?;
    let status_code: u16 = record.get("status_code")?;
    let class = record.number_or_none("failure_class", FailureClass::from_number)?;
    let first_seen = record.time("first_seen")?;
    let said = record.number("said", State::from_number)?;
    let said = Said::from_state(said, record.time_or_none("muted_until")?);
    let issue = Issue {
        id: IssueId::from_bytes(id),
        environment: EnvironmentId::from_bytes(environment),
        app: AppId::from_bytes(app),
        endpoint: EndpointId::from_bytes(endpoint),
        kind: Kind::Other,
        first_seen,
        last: NOTHING,
        failures: Failures::default(),
        hours: Vec::new(),
        said,
        said_at: record.time("said_at")?,
        endpoint_fails: record.get("failing_since")?,
    };
    let fingerprint = Fingerprint::from_bytes(record.get("fingerprint")?);
    Ok((Issue { kind: Kind::of(fingerprint, status_code, class), ..issue }, fingerprint))
}

/// Before any count was added; an issue without counts is corrupt, and shows itself like this.
const NOTHING: Last = Last {
    seen: Timestamp::from_micros(0),
    attempt: AttemptId::from_bytes([0; 20]),
    message: MessageId::from_bytes([0; 20]),
};

fn count(conn: &Connection, (mut issue, fingerprint): (Issue, Fingerprint)) -> Result<Issue, Error> {
    let mut statement = conn.prepare_cached(
        "-- issues::count
         SELECT hour, attempts, deliveries, given_up, last_seen, last_attempt, last_message FROM issue_count
          WHERE app_row = ? AND endpoint_row = ? AND fingerprint = ? ORDER BY hour",
    )?;
    let mut rows = statement.query((issue.app.row(), issue.endpoint.row(), fingerprint.as_bytes()))?;
    while let Some(row) = rows.next()? {
        let hour = Some(row.get(0)?).filter(|hour| *hour > 0).map(Timestamp::from_micros);
        issue.count(hour, failures(row, 1)?, last(row, 4)?);
    }
    Ok(issue)
}

fn failures(row: &Row<'_>, at: usize) -> rusqlite::Result<Failures> {
    let number = |at: usize| row.get::<_, i64>(at).map(i64::unsigned_abs);
    Ok(Failures { attempts: number(at)?, deliveries: number(at + 1)?, given_up: number(at + 2)? })
}

fn last(row: &Row<'_>, at: usize) -> rusqlite::Result<Last> {
    Ok(Last {
        seen: Timestamp::from_micros(row.get(at)?),
        attempt: AttemptId::from_bytes(row.get(at + 1)?),
        message: MessageId::from_bytes(row.get(at + 2)?),
    })
}

pub(super) fn list(
    conn: &Connection,
    within: Within,
    filter: &IssueFilter,
    page: &Page<IssueId>,
) -> Result<Listed<Issue, IssueId>, Error> {
    let walk = Walk::rows(page, Order::Descending, IssueId::row);
    let (sql, owner_row) = match within {
        Within::Environment(scope) => {
            let sql = select!("list", "i.environment_row = ? AND i.row > ? AND i.row < ?");
            (sql, scope.environment().row())
        }
        Within::App(scope) => {
            (select!("list", "i.app_row = ? AND i.row > ? AND i.row < ?"), scope.app().row())
        }
    };
    let mut statement = conn.prepare_cached(&format!("{sql} ORDER BY i.row {}", walk.order))?;
    let rows = statement.query((owner_row, walk.low, walk.high))?;
    gather(&walk, rows, |row| {
        let issue = count(conn, read(row)?)?;
        Ok((issue.id, filter.takes(&issue).then_some(issue)))
    })
}

pub(super) fn find(conn: &Connection, within: Within, id: IssueId) -> Result<Option<Issue>, Error> {
    let (sql, owner_row) = match within {
        Within::Environment(scope) => {
            (select!("find", "i.row = ? AND i.id = ? AND i.environment_row = ?"), scope.environment().row())
        }
        Within::App(scope) => {
            (select!("find", "i.row = ? AND i.id = ? AND i.app_row = ?"), scope.app().row())
        }
    };
    let mut statement = conn.prepare_cached(sql)?;
    let found = statement.query_and_then((id.row(), id.as_bytes(), owner_row), read)?.next().transpose()?;
    found.map(|found| count(conn, found)).transpose()
}

/// Notes what somebody says of an issue. The issue as it is then; `None` when there is none.
pub(super) fn say(
    session: &Session<'_>,
    within: Within,
    id: IssueId,
    said: Said,
    now: Timestamp,
) -> Result<Option<Issue>, Error> {
    if find(session.conn, within, id)?.is_none() {
        return Ok(None);
    }
    session
        .conn
        .prepare_cached(
            "-- issues::say
             UPDATE issue SET said = ?, muted_until = ?, said_at = ? WHERE row = ?",
        )?
        .execute((said.state() as u8, said.until().map(Timestamp::as_micros), now.as_micros(), id.row()))?;
    find(session.conn, within, id)
}

#[cfg(test)]
mod tests {
    use super::super::{connection, migrate};

    #[test]
    fn lists_are_walked_along_an_index() {
        let dir = tempfile::tempdir().unwrap();
        let conn = connection::open(&dir.path().join("db"), connection::Purpose::Write).unwrap();
        migrate::migrate(&conn).unwrap();
        for (sql, index) in [
            (
                select!("list", "i.environment_row = ? AND i.row > ? AND i.row < ? ORDER BY i.row DESC"),
                "issue_environment",
            ),
            (select!("list", "i.app_row = ? AND i.row > ? AND i.row < ? ORDER BY i.row"), "issue_app"),
            (select!("resolve_quiet", "i.said = 1 LIMIT ?"), "issue_acknowledged"),
        ] {
            let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps: Vec<String> =
                statement.raw_query().mapped(|row| row.get(3)).collect::<Result<_, _>>().unwrap();
            assert!(steps[0].starts_with(&format!("SEARCH i USING INDEX {index}")), "{steps:?}");
            assert!(!steps.iter().any(|step| step.contains("SCAN") || step.contains("B-TREE")), "{steps:?}");
        }
    }
}
