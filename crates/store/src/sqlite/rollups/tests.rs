//! How the statements are run that are put together, and so are not among those that `plans` finds.

use postrider_core::id::{AppId, EnvironmentId};
use postrider_core::rollup::Resolution;
use postrider_core::scope::SystemScope;
use postrider_core::time::Timestamp;

use super::super::{connection, migrate};
use super::*;
use crate::rollup::Rank;

fn plan(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    statement.raw_query().mapped(|row| row.get(3)).collect::<Result<_, _>>().unwrap()
}

#[test]
fn numbers_are_found_by_their_owner_and_time() {
    let dir = tempfile::tempdir().unwrap();
    let conn = connection::open(&dir.path().join("db"), connection::Purpose::Write).unwrap();
    migrate::migrate(&conn).unwrap();
    let (system, environment) = (SystemScope::assume(), EnvironmentId::from_bytes([1; 20]));
    let withins = [
        Within::Environment(system.environment(environment)),
        Within::App(system.app(environment, AppId::from_bytes([2; 20]))),
    ];
    for within in withins {
        for group in [Grouping::None, Grouping::EventType, Grouping::Endpoint, Grouping::App] {
            for part in
                [Part::First, Part::All, Part::Points(None), Part::Points(Some("r.owner_row IN (1, 2)"))]
            {
                let query = RollupQuery {
                    since: Timestamp::from_seconds(0),
                    until: Timestamp::from_seconds(1),
                    resolution: Resolution::Hour,
                    group,
                    rank: Rank::Slowness,
                    event_type: None,
                    endpoint: None,
                };
                let sql = part.statement(DIALECT, within, &query);
                let steps = plan(&conn, &sql);
                let searched = "SEARCH r USING PRIMARY KEY (owner_row=? AND bucket>? AND bucket<?)";
                assert!(steps.iter().any(|step| step == searched), "{steps:?}\n{sql}");
                assert!(!steps.iter().any(|step| step.starts_with("SCAN")), "{steps:?}\n{sql}");
            }
        }
    }
}
