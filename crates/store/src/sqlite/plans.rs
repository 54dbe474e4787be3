//! Proof that no statement of the hot path, and no list, ever scans a table.
//!
//! SQLite says how it runs a statement; `SCAN` without an index order, or a sort, would be quick in every test and
//! ruinous with ten million rows.

use rusqlite::Connection;

use super::{connection, migrate};

/// Every SQL text that begins with a comment naming its function, in this directory's sources.
fn statements() -> Vec<String> {
    let mut all = Vec::new();
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/sqlite"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let source = std::fs::read_to_string(&path).unwrap();
                let pieces: Vec<_> = source.split("\"-- ").collect();
                for pair in pieces.windows(2) {
                    // A text that a macro goes on with is not whole here.
                    let is_whole = !pair[0].trim_end().ends_with("concat!(");
                    let sql = pair[1].split_once('"').filter(|_| is_whole);
                    all.extend(sql.map(|(sql, _)| format!("-- {sql}")));
                }
            }
        }
    }
    // Those that a macro or a format puts together are incomplete here, and several at once are no statement; both are
    // tested where they are used.
    all.retain(|sql| sql.contains('\n') && !sql.contains('{') && !sql.contains("\\n") && !sql.contains(';'));
    all
}

fn database() -> (tempfile::TempDir, Connection) {
    let dir = tempfile::tempdir().unwrap();
    let conn = connection::open(&dir.path().join("db"), connection::Purpose::Write).unwrap();
    migrate::migrate(&conn).unwrap();
    (dir, conn)
}

#[test]
fn no_statement_scans_or_sorts() {
    // Small tables that are read whole on purpose.
    let whole = [
        "environments::all",
        "retain::ages::next_tenant",
        "people::count",
        "pending::is_any",
        "pending::add_up",
    ];
    let (_dir, conn) = database();
    let statements = statements();
    assert!(statements.len() > 50, "the sources were found: {}", statements.len());
    for sql in statements {
        if whole.iter().any(|name| sql.starts_with(&format!("-- {name}\n"))) {
            continue;
        }
        let mut statement = match conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")) {
            Ok(statement) => statement,
            Err(error) => panic!("{error}\n{sql}"),
        };
        let plan: Vec<String> =
            statement.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<_, _>>().unwrap();
        for step in &plan {
            let scans =
                step.starts_with("SCAN") && !step.contains("CONSTANT ROW") && !step.contains("SUBQUERY");
            assert!(!scans && !step.contains("TEMP B-TREE"), "{step}\n{sql}");
        }
    }
}
