//! The server that holds the data directory, if there is one, and what it says of itself and of the nodes beside it.

use std::path::Path;

use http::Method;
use http_body_util::{BodyExt as _, Limited};

use super::Finding;
use crate::app::control::About;
use crate::app::report::{Cluster, Node, Report};
use crate::cli::{output, remote};

const SERVER: &str = "server";
const NODES: &str = "nodes";
/// Bytes of a report: more than that of a thousand nodes.
const REPORT_BYTES: usize = 1024 * 1024;

/// Asks it whether it is ready; gives what it says of itself if so.
pub(super) async fn look(data_dir: &Path) -> (Vec<Finding>, Option<About>) {
    let Ok(stream) = remote::connect(data_dir).await else {
        return (vec![Finding::warn(SERVER, format!("none is running in {}", data_dir.display()))], None);
    };
    let about = match remote::call(stream, Method::GET, "/control", None, None).await {
        Ok(reply) => serde_json::from_value::<About>(reply.body).map_err(anyhow::Error::from),
        Err(error) => Err(error),
    };
    let (about, report) = match (about, report(data_dir).await) {
        (Ok(about), Ok(report)) => (about, report),
        (Err(error), Ok(_)) => {
            let detail = format!("is of another version than this program: {error:#}");
            return (vec![Finding::fail(SERVER, detail)], None);
        }
        (_, Err(error)) => {
            return (vec![Finding::fail(SERVER, format!("does not answer: {error:#}"))], None);
        }
    };
    let mut findings = vec![server(&about, &report)];
    findings.extend(report.cluster.as_ref().map(nodes));
    (findings, report.ready.then_some(about))
}

async fn report(data_dir: &Path) -> anyhow::Result<Report> {
    let stream = remote::connect(data_dir).await?;
    let response = remote::send(stream, Method::GET, "/readyz?verbose", None, None).await?;
    let report = Limited::new(response.into_body(), REPORT_BYTES).collect().await;
    let report = report.map_err(|error| anyhow::anyhow!(error))?.to_bytes();
    Ok(serde_json::from_slice(&report)?)
}

fn server(about: &About, report: &Report) -> Finding {
    if report.ready {
        let About { pid, version, address, .. } = about;
        return Finding::ok(SERVER, format!("version {version} is ready at {address}, process {pid}"));
    }
    let troubles = report.checks.iter().filter_map(|check| Some((&check.name, check.trouble.as_ref()?)));
    let troubles: Vec<_> = troubles.map(|(name, trouble)| format!("{name}: {trouble}")).collect();
    Finding::fail(SERVER, format!("is not ready: {}", troubles.join("; ")))
}

/// The nodes that share the database, a line each.
fn nodes(cluster: &Cluster) -> Finding {
    let row = |node: &Node| {
        let name =
            if node.number == cluster.node { format!("{} (this one)", node.name) } else { node.name.clone() };
        let state = if node.fenced {
            "taken for dead".to_owned()
        } else {
            format!("{:.1} s ago", node.seen_seconds_ago)
        };
        [node.slot.to_string(), name, node.roles.join(", "), node.partitions.to_string(), state]
    };
    let rows: Vec<_> = cluster.nodes.iter().map(row).collect();
    let table = output::table(["NODE", "NAME", "ROLES", "PARTITIONS", "SEEN"], &rows);
    match trouble(cluster) {
        None => Finding::ok(NODES, table),
        Some(trouble) => Finding::warn(NODES, format!("{trouble}\n{table}")),
    }
}

fn trouble(cluster: &Cluster) -> Option<&'static str> {
    if !cluster.in_lease {
        return Some("this node may not send: the database has not heard of it for too long");
    }
    if cluster.nodes.iter().all(|node| node.fenced || node.partitions == 0) {
        return Some("nobody sends: no live node has the role dispatch, or none has taken endpoints yet");
    }
    (!cluster.listening)
        .then_some("this node cannot listen to the others, and learns of their changes a second late")
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;
    use crate::app::report::Partitions;

    fn cluster() -> Cluster {
        let node = |number: i64, name: &str, partitions| Node {
            number,
            slot: number as u16,
            name: name.to_owned(),
            roles: vec!["api".to_owned(), "dispatch".to_owned()],
            seen_seconds_ago: 0.25,
            fenced: false,
            partitions,
        };
        Cluster {
            node: 1,
            in_lease: true,
            last_beat_seconds_ago: 0.2,
            changes_read_seconds_ago: 0.2,
            last_change_seconds_ago: None,
            listening: true,
            partitions: Partitions { owned: 500, leaving: 0, wanted: 500, unowned: 0 },
            nodes: vec![node(1, "one", 500), node(2, "two", 524)],
        }
    }

    #[test]
    fn nodes_are_listed_with_what_they_own() {
        let finding = nodes(&cluster());
        assert_eq!(finding.verdict, Verdict::Ok);
        let lines: Vec<_> = finding.detail.lines().collect();
        assert!(lines[0].starts_with("NODE  NAME"), "{lines:?}");
        assert!(
            lines[1].contains("one (this one)") && lines[1].contains("500") && lines[1].ends_with("s ago")
        );
        assert!(lines[2].contains("api, dispatch") && lines[2].contains("524"), "{lines:?}");
    }

    #[test]
    fn what_keeps_a_cluster_from_working_well_is_told() {
        type Change = fn(&mut Cluster);
        let changes: [(Change, &str); 3] = [
            (|cluster| cluster.in_lease = false, "may not send"),
            (|cluster| cluster.nodes.iter_mut().for_each(|node| node.partitions = 0), "nobody sends"),
            (|cluster| cluster.listening = false, "cannot listen"),
        ];
        for (change, told) in changes {
            let mut cluster = cluster();
            change(&mut cluster);
            let finding = nodes(&cluster);
            assert_eq!(finding.verdict, Verdict::Warn);
            assert!(finding.detail.contains(told), "{}", finding.detail);
        }
    }
}
