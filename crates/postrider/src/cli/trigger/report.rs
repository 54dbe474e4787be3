//! What `trigger` prints.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use postrider_core::inbound::Draft;
use serde_json::json;

use super::catalogue::{self, Provider};
use super::curl;
use super::send::Sent;
use crate::cli::output::{self, Output};

/// The samples, all or those of one provider.
pub(super) fn list(only: Option<&'static Provider>, form: Output) -> anyhow::Result<()> {
    let samples = catalogue::list(only);
    match form {
        Output::Json => {
            let told = samples.map(|(provider, event, about)| {
                json!({ "provider": provider.name, "preset": provider.preset, "event": event, "about": about })
            });
            output::json(&told.collect::<Vec<_>>())
        }
        Output::Table => {
            let rows =
                samples.map(|(provider, event, about)| [provider.name.to_owned(), event.to_owned(), about]);
            let rows: Vec<_> = rows.collect();
            Ok(output::print(&output::table(["PROVIDER", "EVENT", "WHAT HAS HAPPENED"], &rows))?)
        }
    }
}

/// A request that is not sent.
pub(super) fn dry_run(draft: &Draft, form: Output) -> anyhow::Result<()> {
    match form {
        Output::Json => output::json(&json!({
            "method": draft.method,
            "url": draft.url,
            "headers": draft.headers,
            "bodyBase64": BASE64.encode(&draft.body),
        })),
        Output::Table => Ok(output::print(&format!("{}\n", curl::command(draft)))?),
    }
}

/// What came back.
pub(super) fn sent(
    provider: &Provider,
    event: &str,
    to: &str,
    sent: &[Sent],
    form: Output,
) -> anyhow::Result<()> {
    match form {
        Output::Json => {
            output::json(&json!({ "provider": provider.name, "event": event, "to": to, "sent": sent }))
        }
        Output::Table => {
            let rows: Vec<_> = sent
                .iter()
                .map(|one| {
                    let status = one.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
                    [one.id.clone(), status, format!("{} ms", one.ms), one.answer.trim().to_owned()]
                })
                .collect();
            Ok(output::print(&output::table(["ID", "STATUS", "TIME", "ANSWER"], &rows))?)
        }
    }
}
