//! `postrider doctor`: looks at everything that the server depends on.
//!
//! It changes nothing, and works beside a running server. What it looks at is in `checks`, one function each.

mod checks;
mod database;
mod postgres;
mod running;

use clap::Args;
use serde::Serialize;

use super::exit::Exit;
use super::failure::Failure;
use super::output::{self, Output};
use super::settings::Settings;
use crate::config::Config;

/// How to report.
#[derive(Debug, Args)]
#[command(after_help = "Exits with 1 if anything has failed, with 78 if the configuration is not usable.")]
pub(super) struct Arguments {
    /// How to print the findings
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// As it should be.
    Ok,
    /// It works, but not as well or as safely as it should.
    Warn,
    /// The server does not start or does not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    detail: String,
}

impl Finding {
    fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, detail: detail.into() }
    }

    fn warn(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Warn, detail: detail.into() }
    }

    fn fail(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Fail, detail: detail.into() }
    }
}

/// Runs it.
pub(super) async fn run(arguments: &Arguments, settings: &Settings) -> Result<Exit, Failure> {
    let (config, configuration, exit) = match settings.load(Config::default()) {
        Ok(loaded) => (loaded.config, Finding::ok("configuration", "can be read"), Exit::Ok),
        // The rest is looked at with defaults: two reports would take two runs.
        Err(failure) => {
            (Config::default(), Finding::fail("configuration", failure.to_string()), Exit::Config)
        }
    };
    let mut findings = vec![configuration];
    let (of_server, running) = running::look(&config.general.data_dir).await;
    findings.extend(of_server);
    findings.extend(checks::all(&config, running.as_ref()).await);

    match arguments.output {
        Output::Json => output::json(&findings)?,
        Output::Table => output::print(&table(&findings))?,
    }
    let has_failed = findings.iter().any(|finding| finding.verdict == Verdict::Fail);
    Ok(if exit == Exit::Ok && has_failed { Exit::Failure } else { exit })
}

fn table(findings: &[Finding]) -> String {
    let word = |verdict| match verdict {
        Verdict::Ok => "ok",
        Verdict::Warn => "warn",
        Verdict::Fail => "FAIL",
    };
    let rows: Vec<_> = findings
        .iter()
        .flat_map(|finding| {
            let (verdict, check) = (word(finding.verdict), finding.check);
            // Several lines, as of a configuration with several mistakes, stay in their column.
            let lines = finding.detail.lines().enumerate();
            lines.map(move |(number, line)| {
                let [verdict, check] = if number == 0 { [verdict, check] } else { [""; 2] };
                [verdict, check, line].map(str::to_owned)
            })
        })
        .collect();
    output::table(["", "CHECK", "FINDING"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_line_for_each_finding() {
        let findings = [
            Finding::ok("clock", "fine"),
            Finding::warn("files", "1024 is few"),
            Finding::fail("configuration", "not usable:\n  line 3"),
        ];
        let wanted = "      CHECK          FINDING\n\
                      ok    clock          fine\n\
                      warn  files          1024 is few\n\
                      FAIL  configuration  not usable:\n\
                      \u{20}                      line 3\n";
        assert_eq!(table(&findings), wanted);
    }

    #[tokio::test]
    async fn a_new_installation_has_nothing_to_fail_on() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.general.data_dir = dir.path().join("data");
        config.general.listen = "127.0.0.1:0".parse().unwrap();
        config.store.min_free = crate::config::Size::mebibytes(0);
        for finding in checks::all(&config, None).await {
            assert!(finding.verdict != Verdict::Fail, "{finding:?}");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_others_can_read_is_found() {
        use std::os::unix::fs::PermissionsExt as _;

        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.general.data_dir = dir.path().to_owned();
        config.general.listen = "127.0.0.1:0".parse().unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let key = dir.path().join(crate::app::SEAL_KEY_FILE);
        std::fs::write(&key, "x").unwrap();
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();

        let findings = checks::all(&config, None).await;
        let verdict = |check| findings.iter().find(|finding| finding.check == check).unwrap().verdict;
        assert_eq!(verdict("data directory"), Verdict::Warn);
        assert_eq!(verdict("sealing key"), Verdict::Fail);
    }
}
