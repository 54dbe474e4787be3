//! `postrider verify`: whether a request is the provider's, and which step of the check says no.
//!
//! It takes the request as it came, with the rules that a source of the server has. It asks nobody: where a provider's key
//! must be fetched, the person does it and gives the file.

pub(super) mod given;
mod report;

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use postrider_core::inbound::{Preset, Presets};
use postrider_core::time::{Clock as _, SystemClock, Timestamp};

use self::given::{Given, Secrets, bounded, moment};
use super::exit::Exit;
use super::failure::{Failure, OrExit as _};
use super::output::{self, Output};
use crate::service::examine::Case;

/// Bytes of a file with keys or presets.
const FILE_BYTES: u64 = 1024 * 1024;

/// What to check.
#[derive(Debug, Args)]
#[command(after_help = "\
Give every header of the request and the body exactly as it came: one blank more or less is another body. Exits with 0 \
when the request is verified, or authenticated by a shared token, and with 1 when it is not.

Examples:
  postrider verify --preset github --secret-file github.secret --body hello.txt \\
  -H 'X-Hub-Signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17'
  printf '{\"test\": 2432232314}' | postrider verify --preset standard-webhooks --body - \\
    --at 1614265330 --secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw \\
    -H 'webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek' -H 'webhook-timestamp: 1614265330' \\
    -H 'webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='")]
pub(super) struct Arguments {
    /// Whose rules, such as github or stripe; see docs/providers.md
    #[arg(long, value_name = "NAME")]
    preset: String,
    #[command(flatten)]
    secrets: Secrets,
    /// A value that the preset asks for beside the secret, such as audience=https://example.com/in
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    setting: Vec<(String, String)>,
    /// A TOML file with presets of your own
    #[arg(long, value_name = "FILE")]
    presets: Option<PathBuf>,
    #[command(flatten)]
    request: Given,
    /// When the request came: seconds since 1970, or RFC 3339; now if not given
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<Timestamp>,
    /// How far the time of the signature may be off, in seconds; 0 for any time [default: the preset's]
    #[arg(long, value_name = "SECONDS")]
    tolerance: Option<u64>,
    /// A key of the provider, fetched from the address that the check names; repeat it where it names several
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    /// How to print the findings
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("is not NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Runs it.
pub(super) fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let preset = preset(&arguments.preset, arguments.presets.as_ref())?;
    let keys = arguments.key.iter().map(file).collect::<Result<_, _>>()?;
    let case = Case {
        preset,
        secrets: arguments.secrets.read()?,
        settings: arguments.setting.into_iter().collect(),
        keys,
        tolerance: arguments.tolerance.map(Duration::from_secs),
        now: arguments.at.unwrap_or_else(|| SystemClock::default().now()),
    };
    let report = arguments.request.read()?.with(|request| case.examine(request)).or_exit(Exit::Usage)?;
    match arguments.output {
        Output::Json => output::json(&report)?,
        Output::Table => output::print(&report::text(&report))?,
    }
    Ok(if report.is_accepted() { Exit::Ok } else { Exit::Failure })
}

/// The preset called `name`, embedded or in a file.
fn preset(name: &str, own: Option<&PathBuf>) -> Result<Arc<Preset>, Failure> {
    let read = |path: &PathBuf| {
        let text = String::from_utf8(file(path)?).or_exit(Exit::Usage)?;
        Presets::with(&text)
            .with_context(|| format!("read the presets in {}", path.display()))
            .or_failed_to(Exit::Usage)
    };
    let own = own.map(read).transpose()?;
    let presets = own.as_ref().unwrap_or_else(|| Presets::embedded());
    presets.get(name).map(Arc::clone).ok_or_else(|| {
        let near = presets.iter().min_by_key(|preset| strsim::damerau_levenshtein(&preset.name, name));
        let near = near.map_or("none", |preset| preset.name.as_str());
        Failure::new(Exit::Usage, format!("there is no preset `{name}`; did you mean `{near}`?"))
    })
}

fn file(path: &PathBuf) -> Result<Vec<u8>, Failure> {
    File::open(path)
        .and_then(|file| bounded(file, FILE_BYTES))
        .with_context(|| format!("read {}", path.display()))
        .or_failed_to(Exit::Usage)
}
