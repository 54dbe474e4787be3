//! PostgreSQL, looked at from outside: neither is its schema brought forward nor a place in the cluster taken.

use std::sync::Arc;

use postrider_core::rng::{Rng, SystemRng};
use postrider_store::postgres::{Durability, Inspection, Postgres};
use postrider_store::seal::{SealKey, Sealer};

use super::Finding;
use crate::app::database::{About, postgres_options};
use crate::cli::failure::Failure;
use crate::cli::serve::start_failure;
use crate::config::Config;

/// Connections of a server beyond those that its settings name: spare ones, and the one that is told of changes.
const SPARE: usize = 3;

/// What is to be said of the database at `url`, of which a running server says `about`.
pub(super) async fn all(config: &Config, url: &str, about: Option<&About>) -> Vec<Finding> {
    const CHECK: &str = "database";
    if let Some(About::Sqlite) = about {
        let sentence = "the running server uses SQLite: it was started with other settings";
        return vec![Finding::fail(CHECK, sentence)];
    }
    match inspect(config, url).await {
        Ok(seen) => {
            let needed = config.store.connections + config.store.writers + SPARE;
            let mut findings = vec![server(url, about, &seen), durability(&seen), schema(&seen)];
            // A running server knows more of the others.
            findings.extend(about.is_none().then(|| nodes(&seen)));
            findings.push(connections(&seen, needed, about.is_some()));
            findings
        }
        Err(failure) => vec![Finding::fail(CHECK, format!("{url}: {failure}"))],
    }
}

async fn inspect(config: &Config, url: &str) -> Result<Inspection, Failure> {
    let rng: Arc<dyn Rng> = Arc::new(SystemRng::new());
    // Nothing is opened: a look needs no key.
    let sealer = Arc::new(Sealer::new(&SealKey::generate(&*rng), rng));
    let options = postgres_options(config, url, sealer).map_err(start_failure)?;
    Postgres::inspect(&options).await.map_err(|error| start_failure(error.into()))
}

fn server(url: &str, about: Option<&About>, seen: &Inspection) -> Finding {
    const CHECK: &str = "database";
    let tls = if seen.is_encrypted { "with TLS" } else { "without TLS" };
    let node = match about {
        Some(About::Postgres { slot, .. }) => format!(", node {slot}"),
        _ => String::new(),
    };
    let detail = format!("{url}, PostgreSQL {}, {tls}{node}", seen.server);
    if seen.is_supported {
        Finding::ok(CHECK, detail)
    } else {
        Finding::fail(CHECK, format!("{detail}: version 15 or newer is needed"))
    }
}

fn durability(seen: &Inspection) -> Finding {
    const CHECK: &str = "durability";
    match &seen.durability {
        Some(Durability::Standbys(names)) => {
            Finding::ok(CHECK, format!("synchronous: commits wait for the standbys {names}"))
        }
        Some(Durability::Local) => Finding::ok(
            CHECK,
            "commits are on one server's disk, and on no standby: a failover may lose the last of them; \
             synchronous_standby_names changes that",
        ),
        Some(Durability::Unsynced) => Finding::warn(
            CHECK,
            "unknown: fsync is off, and what was acknowledged is lost when the server's machine fails, unless the \
             storage below is replicated",
        ),
        None => Finding::fail(
            CHECK,
            "asynchronous: synchronous_commit is off, and a server does not start; \
             `ALTER ROLE … SET synchronous_commit = on` for its user mends that",
        ),
    }
}

fn schema(seen: &Inspection) -> Finding {
    const CHECK: &str = "schema";
    let Some(schema) = &seen.schema else {
        return Finding::ok(CHECK, "does not exist yet; the first start makes it");
    };
    let (version, known) = (schema.version, schema.known);
    match &schema.unserved {
        Some(unserved) => Finding::fail(CHECK, format!("a server fails to {unserved}")),
        None if schema.needed > known => Finding::fail(
            CHECK,
            format!("version {version} needs a newer Postrider: this one knows versions up to {known}"),
        ),
        None if version > known => {
            Finding::ok(CHECK, format!("version {version}, of a newer Postrider, which this one can use"))
        }
        None if version < known => {
            Finding::ok(CHECK, format!("version {version}; the next start brings it to {known}"))
        }
        None => Finding::ok(CHECK, format!("version {version}")),
    }
}

/// One line for each: names come from the machines' settings.
fn nodes(seen: &Inspection) -> Finding {
    const CHECK: &str = "nodes";
    let lines: Vec<_> = seen
        .nodes
        .iter()
        .map(|node| {
            let roles = if node.roles.is_empty() { "no role" } else { &node.roles };
            let state = if node.is_fenced { "gone, last seen" } else { "seen" };
            format!("{} ({roles}, slot {}): {state} {} s ago", node.name, node.slot, node.seen_ago.as_secs())
        })
        .collect();
    match lines.as_slice() {
        [] => Finding::ok(CHECK, "none is running"),
        lines => Finding::ok(CHECK, lines.join("\n")),
    }
}

fn connections(seen: &Inspection, needed: usize, is_running: bool) -> Finding {
    const CHECK: &str = "connections";
    let (used, max) = (seen.connections, seen.connections_max);
    let detail = format!("{used} of {max} are in use; a server with these settings takes up to {needed}");
    // A running server has only as many as it needed so far.
    let more = if is_running { 1 } else { needed };
    if (max.saturating_sub(used) as usize) < more {
        let mend = "raise max_connections, or lower store.connections and store.writers";
        return Finding::warn(CHECK, format!("{detail}; {mend}"));
    }
    Finding::ok(CHECK, detail)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use postrider_store::postgres::{Node, Schema};

    use super::super::Verdict;
    use super::*;

    fn seen() -> Inspection {
        Inspection {
            server: "17.2".into(),
            is_supported: true,
            is_encrypted: true,
            durability: Some(Durability::Local),
            schema: None,
            nodes: Vec::new(),
            connections: 90,
            connections_max: 97,
        }
    }

    #[track_caller]
    fn judged(finding: &Finding, verdict: Verdict, says: &str) {
        assert_eq!(finding.verdict, verdict, "{finding:?}");
        assert!(finding.detail.contains(says), "{finding:?}");
    }

    #[test]
    fn what_a_commit_stands_for_is_judged() {
        for (durability_seen, verdict, says) in [
            (Some(Durability::Standbys("1 (a, b)".into())), Verdict::Ok, "1 (a, b)"),
            (Some(Durability::Local), Verdict::Ok, "no standby"),
            (Some(Durability::Unsynced), Verdict::Warn, "fsync is off"),
            (None, Verdict::Fail, "synchronous_commit is off"),
        ] {
            let seen = Inspection { durability: durability_seen, ..seen() };
            judged(&durability(&seen), verdict, says);
        }
    }

    #[test]
    fn schemas_are_judged_by_what_this_program_knows() {
        for (version, needed, verdict, says) in [
            (3, 1, Verdict::Ok, "version 3"),
            (2, 1, Verdict::Ok, "brings it to 3"),
            (4, 3, Verdict::Ok, "can use"),
            (4, 4, Verdict::Fail, "newer Postrider"),
        ] {
            let schema_seen = Some(Schema { version, known: 3, needed, unserved: None });
            judged(&schema(&Inspection { schema: schema_seen, ..seen() }), verdict, says);
        }
        judged(&schema(&seen()), Verdict::Ok, "does not exist yet");
    }

    #[test]
    fn servers_nodes_and_connections_are_told() {
        let old = Inspection { server: "14.1".into(), is_supported: false, ..seen() };
        judged(&server("postgres://u@h/d", None, &old), Verdict::Fail, "15 or newer");
        let (name, roles) = ("a".to_owned(), "api".to_owned());
        let node = Node { name, roles, slot: 7, is_fenced: true, seen_ago: Duration::from_millis(61_500) };
        let with_node = Inspection { nodes: vec![node], ..seen() };
        judged(&nodes(&with_node), Verdict::Ok, "a (api, slot 7): gone, last seen 61 s ago");
        judged(&connections(&seen(), 14, false), Verdict::Warn, "90 of 97");
        judged(&connections(&seen(), 14, true), Verdict::Ok, "90 of 97");
        judged(&connections(&seen(), 7, false), Verdict::Ok, "takes up to 7");
    }
}
