//! Rendering the chart, by `tests/deploy/chart.py`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::{Value, json};

use super::files::path;
use crate::support::tool;

/// The oldest version that the chart is for, and the newest whose schemas the tools have.
const KUBERNETES: [&str; 2] = ["1.30", "1.37"];

/// What `tests/deploy/chart.py` answers.
#[derive(Deserialize)]
pub(super) struct Answer {
    pub(super) lint: Vec<String>,
    pub(super) cases: BTreeMap<String, Rendered>,
}

/// One set of values. Schema and templates refuse independently of each other.
#[derive(Deserialize)]
pub(super) struct Rendered {
    pub(super) schema: Option<String>,
    pub(super) template: Option<String>,
    pub(super) objects: Vec<Value>,
    pub(super) problems: Vec<String>,
}

impl Rendered {
    /// The kinds of its objects, sorted.
    pub(super) fn kinds(&self) -> Vec<&str> {
        let mut kinds: Vec<_> = self.objects.iter().map(|object| object["kind"].as_str().unwrap()).collect();
        kinds.sort_unstable();
        kinds
    }

    /// The pod that the server runs in.
    pub(super) fn pod(&self) -> &Value {
        let is_set = |object: &&Value| object["kind"] == "StatefulSet" || object["kind"] == "Deployment";
        let mut sets = self.objects.iter().filter(is_set);
        let pod = &sets.next().expect("one of the two")["spec"]["template"]["spec"];
        assert!(sets.next().is_none(), "and only one");
        pod
    }
}

/// Renders each of `cases`; `None` where the tools are missing.
pub(super) fn render(cases: &Value) -> Option<Answer> {
    let python = tool("deploy/bin/python")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deploy/chart.py");
    let mut command = Command::new(python);
    command.arg("-B").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let order = json!({ "chart": path("helm/postrider"), "kubernetes": KUBERNETES, "cases": cases });
    child.stdin.take().unwrap().write_all(order.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the script says above what is wrong");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}
