//! What is remembered, so that a transaction need not ask: environments of applications, and issues of endpoints.

use std::collections::HashMap;

use parking_lot::Mutex;
use postrider_core::issue::Fingerprint;

use super::super::connection::Connection;
use super::super::session::Session;
use crate::Error;
use crate::tally::{KnownIssues, Owner};

/// Looks up which issues these endpoints have, of which nothing is known.
pub(super) async fn learn(
    conn: &Connection,
    known: &Mutex<KnownIssues>,
    endpoints: impl IntoIterator<Item = (i64, i64)>,
) -> Result<(), Error> {
    let lacking: Vec<(i64, i64)> = {
        let known = known.lock();
        endpoints.into_iter().filter(|(_, endpoint_row)| known.lacks(*endpoint_row)).collect()
    };
    for (app_row, endpoint_row) in lacking {
        let issues = conn
            .rows(
                "-- tally::learn
                 SELECT fingerprint FROM issue WHERE app_row = $1 AND endpoint_row = $2",
                &[&app_row, &endpoint_row],
            )
            .await?;
        let issues = issues.iter().map(|row| fingerprint(row, 0));
        known.lock().learn(endpoint_row, issues.collect::<Result<Vec<_>, _>>()?);
    }
    Ok(())
}

/// A stored fingerprint.
pub(in crate::postgres) fn fingerprint(row: &tokio_postgres::Row, at: usize) -> Result<Fingerprint, Error> {
    let bytes: &[u8] = row.try_get(at)?;
    let bytes = <[u8; 16]>::try_from(bytes);
    bytes
        .map(Fingerprint::from_bytes)
        .map_err(|error| crate::failure::corrupt("issue", "fingerprint", 0, &error))
}

/// The environments of applications that are remembered, by their rows: they never change.
pub(in crate::postgres) type Environments = Mutex<HashMap<i64, i64>>;

/// Applications whose environments are remembered.
const ENVIRONMENTS_MAX: usize = 100_000;

/// Whose numbers those of these applications are; one that is gone for good is nobody's.
pub(in crate::postgres) async fn owners(
    session: &Session,
    apps: impl IntoIterator<Item = i64>,
) -> Result<HashMap<i64, Owner>, Error> {
    let environments = &session.shared.environments;
    let (mut owners, mut missing) = (HashMap::new(), Vec::new());
    {
        let known = environments.lock();
        for app_row in apps {
            match known.get(&app_row) {
                Some(environment_row) => {
                    owners.insert(app_row, Owner { environment_row: *environment_row, app_row });
                }
                None => missing.push(app_row),
            }
        }
    }
    missing.sort_unstable();
    missing.dedup();
    if missing.is_empty() {
        return Ok(owners);
    }
    let found = session
        .conn
        .rows(
            "-- tally::owners
             SELECT a.row, a.environment_row FROM unnest($1::bigint[]) AS asked (row) JOIN app a ON a.row = asked.row",
            &[&missing],
        )
        .await?;
    let mut known = environments.lock();
    for row in found {
        let (app_row, environment_row) = (row.try_get(0)?, row.try_get(1)?);
        if known.len() >= ENVIRONMENTS_MAX {
            known.clear();
        }
        known.insert(app_row, environment_row);
        owners.insert(app_row, Owner { environment_row, app_row });
    }
    Ok(owners)
}
